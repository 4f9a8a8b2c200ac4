// What others who come later need, and a replica that comes late: it has no blocks and takes over a
// snapshot first. Until its state is installed the core rests, and nothing but the snapshot is
// spoken of.
#include "consensus/engine/replica.h"

namespace fog {

ErrorOr<void> Replica::begin_join() {
  if (!options_.take_snapshot || parts_.net == nullptr || floor_height_ > 0) return {};
  CHECK(parts_.epochs != nullptr && parts_.progress != nullptr);
  const EpochInfo epoch = parts_.app->epoch();
  SnapshotSyncOptions options;
  options.epoch_length = epoch.last_height;
  options.genesis_set = epoch.set;
  options.trusted = options_.trusted;
  options.trusting_period_ms = options_.trusting_period_ms;
  options.patience_ms = options_.snapshot_patience_ms;
  TRY(joining_, SnapshotSync::make({parts_.chain_id, parts_.app, parts_.epochs, parts_.net,
                                    parts_.clock, parts_.progress, events_.log},
                                   std::move(options)));
  // Those that are there already, if blocks were looked for meanwhile.
  for (const NodeId& peer : peers_) {
    joining_->on_up(peer);
    if (const auto status = block_sync_.status_of(peer)) joining_->on_status(peer, *status);
  }
  return {};
}

ErrorOr<void> Replica::join_message(const NodeId& from, std::uint8_t kind, ByteView message) {
  if (static_cast<wire::Kind>(kind) == wire::Kind::kStatus) {
    const auto status = bcs_decode<wire::Status>(message);
    if (!status) {
      broken(from, "a message that is not canonical");
      return {};
    }
    block_sync_.on_status(from, *status);
    joining_->on_status(from, *status);
    return poll_join();
  }
  if (!SnapshotSync::handles(kind)) return {};
  TRY_VOID(joining_->on_message(from, kind, message));
  return finish_join();
}

ErrorOr<void> Replica::poll_join() {
  TRY_VOID(joining_->poll());
  return finish_join();
}

ErrorOr<void> Replica::finish_join() {
  const SyncPhase phase = joining_->phase();
  if (phase != SyncPhase::kInstalled && phase != SyncPhase::kGivenUp) return {};
  joining_.reset();
  if (phase == SyncPhase::kInstalled) {
    const AppInfo state = parts_.app->info();
    // From here on the node has joined; a crash before this leaves one that begins anew.
    TRY_VOID(parts_.log->start_after(state.height));
    floor_height_ = height_synced_ = state.height;
    inputs_.clear();
    signs_.clear();
    TRY_VOID(start_epoch({}));
    parts_.progress->phase = phase;
    events_.log("joined at height " + std::to_string(state.height) +
                " by a snapshot; blocks before it are not here");
    events_.on_installed(state.height);
    wire::broadcast(*parts_.net, status());
  }
  return drain();
}

ErrorOr<void> Replica::end_epoch(std::uint64_t height) {
  if (parts_.epochs != nullptr)
    TRY_VOID(parts_.epochs->note(*parts_.log, height, parts_.app->epoch().set));
  if (options_.keep_blocks == 0 || height <= options_.keep_blocks) return {};
  TRY(const std::uint64_t files, parts_.log->prune(height - options_.keep_blocks + 1));
  if (files > 0) {
    events_.log("removed " + std::to_string(files) + " files of old blocks: the first is now " +
                std::to_string(parts_.log->first_height()));
  }
  return {};
}

ErrorOr<void> Replica::check_trusted(const BlockId& id, const BlockHeader& header) const {
  const auto& trusted = options_.trusted;
  if (!trusted || header.height != trusted->height) return {};
  if (id != trusted->block) {
    return fail(ErrorCode::kRejected,
                "the peers' chain has " + to_text({header.height, id}) + " where --trusted says " +
                    to_text(*trusted) +
                    ": either that was copied wrongly, or the peers are on a forgery; with the "
                    "right one, remove blocks, state and index from the node's folder and start "
                    "again with other peers");
  }
  if (!is_within_trust(header.time_ms, parts_.clock->wall_ms(), options_.trusting_period_ms))
    return checkpoint_too_old(*trusted);
  return {};
}

}  // namespace fog
