#include "rpc/gateway/tunnels.h"

#include <algorithm>
#include <cerrno>

#include <sys/resource.h>
#include <sys/socket.h>

namespace fog::gateway {
namespace {

// Closed by the Host meanwhile, or with bytes on it that nobody asked for.
bool is_stale(int socket) {
  char byte = 0;
  const ssize_t got = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

// Of all Hosts together: no more than a quarter of this process's descriptors, so that End Users'
// connections are still accepted.
std::size_t tunnels_max() {
  static const std::size_t kMax = [] {
    rlimit limit = {};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kTunnelsMax;
    return static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur / 4, kTunnelsMax));
  }();
  return kMax;
}

}  // namespace

bool Tunnels::takes(const market::HostId& host) const {
  if (rules_.off) return false;
  const auto& only = rules_.only;
  return only.empty() || std::find(only.begin(), only.end(), host) != only.end();
}

std::shared_ptr<void> Tunnels::admit(const PublicKey& host, std::uint64_t hello_time_ms) {
  // Those that their Hosts have given up make room.
  std::vector<Tunnel> gone;
  const std::lock_guard lock(shared_->mutex);
  Held& held = shared_->hosts[host];
  for (auto it = held.waiting.begin(); it != held.waiting.end();) {
    if (!is_stale(it->socket.get())) {
      ++it;
      continue;
    }
    gone.push_back(std::move(*it));
    it = held.waiting.erase(it);
  }
  if (hello_time_ms <= held.hello_time_ms || held.counted - gone.size() >= kTunnelsPerHost ||
      shared_->all - gone.size() >= tunnels_max()) {
    return nullptr;
  }
  held.hello_time_ms = hello_time_ms;
  ++held.counted;
  ++shared_->all;
  return std::shared_ptr<void>(shared_.get(), [shared = shared_, host](void*) {
    const std::lock_guard inner(shared->mutex);
    --shared->hosts[host].counted;
    --shared->all;
  });
}

void Tunnels::put(const PublicKey& host, Tunnel tunnel) {
  const std::lock_guard lock(shared_->mutex);
  shared_->hosts[host].waiting.push_back(std::move(tunnel));
}

std::optional<Tunnel> Tunnels::take(const PublicKey& host) {
  // Let go of after the lock, which their count needs.
  std::vector<Tunnel> stale;
  const std::lock_guard lock(shared_->mutex);
  const auto it = shared_->hosts.find(host);
  if (it == shared_->hosts.end()) return std::nullopt;
  while (!it->second.waiting.empty()) {
    Tunnel tunnel = std::move(it->second.waiting.back());
    it->second.waiting.pop_back();
    if (!is_stale(tunnel.socket.get())) return tunnel;
    stale.push_back(std::move(tunnel));
  }
  return std::nullopt;
}

bool Tunnels::knows(const PublicKey& host) const {
  const std::lock_guard lock(shared_->mutex);
  const auto it = shared_->hosts.find(host);
  return it != shared_->hosts.end() && it->second.counted > 0;
}

std::size_t Tunnels::count() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->all;
}

}  // namespace fog::gateway
