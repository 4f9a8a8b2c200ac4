#include "executor/name_lookup.h"

#include <algorithm>
#include <cstring>
#include <netdb.h>
#include <thread>

#include <boost/asio/post.hpp>
#include <sys/socket.h>

namespace fog::executor {
namespace {

namespace asio = boost::asio;
using asio::ip::address;

constexpr std::size_t kLookupsMax = 16;
constexpr std::size_t kLookupsOfOneMax = 2;
constexpr std::size_t kAddressesMax = 16;

std::vector<address> look_up(const std::string& name) {
  addrinfo wanted = {};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_ADDRCONFIG;
  addrinfo* first = nullptr;
  std::vector<address> out;
  if (::getaddrinfo(name.c_str(), nullptr, &wanted, &first) != 0) return out;
  for (const addrinfo* each = first; each != nullptr && out.size() < kAddressesMax;
       each = each->ai_next) {
    if (each->ai_family == AF_INET) {
      sockaddr_in at = {};
      std::memcpy(&at, each->ai_addr, sizeof at);
      out.emplace_back(asio::ip::address_v4(ntohl(at.sin_addr.s_addr)));
    } else if (each->ai_family == AF_INET6) {
      sockaddr_in6 at = {};
      std::memcpy(&at, each->ai_addr, sizeof at);
      asio::ip::address_v6::bytes_type bytes;
      std::copy_n(at.sin6_addr.s6_addr, bytes.size(), bytes.begin());
      out.emplace_back(asio::ip::address_v6(bytes, at.sin6_scope_id));
    }
  }
  ::freeaddrinfo(first);
  return out;
}

}  // namespace

NameLookup::NameLookup(asio::io_context& io) : io_(io), door_(std::make_shared<Door>()) {
  door_->lookup = this;
}

NameLookup::~NameLookup() {
  const std::lock_guard lock(door_->mutex);
  door_->lookup = nullptr;
}

void NameLookup::find(const std::string& name, const void* owner, Found found) {
  waiting_.push_back({name, owner, std::move(found)});
  pump();
}

void NameLookup::pump() {
  for (auto it = waiting_.begin(); it != waiting_.end() && running_in_all_ < kLookupsMax;) {
    if (running_[it->owner] >= kLookupsOfOneMax) {
      ++it;
      continue;
    }
    Job job = std::move(*it);
    it = waiting_.erase(it);
    start(std::move(job));
  }
}

void NameLookup::start(Job job) {
  ++running_in_all_;
  ++running_[job.owner];
  // Left alone with the resolver: the system's calls cannot be broken off.
  std::thread([door = door_, job = std::move(job)] {
    auto addresses = look_up(job.name);
    const std::lock_guard lock(door->mutex);
    if (door->lookup == nullptr) return;
    asio::post(door->lookup->io_, [door, job, addresses = std::move(addresses)]() mutable {
      // On the thread of the object's owner, so it is not going away meanwhile.
      NameLookup* lookup = door->lookup;
      if (lookup == nullptr) return;
      --lookup->running_in_all_;
      if (--lookup->running_[job.owner] == 0) lookup->running_.erase(job.owner);
      job.found(std::move(addresses));
      lookup->pump();
    });
  }).detach();
}

}  // namespace fog::executor
