#include "tests/sim/sim_node.h"

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

SimNode::SimNode(SimNodeOptions options, SimNodeEvents events)
    : options_(std::move(options)),
      events_(std::move(events)),
      chain_id_(chain_id_of(*options_.genesis)),
      rng_(options_.seed),
      clock_(*options_.time) {}

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
  std::erase_if(disk, [](const auto& file) { return file.first != kVotesName; });
  env_.restore(disk);
  state_db_.destroy();
  index_db_.destroy();
}

ErrorOr<void> SimNode::fill_index(Life& life) {
  life.index->release(life.log->height());
  for (std::uint64_t height = std::max(life.index->height() + 1, life.log->first_height());
       height <= life.log->height(); ++height) {
    TRY(const StoredBlock stored, life.log->block_at(height));
    IndexedBlock indexed{height, stored.final.block, {}, {}};
    for (const auto& tx : stored.proposal.block.txs) {
      const auto decoded = decode_tx(tx, chain_id_);
      CHECK(decoded.has_value());
      indexed.ids.push_back(decoded->id());
    }
    indexed.outcomes.assign(stored.final.outcomes.begin(), stored.final.outcomes.end());
    TRY_VOID(life.index->push(std::move(indexed)));
  }
  return life.index->drain();
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
  return fill_index(life);
}

ErrorOr<void> SimNode::open_state(Life& life) {
  StateStoreOptions options;
  options.queue.linger_ms = 0;
  TRY(life.state, StateStore::open(state_db_, options));
  if (const auto meta = life.state->meta(); meta && meta->height > life.log->height()) {
    if (!life.state->rollback(life.log->height())) {
      life.state.reset();
      state_db_.destroy();
      TRY(life.state, StateStore::open(state_db_, options));
    }
  }
  life.app = std::make_unique<LedgerApp>(LedgerApp::Parts{chain_id_, &life.pool, life.state.get(),
                                                          life.index.get(), &life.workers, &clock_,
                                                          &life.rng});
  if (!life.state->meta()) {
    TRY_VOID(life.app->init_chain(*options_.genesis));
  } else {
    TRY_VOID(life.app->load());
  }
  return {};
}

ErrorOr<void> SimNode::replay(Life& life) {
  for (std::uint64_t height = life.app->info().height + 1; height <= life.log->height(); ++height) {
    TRY(const StoredBlock stored, life.log->block_at(height));
    const Block& block = stored.proposal.block;
    const auto result = life.app->finalize_block(stored.final.block, block.header.parent, block);
    if (!result || result->app_hash != stored.final.app_hash)
      return fail(ErrorCode::kCorrupt, "the log does not execute to the results that stand there");
    TRY_VOID(life.app->commit(stored.final.block));
    life.app->on_durable(height);
  }
  TRY_VOID(life.state->drain());
  return life.index->drain();
}

ErrorOr<void> SimNode::boot() {
  CHECK(!is_up());
  auto life = std::make_unique<Life>();
  life->rng = testing::SeededRng(rng_.next());
  TRY_VOID(open_stores(*life));
  TRY_VOID(open_state(*life));
  TRY_VOID(replay(*life));
  life->lagging = std::make_unique<LaggingApp>(*life->app, *life->state, *life->index);
  life->lagging->start_at(life->log->height());
  std::unique_ptr<Signer> signer;
  if (options_.key) {
    TRY(VoteGuard guard, VoteGuard::open(env_, kVotesName, chain_id_, options_.key->secret));
    signer = std::make_unique<LocalSigner>(*options_.key, std::move(guard), options_.beacon_chain);
  }
  ReplicaOptions replica_options;
  replica_options.delay_ms = options_.delay_ms;
  // Chains are short here: in small answers, one comes while another waits to be executed.
  replica_options.sync_blocks_max = static_cast<std::uint32_t>(16U << rng_.below(4));
  EngineEvents events;
  BlockLog* log = life->log.get();
  events.on_final = [this, log](const FinalBlock& block) {
    const auto stored = log->block_at(block.height);
    if (stored) events_.on_final(options_.number, block, *stored);
  };
  events.on_evidence = [this](const XOnlyKey&, const Evidence& proof) {
    events_.on_evidence(options_.number, proof);
  };
  events.log = [this](std::string_view line) { events_.log(options_.number, line); };
  const ReplicaParts parts{chain_id_, life->lagging.get(), log, &life->pool, &clock_, options_.net};
  life->replica =
      std::make_unique<Replica>(parts, std::move(signer), replica_options, std::move(events));
  Life* raw = life.get();
  life->relay = std::make_unique<Relay>(RelayParts{&life->pool, log, options_.net, &clock_,
                                                   [raw](const std::vector<Bytes>& txs) {
                                                     std::vector<SubmitReply> replies;
                                                     for (const Bytes& tx : txs)
                                                       replies.push_back(raw->app->check_tx(tx));
                                                     return replies;
                                                   },
                                                   [raw] { return raw->next_leaders; }, [] {}});
  life->pool.set_arrival_listener([raw](const PooledTx& tx) { raw->relay->on_arrival(tx); });
  TRY_VOID(life->replica->start());
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
  return {};
}

std::optional<std::uint64_t> SimNode::next_ns() {
  auto next = life_->replica->next_ns();
  if (const auto relay = life_->relay->next_ns()) next = std::min(next.value_or(*relay), *relay);
  if (next) next = clock_.sim_ns(*next);
  return next;
}

}  // namespace fog::sim
