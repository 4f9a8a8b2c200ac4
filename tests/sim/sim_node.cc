#include "tests/sim/sim_node.h"

#include "chain/store/snapshot_inbox.h"
#include "chain/store/snapshot_store.h"
#include "consensus/engine/replay.h"

namespace fog::sim {
namespace {

constexpr const char* kBlocks = "blocks";

}  // namespace

// The application, with databases that follow the log when the simulation says so.
class SimNode::LaggingApp final : public Application {
 public:
  LaggingApp(LedgerApp& app, StateStore& state, IndexStore& index)
      : app_(app), state_(state), index_(index) {}

  AppInfo info() const override { return app_.info(); }
  ErrorOr<Hash32> init_chain(const Genesis& genesis) override { return app_.init_chain(genesis); }
  SubmitReply check_tx(ByteView tx) override { return app_.check_tx(tx); }
  std::optional<Block> prepare_proposal(const ProposalRequest& request) override {
    return app_.prepare_proposal(request);
  }
  Fault process_proposal(const BlockId& id, const BlockId& parent, const Block& block) override {
    return app_.process_proposal(id, parent, block);
  }
  void check_ahead(const BlockId& id, std::shared_ptr<const Block> block) override {
    app_.check_ahead(id, std::move(block));
  }
  Result<FinalizeResult, Fault> finalize_block(const BlockId& id, const BlockId& parent,
                                               const Block& block) override {
    return app_.finalize_block(id, parent, block);
  }
  ErrorOr<void> commit(const BlockId& id) override { return app_.commit(id); }
  void on_durable(std::uint64_t height) override { durable_ = height; }
  EpochInfo epoch() const override { return app_.epoch(); }
  std::optional<std::uint64_t> time_of(const BlockId& id) const override {
    return app_.time_of(id);
  }
  std::optional<std::vector<TxId>> ids_of(const BlockId& id) const override {
    return app_.ids_of(id);
  }
  Work work_at(const BlockId& parent, std::uint64_t time_ms) override {
    return app_.work_at(parent, time_ms);
  }
  std::vector<Bytes> next_txs(const BlockId& parent, std::uint64_t time_ms,
                              std::size_t bytes_max) override {
    return app_.next_txs(parent, time_ms, bytes_max);
  }
  std::vector<SnapshotInfo> list_snapshots() const override { return app_.list_snapshots(); }
  ErrorOr<Bytes> load_snapshot_chunk(std::uint64_t height, std::uint32_t index) const override {
    return app_.load_snapshot_chunk(height, index);
  }
  ErrorOr<std::vector<std::uint32_t>> offer_snapshot(const SnapshotOffer& offer) override {
    return app_.offer_snapshot(offer);
  }
  ErrorOr<ChunkVerdict> apply_snapshot_chunk(std::uint32_t index, ByteView chunk) override {
    return app_.apply_snapshot_chunk(index, chunk);
  }
  ErrorOr<void> install_snapshot() override { return app_.install_snapshot(); }

  std::uint64_t lag() const { return durable_ - written_; }
  // Waits for the stores' threads, so that what is written does not depend on them.
  ErrorOr<void> catch_up() {
    written_ = durable_;
    app_.on_durable(durable_);
    TRY_VOID(state_.drain());
    return index_.drain();
  }
  void start_at(std::uint64_t height) { durable_ = written_ = height; }

 private:
  LedgerApp& app_;
  StateStore& state_;
  IndexStore& index_;
  std::uint64_t durable_ = 0;
  std::uint64_t written_ = 0;
};

// What is given to those who join late, and what is taken over from others.
struct SimNode::Snapshots {
  std::unique_ptr<SnapshotStore> store;
  std::unique_ptr<SnapshotInbox> inbox;
  std::unique_ptr<EpochStore> epochs;
  SyncProgress progress;
  std::mutex mutex;
  std::optional<StateReader> waiting;  // guarded by mutex: the state store's thread puts it there

