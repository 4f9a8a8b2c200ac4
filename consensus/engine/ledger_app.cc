#include <limits>

#include "chain/crypto/hash.h"
#include "consensus/engine/ledger_app_parts.h"
#include "consensus/staking/epochs.h"
#include "consensus/staking/validators.h"

namespace fog {
namespace {

class Stopwatch {
 public:
  Stopwatch(Clock& clock, std::atomic<std::uint64_t>& total)
      : clock_(clock), total_(total), start_(clock.monotonic_ns()) {}
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() { total_ += clock_.monotonic_ns() - start_; }

 private:
  Clock& clock_;
  std::atomic<std::uint64_t>& total_;
  std::uint64_t start_;
};

// Whether the block with this header may carry the certificate.
bool may_carry(const BlockHeader& header, const std::optional<Certificate>& certificate,
               std::uint64_t epoch_length) {
  return certificate && certificate->vote.block == header.parent &&
         certificate->vote.epoch == header.epoch && !is_first_of_epoch(header.height, epoch_length);
}

}  // namespace

class LedgerApp::Base final : public ReadView {
 public:
  explicit Base(const ReadView* target) : target_(target) {}
  void point_to(const ReadView* target) { target_ = target; }
  std::optional<Bytes> get(const StateKey& key) const override { return target_->get(key); }
  void read(const StateKey& key, const ValueUser& use) const override { target_->read(key, use); }
  void scan(const StateKey& from, const StateKey& to, const Visitor& visit) const override {
    target_->scan(from, to, visit);
  }

