// PeerDirectory: the peers that are up, for whoever sends. Safe from any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "chain/net/outbox.h"

namespace fog {

class PeerDirectory {
 public:
  void add(std::shared_ptr<PeerHandle> handle) {
    const std::scoped_lock lock(mutex_);
    const NodeId id = handle->id();
    peers_[id] = std::move(handle);
  }
  void remove(const NodeId& id) {
    const std::scoped_lock lock(mutex_);
    peers_.erase(id);
  }
  // Null when it is not up.
  std::shared_ptr<PeerHandle> find(const NodeId& id) const {
    const std::scoped_lock lock(mutex_);
    const auto found = peers_.find(id);
    return found == peers_.end() ? nullptr : found->second;
  }
  std::vector<std::shared_ptr<PeerHandle>> all() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::shared_ptr<PeerHandle>> out;
    out.reserve(peers_.size());
    for (const auto& [id, handle] : peers_) out.push_back(handle);
    return out;
  }

 private:
  mutable std::mutex mutex_;
  std::map<NodeId, std::shared_ptr<PeerHandle>> peers_;
};

}  // namespace fog