  void take(StateReader state) {
    const std::lock_guard lock(mutex);
    waiting.emplace(std::move(state));
  }
  // Writes what has come since.
  ErrorOr<void> make() {
    std::optional<StateReader> state;
    {
      const std::lock_guard lock(mutex);
      state.swap(waiting);
    }
    if (!state) return {};
    const std::atomic<bool> stopping{false};
    TRY_VOID(store->write(*state, stopping));
    return {};
  }
};

SimNode::SimNode(SimNodeOptions options, SimNodeEvents events)
    : options_(std::move(options)),
      events_(std::move(events)),
      chain_id_(chain_id_of(*options_.genesis)),
      rng_(options_.seed),
      clock_(*options_.time),
      take_snapshot_(options_.take_snapshot) {}

SimNode::~SimNode() = default;

// ---- its life ----

void SimNode::prepare() {
  if (!options_.key) return;
  const XOnlyKey key = options_.key->secret.x_only_key();
  CHECK(VoteGuard::create(env_, kVotesName, chain_id_, key).has_value());
}

void SimNode::die() {
  life_.reset();
}

void SimNode::reboot(testing::Unsynced unsynced, bool databases_too) {
  CHECK(!is_up());
  env_.reboot(unsynced, rng_);
  if (!databases_too) return;
  state_db_.power_failure(rng_);
  index_db_.power_failure(rng_);
}

void SimNode::wipe() {
  CHECK(!is_up());
  std::map<std::string, Bytes> disk = env_.copy();
  const bool all = rng_.below(2) == 0;
  std::erase_if(disk, [&](const auto& file) {
    return file.first != kVotesName && (all || file.first.starts_with(kBlocks));
  });
  env_.restore(disk);
  state_db_.destroy();
  index_db_.destroy();
  take_snapshot_ = options_.snapshot_epochs > 0;
}

ErrorOr<void> SimNode::open_stores(Life& life) {
  BlockLogOptions options;
  options.segment_bytes = options_.segment_bytes;
  options.rng = &life.rng;
  TRY(life.log, BlockLog::open(env_, kBlocks, chain_id_, options));
  FlushQueueOptions queue;
  queue.linger_ms = 0;
  TRY(life.index, IndexStore::open(index_db_, chain_id_, queue));
  if (life.index->height() > life.log->height()) {
    life.index.reset();
    index_db_.destroy();
    TRY(life.index, IndexStore::open(index_db_, chain_id_, queue));
  }
  return fill_index(*life.log, chain_id_, *life.index, [](std::string_view) {});
}

ErrorOr<void> SimNode::open_snapshots(Life& life) {
  life.snapshots = std::make_unique<Snapshots>();
  Snapshots& snapshots = *life.snapshots;
  TRY(snapshots.epochs, EpochStore::open(env_, "epochs"));
  TRY(snapshots.store, SnapshotStore::open(env_, "snapshots"));
  snapshots.inbox = std::make_unique<SnapshotInbox>(env_, "snapshots/incoming");
  if (life.log->height() > 0 || !take_snapshot_) TRY_VOID(snapshots.inbox->clear());
  return {};
}

ErrorOr<void> SimNode::open_state(Life& life) {
  StateStoreOptions options;
  options.queue.linger_ms = 0;
  options.on_marked = [snapshots = life.snapshots.get()](StateReader state) {
    snapshots->take(std::move(state));
  };
  TRY(life.state, StateStore::open(state_db_, options));
  if (!fit_state(*life.log, *life.state, [](std::string_view) {})) {
    if (life.log->first_height() > 1)
      return fail(ErrorCode::kCorrupt, "the state cannot be built anew from the block log");
    life.state.reset();
    state_db_.destroy();
    TRY(life.state, StateStore::open(state_db_, options));
  }
  life.app = std::make_unique<LedgerApp>(LedgerApp::Parts{
      chain_id_, &life.pool, life.state.get(), life.index.get(), &life.workers, &clock_, &life.rng,
      life.snapshots->store.get(), life.snapshots->inbox.get(), options_.snapshot_epochs});
  if (!life.state->meta()) {
    TRY_VOID(life.app->init_chain(*options_.genesis));
  } else {
    TRY_VOID(life.app->load());
  }
  return {};
}

ErrorOr<void> SimNode::replay(Life& life) {
  TRY_VOID(replay_blocks(*life.log, *life.app, *life.snapshots->epochs, [](std::string_view) {}));
  TRY_VOID(life.state->drain());
  return life.index->drain();
}

ErrorOr<void> SimNode::start_replica(Life& life) {
  std::unique_ptr<Signer> signer;
  if (options_.key) {
    TRY(VoteGuard guard, VoteGuard::open(env_, kVotesName, chain_id_, options_.key->secret));
    signer = std::make_unique<LocalSigner>(*options_.key, std::move(guard), options_.beacon_chain);
  }
  ReplicaOptions options;
  options.delay_ms = options_.delay_ms;
  // Chains are short here: in small answers, one comes while another waits to be executed.
  options.sync_blocks_max = static_cast<std::uint32_t>(16U << rng_.below(4));
  options.take_snapshot = take_snapshot_;
  options.snapshot_patience_ms = 3'000;
  options.keep_blocks = options_.keep_blocks;
  options.trusting_period_ms = StakingParams().trusting_period_ms;
  EngineEvents events;
  BlockLog* log = life.log.get();
  events.on_final = [this, log](const FinalBlock& block) {
    const auto stored = log->block_at(block.height);
    if (stored) tell(*stored);
  };
  events.on_evidence = [this](const XOnlyKey&, const Evidence& proof) {
    events_.on_evidence(options_.number, proof);
  };
  events.on_installed = [this, lagging = life.lagging.get()](std::uint64_t height) {
    lagging->start_at(height);
    told_height_ = height;
    events_.on_installed(options_.number, height);
  };
  events.log = [this](std::string_view line) { events_.log(options_.number, line); };
  const ReplicaParts parts{chain_id_,
                           life.lagging.get(),
                           log,
                           &life.pool,
                           &clock_,
                           options_.net,
                           life.snapshots->epochs.get(),
                           &life.snapshots->progress};
  life.replica = std::make_unique<Replica>(parts, std::move(signer), options, std::move(events));
  return life.replica->start();
}

void SimNode::tell(const StoredBlock& stored) {
  told_height_ = stored.final.height;
  events_.on_final(options_.number, stored);
}

// A block is in the log before the epoch's end is noted; a crash between the two comes before the
// engine tells of the block, and the log keeps it.
ErrorOr<void> SimNode::tell_rest(const BlockLog& log) {
  const std::uint64_t first = std::max(told_height_ + 1, log.first_height());
  for (std::uint64_t height = first; height <= log.height(); ++height) {
    TRY(const StoredBlock stored, log.block_at(height));
    tell(stored);
  }
  return {};
}

void SimNode::make_relay(Life& life) {
  life.state_sync =
      std::make_unique<StateSyncServer>(*life.lagging, *life.snapshots->epochs, *options_.net);
  RelayParts parts;
  parts.pool = &life.pool;
  parts.log = life.log.get();
  parts.net = options_.net;
  parts.clock = &clock_;
  parts.submit = [&life](const std::vector<Bytes>& txs) {
    std::vector<SubmitReply> replies;
    for (const Bytes& tx : txs) replies.push_back(life.app->check_tx(tx));
    return replies;
  };
  parts.next_leaders = [&life] { return life.next_leaders; };
  parts.wake = [] {};
  parts.state_sync = life.state_sync.get();
  life.relay = std::make_unique<Relay>(std::move(parts));
  life.pool.set_arrival_listener([&life](const PooledTx& tx) { life.relay->on_arrival(tx); });
}

ErrorOr<void> SimNode::boot() {
  CHECK(!is_up());
  auto life = std::make_unique<Life>();
  life->rng = testing::SeededRng(rng_.next());
  TRY_VOID(open_stores(*life));
  TRY_VOID(open_snapshots(*life));
  TRY_VOID(open_state(*life));
  TRY_VOID(replay(*life));
  life->lagging = std::make_unique<LaggingApp>(*life->app, *life->state, *life->index);
  life->lagging->start_at(life->app->info().height);
  make_relay(*life);
  TRY_VOID(tell_rest(*life->log));
  TRY_VOID(start_replica(*life));
  life_ = std::move(life);
  return {};
}

// ---- what happens to it ----

ErrorOr<void> SimNode::on_up(const NodeId& peer) {
  life_->relay->on_up(peer);
  return life_->replica->on_up(peer);
}

ErrorOr<void> SimNode::on_down(const NodeId& peer) {
  life_->relay->on_down(peer);
  life_->replica->on_down(peer);
  return {};
}

ErrorOr<void> SimNode::on_message(const NodeId& from, std::uint8_t kind, const Bytes& message) {
  if (Relay::handles(kind)) {
    life_->relay->on_message(from, kind, message);
    return {};
  }
  return life_->replica->on_message(from, kind, message);
}

SubmitReply SimNode::submit(ByteView tx) {
  return life_->app->check_tx(tx);
}

ErrorOr<void> SimNode::poll() {
  TRY_VOID(life_->replica->poll());
  life_->next_leaders = life_->replica->next_leaders();
  life_->relay->flush();
  return rest();
}

ErrorOr<void> SimNode::rest() {
  if (rng_.below(4) != 0) TRY_VOID(life_->replica->flush());
  if (life_->lagging->lag() > rng_.below(options_.lag_max + 1))
    TRY_VOID(life_->lagging->catch_up());
  return life_->snapshots->make();
}

std::optional<std::uint64_t> SimNode::next_ns() {
  auto next = life_->replica->next_ns();
  if (const auto relay = life_->relay->next_ns()) next = std::min(next.value_or(*relay), *relay);
  if (next) next = clock_.sim_ns(*next);
  return next;
}

}  // namespace fog::sim