 private:
  const ReadView* target_;
};

// An executed block that is not final.
struct LedgerApp::Version {
  Version(const ReadView* parent_state, Changes&& changes) : base(parent_state), overlay(base) {
    overlay.merge(std::move(changes));
  }
  Base base;
  Overlay overlay;
  TreeVersion tree;
  BlockId parent;
  AppInfo info;  // as it will be once the block is final
  std::vector<PooledTx> txs;
  FinalizeResult result;
};

LedgerApp::LedgerApp(Parts parts)
    : parts_(parts),
      live_(*parts.rng),
      preview_(*parts.clock, [this](const MarketPreview::ReadState& read) { with_state(read); }) {
  CHECK(parts.pool && parts.store && parts.index && parts.workers && parts.clock);
  indexed_height_ = parts.index->height();
}
LedgerApp::~LedgerApp() {
  forget_ahead(std::numeric_limits<std::uint64_t>::max());
}

AppInfo LedgerApp::info() const {
  const std::shared_lock lock(state_mutex_);
  return info_;
}

// ---- blocks that are not final ----

const ReadView* LedgerApp::find_parent(const BlockId& parent, AppInfo& info) const {
  if (parent == info_.block) {
    info = info_;
    return &live_;
  }
  const auto version = versions_.find(parent);
  if (version == versions_.end()) return nullptr;
  info = version->second->info;
  return &version->second->overlay;
}

// What the blocks from the last final one up to `block` hold.
IncludedTxs LedgerApp::included_up_to(BlockId block) const {
  IncludedTxs out;
  for (auto at = versions_.find(block); at != versions_.end();
       at = versions_.find(at->second->parent)) {
    for (const PooledTx& tx : at->second->txs) out.add(tx->tx().body);
  }
  return out;
}

EpochInfo LedgerApp::epoch() const {
  const std::shared_lock lock(state_mutex_);
  const auto params = fog::load<ChainParams>(live_, chain_params_key());
  CHECK(params.has_value());
  const EpochRecord record = load_epoch(live_);
  return {record.epoch, (record.epoch + 1) * params->epoch_length, record.leader_seed,
          load_validators(live_)};
}

std::optional<std::uint64_t> LedgerApp::time_of(const BlockId& id) const {
  AppInfo info;
  if (find_parent(id, info) == nullptr) return std::nullopt;
  return info.time_ms;
}

std::optional<std::vector<TxId>> LedgerApp::ids_of(const BlockId& id) const {
  const auto version = versions_.find(id);
  if (version == versions_.end()) return std::nullopt;
  return version->second->result.ids;
}

Application::Work LedgerApp::work_at(const BlockId& parent, std::uint64_t time_ms) {
  AppInfo info;
  const ReadView* state = find_parent(parent, info);
  CHECK(state != nullptr);
  const InclusionTerms terms = load_terms(*state, time_ms);
  if (parts_.pool->has_includable(terms.base_price, time_ms, included_up_to(parent)))
    return {true, true, std::nullopt};
  Work work;
  work.next_ms = next_due_ms(*state, time_ms);
  if (work.next_ms && *work.next_ms <= time_ms) return {true, false, std::nullopt};
  // Waiting transactions become includable when the base price has fallen.
  if (parts_.pool->size().txs > 0) {
    const std::uint64_t then = time_ms + terms.params.base_price_interval_ms;
    work.next_ms = std::min(work.next_ms.value_or(then), then);
  }
  return work;
}

std::vector<Bytes> LedgerApp::next_txs(const BlockId& parent, std::uint64_t time_ms,
                                       std::size_t bytes_max) {
  AppInfo info;
  const ReadView* state = find_parent(parent, info);
  CHECK(state != nullptr);
  const InclusionTerms terms = load_terms(*state, time_ms);
  const BlockLimits limits{kBlockTxsMax, bytes_max, terms.params.block_units_max};
  std::vector<Bytes> out;
  for (const PooledTx& tx : parts_.pool->choose(terms, limits, included_up_to(parent)))
    out.emplace_back(tx->encoded().begin(), tx->encoded().end());
  return out;
}

void LedgerApp::drop_uncludable(const TxId& id, Fault fault) {
  switch (fault) {
    // It may fit later.
    case Fault::kSequenceGap:
    case Fault::kFeeTooLow:
    case Fault::kBlockFull:
      return;
    // NOLINTNEXTLINE(clang-diagnostic-covered-switch-default): every other fault is final.
    default:
      parts_.pool->drop(id);
  }
}

std::optional<Block> LedgerApp::prepare_proposal(const ProposalRequest& request) {
  AppInfo parent;
  const ReadView* state = find_parent(request.parent, parent);
  CHECK(state != nullptr && request.time_ms > parent.time_ms);
  Block block;
  BlockHeader& header = block.header;
  header.chain_id = parts_.chain_id;
  header.height = parent.height + 1;
  const std::uint64_t epoch_length = load_terms(*state, request.time_ms).params.epoch_length;
  header.epoch = epoch_of(header.height, epoch_length);
  header.time_ms = request.time_ms;
  header.parent = request.parent;
  header.app_hash = parent.app_hash;
  header.validators_hash = validators_hash(load_validators(*state));
  header.proposer = request.proposer;
  if (is_last_of_epoch(header.height, epoch_length))
    header.next_validators_hash = validators_hash(load_next_validators(*state));
  if (may_carry(header, request.certificate, epoch_length)) block.certificate = request.certificate;
  header.certificate_hash = certificate_hash(block.certificate);
  const auto record = find_validator(*state, request.proposer);
  CHECK(record.has_value());
  header.beacon = request.reveal(*record);

  BlockResult result;
  std::vector<PooledTx> included;
  bool has_content = false;
  if (header.beacon) {
    const Stopwatch watch(*parts_.clock, times_.execute_ns);
    const InclusionTerms terms = load_terms(*state, header.time_ms);
    const BlockLimits limits{std::min(request.txs_max, kBlockTxsMax), kBlockBytesMax - 4'096,
                             terms.params.block_units_max};
    auto execution = BlockExecution::begin(*state, parent.time_ms, header, block.certificate,
                                           &index_of(request.parent));
    CHECK(execution.has_value());
    std::vector<PooledTx> chosen;
    // Above too many blocks that are not final, only what is due.
    if (versions_.size() < kUnfinalizedMax)
      chosen = parts_.pool->choose(terms, limits, included_up_to(request.parent));
    for (const PooledTx& tx : chosen) {
      if (const auto outcome = execution->apply(*tx)) {
        block.txs.emplace_back(tx->encoded());
        included.push_back(tx);
      } else if (request.parent == info_.block) {
        // What blocks that are not final have changed may be taken back.
        drop_uncludable(tx->id(), outcome.error());
      }
    }
    has_content = execution->has_content();
    if (has_content) result = (*std::move(execution)).finish();
  }
  if (!has_content) {
    if (!request.allow_empty) return std::nullopt;
    header.beacon.reset();
    // With something due an empty block is invalid.
    if (!BlockExecution::begin(*state, parent.time_ms, header, block.certificate))
      return std::nullopt;
  }
  header.tx_root = tx_root(block);
  add_version(block_id(header), header, std::move(result), std::move(included));
  return block;
}

// What the rules leave to the caller of execute_block.
Fault LedgerApp::check_header(const BlockHeader& header, const AppInfo& parent) const {
  if (header.chain_id != parts_.chain_id) return Fault::kBlockBadChain;
  if (header.parent != parent.block) return Fault::kBlockBadParent;
  if (header.height != parent.height + 1) return Fault::kBlockBadHeight;
  if (header.app_hash != parent.app_hash) return Fault::kBlockBadAppHash;
  return Fault::kNone;
}

Fault LedgerApp::process_proposal(const BlockId& id, const BlockId& parent, const Block& block) {
  if (versions_.contains(id)) return Fault::kNone;
  AppInfo parent_info;
  const ReadView* state = find_parent(parent, parent_info);
  if (state == nullptr) return Fault::kBlockBadParent;
  if (const Fault fault = check_header(block.header, parent_info); fault != Fault::kNone)
    return fault;
  const TxRoot root =
      ahead_.contains({block.header.height, id}) ? TxRoot::kKnownToFit : TxRoot::kUnchecked;
  auto txs = check_block_txs(id, block);
  if (!txs) return txs.error();
  std::vector<const CheckedTx*> pointers;
  pointers.reserve(txs->size());
  for (const PooledTx& tx : *txs) pointers.push_back(tx.get());
  const Stopwatch watch(*parts_.clock, times_.execute_ns);
  auto executed =
      execute_block(*state, parent_info.time_ms, block, pointers, root, &index_of(parent));
  if (!executed) return executed.error();
  add_version(id, block.header, *std::move(executed), *std::move(txs));
  return Fault::kNone;
}

Result<FinalizeResult, Fault> LedgerApp::finalize_block(const BlockId& id, const BlockId& parent,
                                                        const Block& block) {
  const Fault fault = process_proposal(id, parent, block);
  if (fault != Fault::kNone) return Fail{fault};
  return versions_.at(id)->result;
}

void LedgerApp::add_version(const BlockId& id, const BlockHeader& header, BlockResult&& executed,
                            std::vector<PooledTx>&& txs) {
  AppInfo parent;
  const ReadView* state = find_parent(header.parent, parent);
  CHECK(state != nullptr);
  auto version = std::make_unique<Version>(state, std::move(executed.changes));
  version->parent = header.parent;
  version->info = AppInfo{header.height, header.time_ms, id, {}};
  {
    const Stopwatch watch(*parts_.clock, times_.tree_ns);
    const std::lock_guard lock(tree_mutex_);
    const auto above = versions_.find(header.parent);
    const TreeRoot base = above == versions_.end() ? root_ : above->second->tree.root;
    version->tree = tree_.apply(base, leaf_changes(version->overlay.changes()));
    version->info.app_hash = tree_.root_hash(version->tree.root);
  }
  version->result.outcomes = std::move(executed.outcomes);
  version->result.ids.reserve(txs.size());
  for (const PooledTx& tx : txs) version->result.ids.push_back(tx->id());
  version->txs = std::move(txs);
  version->result.app_hash = version->info.app_hash;
  if (version->overlay.changes().contains(validators_key()))
    version->result.validator_updates = load_validators(version->overlay);
  market_at_ = id;  // its execution has brought the index there
  versions_[id] = std::move(version);
}

// The market's index, of the state after the block that is to be built on. Between branches, all
// that any of them has changed is read again.
MarketIndex& LedgerApp::index_of(const BlockId& parent) {
  if (!market_.is_loaded()) {
    market_.load();
  } else if (market_at_ != parent) {
    for (const auto& [id, version] : versions_) market_.touch(version->overlay.changes());
  }
  market_at_ = parent;
  return market_;
}

bool LedgerApp::stands_on(BlockId block, const BlockId& below) const {
  while (block != below) {
    const auto version = versions_.find(block);
    if (version == versions_.end()) return false;
    block = version->second->parent;
  }
  return true;
}

// ---- making one final ----

ErrorOr<void> LedgerApp::commit(const BlockId& id) {
  const auto found = versions_.find(id);
  CHECK(found != versions_.end() && found->second->parent == info_.block);
  Version& version = *found->second;
  const std::uint64_t start = parts_.clock->monotonic_ns();
  StateDelta delta;
  if (!stands_on(market_at_, id)) {
    market_.touch(version.overlay.changes());
    market_at_ = id;
  }
  take_changes(version, delta);
  preview_.on_commit(version.overlay.changes());
  rebase(id);
  // A transaction is in the index before it leaves the mempool, so that it is never nowhere.
  if (info_.height > indexed_height_) {
    indexed_height_ = info_.height;
    IndexedBlock indexed{info_.height, id, version.result.ids, version.result.outcomes};
    for (std::uint32_t i = 0; i < version.txs.size(); ++i)
      add_parties(indexed, i, version.txs[i]->tx());
    TRY_VOID(parts_.index->push(std::move(indexed)));
  }
  parts_.pool->on_block(version.overlay.changes(), info_.time_ms);

  Changes taken = std::move(version.overlay).take_changes();
  for (RecordChange& change : delta.changes) {
    auto node = taken.extract(taken.begin());
    change.key = std::move(node.key());
    change.after = std::move(node.mapped());
  }
  delta.is_marked = is_snapshot_height(info_.height);
  versions_.erase(found);
  forget_ahead(info_.height);
  times_.commit_ns += parts_.clock->monotonic_ns() - start;
  return parts_.store->push(std::move(delta));
}

// Applies a version's changes to the live state. The delta gets what stood there before, one entry
// a change, in their order.
void LedgerApp::take_changes(Version& version, StateDelta& delta) {
  const Changes& changes = version.overlay.changes();
  delta.changes.resize(changes.size());
  auto at = delta.changes.begin();
  const std::lock_guard tree_lock(tree_mutex_);
  const std::unique_lock state_lock(state_mutex_);
  for (const auto& [key, value] : changes)
    (at++)->before = value ? live_.put(key, *value) : live_.erase(key);
  root_ = version.tree.root;
  tree_.commit(std::move(version.tree));
  info_ = version.info;
  delta.meta =
      StateMeta{1, parts_.chain_id, info_.height, info_.time_ms, info_.block, info_.app_hash};
}

// The children of the block that has become final stand on the live state now; its siblings and
// what stands on them go.
void LedgerApp::rebase(const BlockId& id) {
  for (auto& [child_id, child] : versions_) {
    if (child->parent == id) child->base.point_to(&live_);
  }
  bool found = true;
  while (found) {
    found = false;
    for (auto version = versions_.begin(); version != versions_.end(); ++version) {
      const BlockId& parent = version->second->parent;
      if (version->first == id || parent == id || versions_.contains(parent)) continue;
      const std::lock_guard lock(tree_mutex_);
      tree_.discard(std::move(version->second->tree));
      market_.touch(version->second->overlay.changes());
      versions_.erase(version);
      found = true;
      break;
    }
  }
}

void LedgerApp::forget_versions() {
  const std::lock_guard lock(tree_mutex_);
  for (auto& [id, version] : versions_) tree_.discard(std::move(version->tree));
  versions_.clear();
}

void LedgerApp::on_durable(std::uint64_t height) {
  parts_.store->release(height);
  parts_.index->release(height);
}

}  // namespace fog
