// How a node comes to have what others have: snapshots, checkpoints, and whether it may trust them.
#include "consensus/engine/node_impl.h"

namespace fog {

ErrorOr<void> NodeImpl::open_snapshots() {
  TRY(epochs_, EpochStore::open(*options_.env, path("epochs")));
  TRY(snapshots_, SnapshotStore::open(*options_.env, path("snapshots")));
  inbox_ = std::make_unique<SnapshotInbox>(*options_.env, path("snapshots/incoming"));
  // Of a node that has joined, or takes over the blocks.
  if (log_->height() > 0 || !options_.take_snapshot) TRY_VOID(inbox_->clear());
  maker_ = std::make_unique<SnapshotMaker>(*snapshots_, *options_.clock, options_.log);
  return {};
}

StakingParams NodeImpl::staking_params() const {
  std::optional<StakingParams> params;
  app_->with_state([&](const ReadView& state, const AppInfo&) {
    params = load<StakingParams>(state, staking_params_key());
  });
  CHECK(params.has_value());
  return *params;
}

ErrorOr<void> NodeImpl::check_trust_now(const Signer* signer) const {
  if (!net_) return {};
  const AppInfo last = app_->info();
  const auto& trusted = options_.trusted;
  if (trusted && trusted->height >= log_->first_height() && trusted->height <= log_->height()) {
    TRY(const FinalEntry entry, log_->final_at(trusted->height));
    if (entry.block != trusted->block) {
      return fail(ErrorCode::kRejected,
                  "this node has " + to_text({trusted->height, entry.block}) +
                      " where --trusted says " + to_text(*trusted) +
                      ": either that was copied wrongly, or this node was on a forgery; with the "
                      "right one, remove blocks, state and index from its folder and start again");
    }
  }
  TrustQuestion question;
  question.now_ms = options_.clock->wall_ms();
  question.trusting_period_ms = staking_params().trusting_period_ms;
  question.height = last.height;
  question.block = last.block;
  question.time_ms = last.time_ms;
  question.trusted = trusted;
  if (signer != nullptr) {
    const ValidatorSet set = app_->epoch().set;
    if (const auto place = place_of(set, signer->key())) {
      const u128 total = total_stake(set);
      question.is_indispensable = !quorum(total - set.validators[*place].stake, total);
    }
  }
  return check_trust(question);
}

ErrorOr<SyncReport> NodeImpl::sync_report() {
  SyncReport out;
  out.phase = progress_.phase;
  out.height = app_->info().height;
  out.first_height = log_->first_height();
  out.epochs = progress_.epochs;
  out.snapshot_height = progress_.height;
  out.chunks = progress_.chunks;
  out.chunks_total = progress_.chunks_total;
  for (const SnapshotInfo& info : snapshots_->list()) out.snapshots.push_back(info.height);
  return out;
}

ErrorOr<Checkpoint> NodeImpl::checkpoint() {
  const auto epoch = epochs_->latest();
  if (!epoch) {
    return fail(ErrorCode::kNotFound,
                "no epoch is over yet as far as this node knows: there is no checkpoint");
  }
  TRY(const EpochEnd end, epochs_->get(*epoch));
  return Checkpoint{end.last.height, block_id(end.last), *epoch, end.last.time_ms};
}

}  // namespace fog
