#include "consensus/engine/node.h"

#include <chrono>

#include "consensus/engine/node_impl.h"
#include "consensus/rules/supply.h"

namespace fog {
namespace {

constexpr std::size_t kSubmitMax = 100'000;
constexpr std::size_t kGetMax = 256;
constexpr std::uint32_t kScanMax = 1'000;
constexpr std::size_t kScanBytesMax = 8ULL * 1024 * 1024;
constexpr std::uint64_t kWaitMsMax = 60'000;
constexpr std::uint8_t kFirstOrderedTable = 0x80;
constexpr const char* kVersion = "0.1.0";

unsigned helper_threads(unsigned wanted) {
  const unsigned cores = wanted != 0 ? wanted : std::max(1U, std::thread::hardware_concurrency());
  // Whoever submits works too.
  return cores - 1;
}

Fail<Error> closing() {
  return fail(ErrorCode::kUnavailable, "the node is shutting down");
}

}  // namespace

NodeImpl::NodeImpl(NodeOptions options)
    : options_(std::move(options)),
      pool_(options_.pool),
      workers_(helper_threads(options_.verify_threads)) {}

NodeImpl::~NodeImpl() {
  (void)close().has_value();
  pool_.set_listener({});
  pool_.set_arrival_listener({});
}

ErrorOr<void> NodeImpl::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    for (const auto& [id, waiter] : tx_waiters_) waiter->wake.notify_all();
    for (const auto& [height, waiter] : height_waiters_) waiter->wake.notify_all();
  }
  if (net_) net_->stop();
  if (engine_) engine_->stop();
  if (maker_) maker_->stop();
  ErrorOr<void> result;
  if (state_) result = state_->drain();
  if (index_) {
    if (auto drained = index_->drain(); !drained && result) result = drained;
  }
  return result;
}

std::optional<Error> NodeImpl::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

// ---- the engine's events ----

void NodeImpl::on_final(const FinalBlock& block) {
  index_->prune(log_->first_height());
  const std::lock_guard lock(mutex_);
  height_ = block.height;
  transactions_final_ += block.result->ids.size();
  const auto finish = [](Waiter* waiter) {
    waiter->done = true;
    waiter->wake.notify_all();
  };
  const auto reached = height_waiters_.upper_bound(height_);
  for (auto at = height_waiters_.begin(); at != reached; ++at) finish(at->second);
  if (tx_waiters_.empty()) return;
  for (const TxId& id : block.result->ids) {
    const auto [from, to] = tx_waiters_.equal_range(id);
    for (auto at = from; at != to; ++at) finish(at->second);
  }
}

void NodeImpl::on_installed(std::uint64_t height) {
  const std::lock_guard lock(mutex_);
  height_ = height;
  const auto reached = height_waiters_.upper_bound(height_);
  for (auto at = height_waiters_.begin(); at != reached; ++at) {
    at->second->done = true;
    at->second->wake.notify_all();
  }
}

void NodeImpl::on_failure(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    failure_ = error;
    for (const auto& [id, waiter] : tx_waiters_) waiter->wake.notify_all();
    for (const auto& [height, waiter] : height_waiters_) waiter->wake.notify_all();
  }
  options_.on_failure(error);
}

void NodeImpl::on_evidence(const XOnlyKey& validator, const Evidence& evidence) {
  const std::lock_guard lock(mutex_);
  evidence_.push_back(SubmitEvidence{validator, evidence.first.vote,
                                     evidence.first.signature.signature, evidence.second.vote,
                                     evidence.second.signature.signature});
}

ErrorOr<std::vector<SubmitEvidence>> NodeImpl::evidence() {
  const std::lock_guard lock(mutex_);
  return evidence_;
}

// ---- transactions ----

ErrorOr<std::vector<SubmitReply>> NodeImpl::submit(const std::vector<Bytes>& txs) {
  if (txs.size() > kSubmitMax) {
    return fail(ErrorCode::kInvalidInput,
                "at most " + std::to_string(kSubmitMax) + " transactions a call");
  }
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return closing();
    if (failure_)
      return fail(ErrorCode::kUnavailable, "the node makes no blocks: " + failure_->context);
  }
  return check_all(txs);
}

