#include "rpc/server/session_shared.h"

#include <algorithm>
#include <vector>

namespace fog::rpc {

ConnectionPlace::~ConnectionPlace() {
  if (shared_ != nullptr) shared_->give_back(address_);
}

std::optional<ConnectionPlace> SessionShared::open_connection(
    const boost::asio::ip::address& address) {
  const std::lock_guard lock(mutex_);
  if (connections_ >= options.connections_max) return std::nullopt;
  std::size_t& here = by_address_[address];
  if (here >= options.connections_per_address_max && !address.is_loopback()) return std::nullopt;
  ++here;
  ++connections_;
  dispatcher.metrics().connection_opened();
  return std::optional<ConnectionPlace>(std::in_place, *this, address);
}

void SessionShared::give_back(const boost::asio::ip::address& address) {
  const std::lock_guard lock(mutex_);
  --connections_;
  const auto here = by_address_.find(address);
  if (--here->second == 0) by_address_.erase(here);
  dispatcher.metrics().connection_closed();
}

void SessionShared::add(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex_);
  // Those that have ended go from time to time.
  if (open_.size() > 2 * options.connections_max) {
    std::erase_if(open_, [](const auto& entry) { return entry.second.expired(); });
  }
  open_[connection.get()] = connection;
}

void SessionShared::stop_all() {
  std::vector<std::shared_ptr<Connection>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, weak] : open_) {
      if (auto connection = weak.lock()) all.push_back(std::move(connection));
    }
  }
  for (const auto& connection : all) connection->stop();
}

bool SessionShared::all_ended() {
  const std::lock_guard lock(mutex_);
  return std::all_of(open_.begin(), open_.end(),
                     [](const auto& entry) { return entry.second.expired(); });
}

}  // namespace fog::rpc
