// Which snapshot is taken over, and its chunks.
#include <algorithm>

#include "consensus/engine/snapshot_sync.h"

namespace fog {
namespace {

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kChunkAnswerNs = 30'000 * kMs;
// For peers to say what they have, before going on without the others.
constexpr std::uint64_t kOffersMs = 3'000;
constexpr std::size_t kChunksPerPeer = 2;

}  // namespace

// ---- which snapshot ----

void SnapshotSync::begin_anew() {
  chosen_.reset();
  missing_.clear();
  asked_chunks_.clear();
  for (auto& [id, peer] : peers_) {
    peer.no_epochs_from.reset();
    peer.was_asked = peer.has_no_chunk = false;
    peer.snapshots.reset();
  }
  set_phase(SyncPhase::kEpochs);
}

ErrorOr<void> SnapshotSync::on(const NodeId& from, wire::Snapshots&& message) {
  peers_[from].snapshots.emplace(message.snapshots.begin(), message.snapshots.end());
  return {};
}

// The newest; of several forms of the same, which only a liar can cause, the one that most have.
const SnapshotInfo* SnapshotSync::best_offer() const {
  const SnapshotInfo* best = nullptr;
  std::size_t best_count = 0;
  for (const auto& [id, peer] : peers_) {
    if (!peer.snapshots) continue;
    for (const SnapshotInfo& info : *peer.snapshots) {
      const auto end = ends_.find(info.height + 1);
      if (info.format != kSnapshotFormat || end == ends_.end() || !end->second.before ||
          end->second.last.app_hash != info.root || !ranges_of(info.depths))
        continue;
      std::size_t count = 0;
      for (const auto& [other_id, other] : peers_) {
        if (other.snapshots)
          count += static_cast<std::size_t>(
              std::count(other.snapshots->begin(), other.snapshots->end(), info));
      }
      if (best == nullptr || info.height > best->height ||
          (info.height == best->height && count > best_count)) {
        best = &info;
        best_count = count;
      }
    }
  }
  return best;
}

ErrorOr<void> SnapshotSync::poll_offers(std::uint64_t now) {
  // An epoch may end while peers are asked: what they offer then is new, and soon they have nothing
  // older.
  ask_for_epochs(now);
  bool all_answered = !peers_.empty();
  for (auto& [id, peer] : peers_) {
    if (!peer.was_asked) {
      peer.was_asked = true;
      wire::send(*parts_.net, id, wire::GetSnapshots{});
    }
    all_answered = all_answered && peer.snapshots.has_value();
  }
  const bool is_late = now >= offers_since_ns_ + kOffersMs * kMs;
  if (!all_answered && !is_late) return {};
  const SnapshotInfo* best = best_offer();
  if (best == nullptr) {
    if (!is_late) return {};
    if (has_waited(now, options_.patience_ms)) {
      parts_.log("no peer has a snapshot of an epoch's end: taking over the blocks instead");
      set_phase(SyncPhase::kGivenUp);
      return {};
    }
    begin_anew();
    return {};
  }
  const EpochEnd& end = ends_.at(best->height + 1);
  chosen_ = *best;
  SnapshotOffer offer;
  offer.snapshot = *best;
  offer.state = AppInfo{best->height, end.before->time_ms, end.last.parent, best->root};
  TRY(const auto missing, parts_.app->offer_snapshot(offer));
  missing_ = {missing.begin(), missing.end()};
  const std::size_t total = chosen_->depths.size();
  parts_.progress->height = chosen_->height;
  parts_.progress->chunks_total = total;
  parts_.progress->chunks = total - missing_.size();
  parts_.log("taking over the state at height " + std::to_string(chosen_->height) + ": " +
             std::to_string(chosen_->records) + " records in " + std::to_string(total) +
             " chunks, of which " + std::to_string(missing_.size()) + " are missing");
  waiting_since_ns_ = now;
  set_phase(SyncPhase::kChunks);
  return poll_chunks(now);
}

// ---- its chunks ----

bool SnapshotSync::has_chosen(const Peer& peer) const {
  return !peer.has_no_chunk && peer.snapshots &&
         std::find(peer.snapshots->begin(), peer.snapshots->end(), *chosen_) !=
             peer.snapshots->end();
}

ErrorOr<void> SnapshotSync::on(const NodeId& from, wire::Chunk&& message) {
  const auto asked = asked_chunks_.find(message.index);
  if (!chosen_ || message.height != chosen_->height || asked == asked_chunks_.end() ||
      asked->second.peer != from)
    return {};
  asked_chunks_.erase(asked);
  if (message.chunk.empty()) {
    peers_[from].has_no_chunk = true;
    forget_chunks_of(from);
    return {};
  }
  TRY(const ChunkVerdict verdict, parts_.app->apply_snapshot_chunk(message.index, message.chunk));
  if (verdict == ChunkVerdict::kRefused) {
    broken(from, "a chunk that is not of the state that the headers name");
    return {};
  }
  missing_.erase(message.index);
  parts_.progress->chunks = chosen_->depths.size() - missing_.size();
  peers_[from].failures = 0;
  waiting_since_ns_ = parts_.clock->monotonic_ns();
  return {};
}

ErrorOr<void> SnapshotSync::poll_chunks(std::uint64_t now) {
  if (missing_.empty()) return install();
  std::set<NodeId> late;
  for (const auto& [index, asked] : asked_chunks_) {
    if (now >= asked.deadline_ns) late.insert(asked.peer);
  }
  for (const NodeId& id : late) {
    forget_chunks_of(id);
    slow(id, "a snapshot's chunk", now);
  }
  std::map<NodeId, std::size_t> load;
  for (const auto& [id, peer] : peers_) {
    if (has_chosen(peer)) load[id] = 0;
  }
  if (load.empty() || has_waited(now, kAskingPatience * options_.patience_ms)) {
    parts_.log("nobody gives the rest of the snapshot: looking for another");
    waiting_since_ns_ = now;
    begin_anew();
    return {};
  }
  for (const auto& [index, asked] : asked_chunks_) ++load[asked.peer];
  for (const std::uint32_t index : missing_) {
    if (asked_chunks_.contains(index)) continue;
    const auto least =
        std::min_element(load.begin(), load.end(), [&](const auto& a, const auto& b) {
          const auto rank = [&](const auto& one) {
            return std::tuple(peers_[one.first].not_before_ns > now, one.second);
          };
          return rank(a) < rank(b);
        });
    if (least->second >= kChunksPerPeer || peers_[least->first].not_before_ns > now) break;
    ++least->second;
    asked_chunks_[index] = Asked{least->first, now + kChunkAnswerNs};
    wire::send(*parts_.net, least->first, wire::GetChunk{chosen_->height, index});
  }
  return {};
}

ErrorOr<void> SnapshotSync::install() {
  parts_.log("every chunk is here: installing the state");
  TRY_VOID(parts_.app->install_snapshot());
  phase_ = SyncPhase::kInstalled;  // told when the log stands there, too
  return {};
}

}  // namespace fog
