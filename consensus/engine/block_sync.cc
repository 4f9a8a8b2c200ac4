#include "consensus/engine/block_sync.h"

#include <algorithm>

namespace fog {
namespace {

constexpr std::uint64_t kPatienceTimesMax = 16;
// Waits in vain so many times as long as the first are the peer's fault.
constexpr std::uint64_t kSlowTimes = 4;
// So many blocks behind, the consensus will not bring them.
constexpr std::uint64_t kBehind = 3;
// After a request that brought nothing, doubling.
constexpr std::uint64_t kPauseNs = 200'000'000;
constexpr std::uint64_t kPauseDoublings = 8;
// After so many requests in vain, one in a row after the other, a peer does not have what it
// claims.
constexpr std::uint64_t kFailuresBelieved = 3;

}  // namespace

void BlockSync::on_status(const NodeId& peer, const wire::Status& status) {
  peers_[peer].status = status;
}

void BlockSync::on_down(const NodeId& peer) {
  peers_.erase(peer);
  if (pending_ && pending_->request.peer == peer) pending_.reset();
}

bool BlockSync::on_answer(const NodeId& peer, const wire::FinalBlocks& answer) {
  if (!pending_ || pending_->request.peer != peer || pending_->request.ask.from != answer.from)
    return false;
  pending_.reset();
  return true;
}

void BlockSync::on_result(const NodeId& id, bool has_helped, std::uint64_t now_ns) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  if (has_helped) {
    peer.failures = peer.not_before_ns = 0;
    return;
  }
  peer.not_before_ns = now_ns + (kPauseNs << std::min(peer.failures, kPauseDoublings));
  ++peer.failures;
}

std::optional<BlockSync::Request> BlockSync::next(std::uint64_t height, bool stale,
                                                  std::uint64_t now_ns) {
  if (pending_ && now_ns >= pending_->deadline_ns) {
    if (patience_ns_ >= kSlowTimes * patience_min_ns_) slow_ = pending_->request.peer;
    patience_ns_ = std::min(2 * patience_ns_, kPatienceTimesMax * patience_min_ns_);
    on_result(pending_->request.peer, false, now_ns);
    pending_.reset();
  }
  const std::pair<const NodeId, Peer>* best = nullptr;
  for (const auto& candidate : peers_) {
    const wire::Status& status = candidate.second.status;
    if (status.first_height > height + 1 || candidate.second.not_before_ns > now_ns) continue;
    if (status.height < height + (stale ? 1 : kBehind)) continue;
    const auto rank = [](const Peer& p) { return std::pair(p.failures, ~p.status.height); };
    if (best == nullptr || rank(candidate.second) < rank(best->second)) best = &candidate;
  }
  if (pending_) {
    // One that has failed before was asked for want of others, and holds nobody up.
    const auto asked = peers_.find(pending_->request.peer);
    if (asked->second.failures == 0 || best == nullptr || best->second.failures > 0)
      return std::nullopt;
    pending_.reset();
  }
  if (best == nullptr) {
    // A peer that rests after a wait in vain will be waited for longer.
    if (!next_chance_ns(height)) patience_ns_ = patience_min_ns_;
    return std::nullopt;
  }
  Request request{best->first, {height + 1, blocks_max_}};
  pending_ = Pending{request, now_ns + patience_ns_};
  return request;
}

std::optional<std::uint64_t> BlockSync::deadline_ns() const {
  if (!pending_) return std::nullopt;
  return pending_->deadline_ns;
}

std::optional<std::uint64_t> BlockSync::next_chance_ns(std::uint64_t height) const {
  std::optional<std::uint64_t> out;
  for (const auto& [id, peer] : peers_) {
    if (peer.status.height <= height || peer.status.first_height > height + 1) continue;
    out = std::min(out.value_or(peer.not_before_ns), peer.not_before_ns);
  }
  return out;
}

std::optional<std::uint64_t> BlockSync::first_after_gap(std::uint64_t height) const {
  std::optional<std::uint64_t> out;
  for (const auto& [id, peer] : peers_) {
    if (peer.status.height <= height) continue;
    const bool has_next = peer.status.first_height <= height + 1;
    if (has_next && peer.failures < kFailuresBelieved) return std::nullopt;
    if (!has_next) out = std::min(out.value_or(peer.status.first_height), peer.status.first_height);
  }
  return out;
}

std::optional<wire::Status> BlockSync::status_of(const NodeId& peer) const {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return std::nullopt;
  return found->second.status;
}

}  // namespace fog