std::vector<SubmitReply> NodeImpl::check_all(const std::vector<Bytes>& txs) {
  std::vector<SubmitReply> replies(txs.size());
  workers_.run(txs.size(), [&](std::size_t i) { replies[i] = app_->check_tx(txs[i]); });
  return replies;
}

ErrorOr<TxStatus> NodeImpl::transaction(const TxId& id) {
  // It enters the index before it leaves the mempool: whoever looks here, there and here again
  // does not miss it.
  for (int look = 0; look < 2; ++look) {
    TRY(const auto location, index_->find(id));
    if (location)
      return TxStatus{TxPlace::kFinal, location->height, location->index, location->outcome};
    if (pool_.contains(id)) return TxStatus{TxPlace::kPending, 0, 0, {}};
  }
  return TxStatus{};
}

void NodeImpl::wait(Waiter& waiter, std::unique_lock<std::mutex>& lock, std::uint64_t timeout_ms) {
  waiter.wake.wait_for(lock, std::chrono::milliseconds(std::min(timeout_ms, kWaitMsMax)),
                       [&] { return waiter.done || closing_ || failure_.has_value(); });
}

ErrorOr<TxStatus> NodeImpl::wait_transaction(const TxId& id, std::uint64_t timeout_ms) {
  Waiter waiter;
  std::unique_lock lock(mutex_);
  const auto place = tx_waiters_.emplace(id, &waiter);
  lock.unlock();
  // Now nothing can be missed.
  auto status = transaction(id);
  lock.lock();
  const bool final = !status || status->place == TxPlace::kFinal;
  if (!final) wait(waiter, lock, timeout_ms);
  tx_waiters_.erase(place);
  if (closing_) return closing();
  lock.unlock();
  return final ? status : transaction(id);
}

ErrorOr<ChainStatus> NodeImpl::wait_height(std::uint64_t height, std::uint64_t timeout_ms) {
  {
    Waiter waiter;
    std::unique_lock lock(mutex_);
    if (height_ < height) {
      const auto place = height_waiters_.emplace(height, &waiter);
      wait(waiter, lock, timeout_ms);
      height_waiters_.erase(place);
    }
    if (closing_) return closing();
  }
  return status();
}

// ---- queries ----

ErrorOr<ChainStatus> NodeImpl::status() {
  ChainStatus out;
  out.chain_id = chain_id_;
  out.chain_name = genesis_.genesis.chain_name;
  app_->with_state([&](const ReadView& state, const AppInfo& info) {
    out.height = info.height;
    out.time_ms = info.time_ms;
    out.block = info.block;
    out.app_hash = info.app_hash;
    const std::uint64_t next_ms = std::max(options_.clock->wall_ms(), info.time_ms + 1);
    out.base_price = load_terms(state, next_ms).base_price;
  });
  const MempoolSize size = pool_.size();
  out.mempool_txs = size.txs;
  out.mempool_bytes = size.bytes;
  out.version = kVersion;
  return out;
}

ErrorOr<BlockInfo> NodeImpl::block(std::uint64_t height) {
  if (height == 0) return fail(ErrorCode::kNotFound, "the genesis, height 0, is not a block");
  TRY(StoredBlock stored, log_->block_at(height));
  BlockInfo out;
  out.id = stored.final.block;
  out.block = std::move(stored.proposal.block);
  out.finalization = std::move(stored.final.certificate);
  out.outcomes.assign(stored.final.outcomes.begin(), stored.final.outcomes.end());
  return out;
}

ErrorOr<std::vector<std::optional<Bytes>>> NodeImpl::state_get(const std::vector<StateKey>& keys) {
  if (keys.size() > kGetMax)
    return fail(ErrorCode::kInvalidInput, "at most " + std::to_string(kGetMax) + " keys a call");
  for (const StateKey& key : keys) {
    if (key.empty()) return fail(ErrorCode::kInvalidInput, "a state key cannot be empty");
  }
  std::vector<std::optional<Bytes>> out;
  out.reserve(keys.size());
  app_->with_state([&](const ReadView& state, const AppInfo&) {
    for (const StateKey& key : keys) out.push_back(state.get(key));
  });
  return out;
}

