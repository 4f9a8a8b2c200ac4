// Snapshots: given to others, and taken over from them.
#include "consensus/engine/ledger_app.h"
#include "consensus/staking/epochs.h"

namespace fog {

// The state before an epoch's last block: that block's header, which its epoch's set makes final by
// itself, names the root.
bool LedgerApp::is_snapshot_height(std::uint64_t height) const {
  if (parts_.snapshot_epochs == 0 || parts_.snapshots == nullptr) return false;
  const std::shared_lock lock(state_mutex_);
  const auto params = fog::load<ChainParams>(live_, chain_params_key());
  CHECK(params.has_value());
  return is_last_of_epoch(height + 1, params->epoch_length) &&
         epoch_of(height + 1, params->epoch_length) % parts_.snapshot_epochs == 0;
}

std::vector<SnapshotInfo> LedgerApp::list_snapshots() const {
  return parts_.snapshots == nullptr ? std::vector<SnapshotInfo>() : parts_.snapshots->list();
}

ErrorOr<Bytes> LedgerApp::load_snapshot_chunk(std::uint64_t height, std::uint32_t index) const {
  if (parts_.snapshots == nullptr) return fail(ErrorCode::kNotFound, "no snapshots are kept");
  return parts_.snapshots->load_chunk(height, index);
}

ErrorOr<std::vector<std::uint32_t>> LedgerApp::offer_snapshot(const SnapshotOffer& offer) {
  CHECK(parts_.inbox != nullptr && info_.height == 0 && offer.state.height > 0);
  if (offer.snapshot.root != offer.state.app_hash || offer.snapshot.height != offer.state.height)
    return fail(ErrorCode::kInvalidInput, "a snapshot of another state than the headers name");
  TRY_VOID(parts_.inbox->begin(offer.snapshot));
  offer_ = offer;
  return parts_.inbox->missing();
}

ErrorOr<ChunkVerdict> LedgerApp::apply_snapshot_chunk(std::uint32_t index, ByteView chunk) {
  CHECK(offer_.has_value());
  TRY(const bool accepted, parts_.inbox->put(index, chunk));
  return accepted ? ChunkVerdict::kAccepted : ChunkVerdict::kRefused;
}

ErrorOr<void> LedgerApp::install_snapshot() {
  CHECK(offer_.has_value() && info_.height == 0);
  const AppInfo state = std::exchange(offer_, std::nullopt)->state;
  TRY_VOID(parts_.store->replace(
      StateMeta{1, parts_.chain_id, state.height, state.time_ms, state.block, state.app_hash},
      [&](const StateStore::RowSink& sink) {
        return parts_.inbox->read([&](const SnapshotRow& row) { return sink(row.key, row.value); });
      }));
  forget_versions();
  {
    // Questions wait: until the records are in memory there is no state to answer from.
    const std::lock_guard tree_lock(tree_mutex_);
    const std::unique_lock state_lock(state_mutex_);
    live_.clear();
    tree_ = SparseMerkleTree();
    root_ = TreeRoot::kEmpty;
    TRY_VOID(load());
  }
  market_ = MarketIndex();  // a block above the genesis may have been executed already
  preview_.forget();
  return parts_.inbox->clear();
}

}  // namespace fog
