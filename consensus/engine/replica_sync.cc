// How a replica that is behind takes over what others have made final.
//
//   answer n+1: decode, hold against its certificate ──> checks begin on the helper threads
//   answer n:                                            execute, log, commit on this thread
//
// An answer is executed when the next one stands behind it, so that the signatures of that are
// checked meanwhile, or when that has not come within D/8.
#include <algorithm>

#include "consensus/engine/replica.h"

namespace fog {
namespace {

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kGapToldNs = 60'000 * kMs;

}  // namespace

// The last of the final blocks, executed or not.
BlockRef Replica::end_at_hand() const {
  if (synced_.empty()) return {core_->floor().id, {}, floor_height_};
  return ref_of(synced_.back().ids.back(), synced_.back().blocks.back()->header);
}

ErrorOr<void> Replica::on(const NodeId& from, wire::Status&& message) {
  block_sync_.on_status(from, message);
  return ask_for_blocks();
}

// Behind the others: asks for what they have made final.
ErrorOr<void> Replica::ask_for_blocks() {
  if (parts_.net == nullptr) return {};
  const std::uint64_t now_ns = parts_.clock->monotonic_ns();
  const std::uint64_t height = height_at_hand();
  if (height != progress_height_) {
    progress_height_ = height;
    progress_ns_ = now_ns;
  }
  const bool stale = now_ns >= progress_ns_ + 2 * options_.delay_ms * kMs;
  if (const auto request = block_sync_.next(height, stale, now_ns))
    put(request->peer, request->ask);
  if (const auto slow = block_sync_.take_slow())
    parts_.net->report(*slow, Offence::kSlow, "did not send final blocks in time");
  const auto first = block_sync_.first_after_gap(height);
  return first ? meet_gap(height, *first, now_ns) : ErrorOr<void>();
}

// Who has no block yet may take over a snapshot after all, which those have who removed old blocks.
ErrorOr<void> Replica::meet_gap(std::uint64_t height, std::uint64_t first, std::uint64_t now_ns) {
  if (height == 0 && options_.take_snapshot) return begin_join();
  if (gap_told_ns_ && now_ns < *gap_told_ns_ + kGapToldNs) return {};
  gap_told_ns_ = now_ns;
  events_.log(
      "no peer has block " + std::to_string(height + 1) + " any more, the first that one has is " +
      std::to_string(first) +
      ": this node cannot follow. Add a peer that keeps all blocks, or stop, remove blocks, "
      "state and index from the node's folder, and start with --snapshot");
  return {};
}

// Whether they go on from `end`, in this epoch, and are whole. Their ids are put into `ids`.
bool Replica::follow_each_other(const std::vector<Block>& blocks, const BlockRef& end,
                                std::vector<BlockId>& ids) const {
  BlockId parent = end.id;
  for (const Block& block : blocks) {
    if (block.header.parent != parent || block.header.epoch != core_->config().epoch ||
        block.header.height != end.height + 1 + ids.size() || !is_whole(block))
      return false;
    parent = block_id(block.header);
    ids.push_back(parent);
  }
  return true;
}

ErrorOr<void> Replica::on(const NodeId& from, wire::FinalBlocks&& message) {
  if (!block_sync_.on_answer(from, message)) return {};
  auto& blocks = message.blocks;
  // The validators of another epoch come out of the blocks before it.
  if (!blocks.empty() && blocks.front().header.epoch != core_->config().epoch) {
    while (!synced_.empty()) TRY_VOID(execute_next());
  }
  const BlockRef end = end_at_hand();
  // The consensus may have brought some meanwhile.
  blocks.erase(blocks.begin(), std::find_if(blocks.begin(), blocks.end(), [&](const Block& block) {
                 return block.header.height > end.height;
               }));
  const bool helps = !blocks.empty() && blocks.front().header.height == end.height + 1;
  block_sync_.on_result(from, helps, parts_.clock->monotonic_ns());
  if (!helps) return {};
  Synced synced;
  if (!follow_each_other(blocks, end, synced.ids)) {
    broken(from, "final blocks that do not follow each other");
    return {};
  }
  const auto& certificate = message.certificate;
  if (!certificate || certificate->vote.kind != VoteKind::kFinalize ||
      certificate->vote.epoch != core_->config().epoch ||
      certificate->vote.block != synced.ids.back() ||
      !verify_certificate(parts_.chain_id, core_->config().set, *certificate)) {
    broken(from, "final blocks without the votes that make them so");
    return {};
  }
  synced.finalization = *certificate;
  synced.wait_ns = parts_.clock->monotonic_ns() + options_.delay_ms * kMs / 8;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    synced.blocks.push_back(std::make_shared<const Block>(std::move(blocks[i])));
    parts_.app->check_ahead(synced.ids[i], synced.blocks[i]);
  }
  synced_.push_back(std::move(synced));
  TRY_VOID(ask_for_blocks());
  return execute_synced();
}

ErrorOr<void> Replica::execute_synced() {
  while (!synced_.empty()) {
    const bool asked = block_sync_.deadline_ns().has_value();
    if (synced_.size() == 1 && asked && parts_.clock->monotonic_ns() < synced_.front().wait_ns)
      return {};
    TRY_VOID(execute_next());
  }
  return {};
}

// All of an answer at once: the core hears of it when it is final here.
ErrorOr<void> Replica::execute_next() {
  const Synced synced = std::move(synced_.front());
  synced_.pop_front();
  const auto& [blocks, ids, finalization, wait_ns] = synced;
  // The consensus may have brought some of these, too.
  std::size_t first = 0;
  while (first < blocks.size() && blocks[first]->header.height <= floor_height_) ++first;
  if (first == blocks.size()) return {};
  if (blocks[first]->header.parent != core_->floor().id) {
    synced_.clear();
    return {};
  }
  for (std::size_t i = first; i < blocks.size(); ++i) {
    const bool last = i + 1 == blocks.size();
    // The view of a block is what the next one says of it, or not known: if this is where a crash
    // ends the log, a later view would hide blocks that are still to come.
    std::uint64_t view = 0;
    if (last) {
      view = finalization.vote.view;
    } else if (const auto& carried = blocks[i + 1]->certificate) {
      view = carried->vote.view;
    }
    TRY_VOID(make_final(ids[i], *blocks[i], view, core_->floor_view(),
                        last ? std::optional(finalization) : std::nullopt));
  }
  TRY_VOID(flush());
  return turn(FloorInput{ref_of(ids.back(), blocks.back()->header), finalization});
}

}  // namespace fog