ErrorOr<StatePage> NodeImpl::state_scan(const StateKey& from, const StateKey& to,
                                        std::uint32_t limit) {
  if (limit == 0 || limit > kScanMax)
    return fail(ErrorCode::kInvalidInput, "limit must be 1 to " + std::to_string(kScanMax));
  if (from.empty() || from.front() < kFirstOrderedTable)
    return fail(ErrorCode::kInvalidInput,
                "only the ordered tables, from 0x80 on, can be scanned; others are read by key");
  StatePage page;
  std::size_t bytes = 0;
  app_->with_state([&](const ReadView& state, const AppInfo& info) {
    page.height = info.height;
    state.scan(from, to, [&](const StateKey& key, const Bytes& value) {
      if (page.records.size() == limit || bytes > kScanBytesMax) {
        page.next = key;
        return false;
      }
      bytes += key.size() + value.size();
      page.records.push_back({key, value});
      return true;
    });
  });
  return page;
}

ErrorOr<StateProof> NodeImpl::state_proof(const StateKey& key) {
  if (key.empty()) return fail(ErrorCode::kInvalidInput, "a state key cannot be empty");
  return app_->prove(key);
}

ErrorOr<Bytes> NodeImpl::market_preview(ByteView request) {
  auto decoded = bcs_decode<market::PreviewRequest>(request);
  if (!decoded) return fail(ErrorCode::kInvalidInput, "not a preview's request");
  decoded->matches_max = static_cast<std::uint16_t>(
      std::clamp<std::size_t>(decoded->matches_max, 1, market::kPreviewMatchesMax));
  TRY(const auto report, app_->preview().ask(*decoded));
  return bcs_encode(report);
}

// Adds up the database rather than the live state, so that blocks go on meanwhile; it is first
// brought up to what is on disk.
ErrorOr<SupplyReport> NodeImpl::verify_supply() {
  TRY_VOID(state_->drain());
  SupplySums sums;
  TRY(const StateMeta meta, state_->read_consistent([&](const Hash32&, StateKey&& key,
                                                        Bytes&& value) { sums.add(key, value); }));
  SupplyReport report;
  report.height = meta.height;
  const auto fits = [](u128 sum) { return static_cast<std::uint64_t>(sum) == sum; };
  if (!fits(sums.accounts) || !fits(sums.stakes) || !fits(sums.bonds) || !fits(sums.escrows) ||
      !fits(sums.minted) || !fits(sums.burned)) {
    return fail(ErrorCode::kCorrupt, "the state holds more than 2^64 droplets");
  }
  const auto amount = [](u128 sum) { return Amount{static_cast<std::uint64_t>(sum)}; };
  report.supply = Supply{amount(sums.minted), amount(sums.burned)};
  report.accounts = amount(sums.accounts);
  report.stakes = amount(sums.stakes);
  report.bonds = amount(sums.bonds);
  report.escrows = amount(sums.escrows);
  report.conserved = sums.conserved();
  return report;
}

std::vector<PeerInfo> NodeImpl::peers() const {
  return net_ ? net_->peers() : std::vector<PeerInfo>();
}

NodeMetrics NodeImpl::metrics() const {
  NodeMetrics out;
  const AppTimes& times = app_->times();
  out.transactions_refused = times.refused;
  out.signatures_checked = times.signatures;
  out.execute_ns = times.execute_ns;
  out.tree_ns = times.tree_ns;
  out.commit_ns = times.commit_ns;
  out.sync_ns = engine_->sync_ns();
  out.blocks_made = engine_->blocks_made();
  out.votes_signed = engine_->votes_signed();
  out.messages_dropped = engine_->messages_dropped();
  if (remote_signer_ != nullptr) out.signer_reached = remote_signer_->is_reached();
  if (net_) {
    const NetworkMetrics net = net_->metrics();
    out.peers = net.inbound + net.outbound;
  }
  const MempoolSize size = pool_.size();
  out.mempool_txs = size.txs;
  out.mempool_bytes = size.bytes;
  out.state_records = app_->records();
  out.state_bytes = app_->memory_bytes();
  out.snapshots_made = maker_->made();
  out.snapshot_ns = maker_->busy_ns();
  out.snapshot_bytes = snapshots_->disk_bytes();
  const auto meta = state_->meta();
  out.database_height = meta ? meta->height : 0;
  const std::lock_guard lock(mutex_);
  out.height = height_;
  out.transactions_final = transactions_final_;
  return out;
}

}  // namespace fog
