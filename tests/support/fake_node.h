// FakeNode: a NodeApi over plain maps, with a small example chain of one of each object. Tests of
// what stands outside of a node (RPC, client) drive it by hand.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>

#include "chain/api/stake_view.h"
#include "market/types/event.h"
#include "market/types/messages.h"
#include "market/types/preview.h"

namespace fog::testing {

class FakeNode : public NodeApi {
 public:
  FakeNode() { add_example_chain(); }

  static Address example_address() {
    Address out;
    const std::string_view digits = "12345678901234567890";
    std::copy(digits.begin(), digits.end(), out.data.begin());
    return out;
  }
  static Hash32 hash_of(std::uint8_t byte) {
    Hash32 out;
    out.data.fill(byte);
    return out;
  }
  static SignedTx example_tx() {
    SignedTx tx;
    tx.body.chain_id = hash_of(0xCC);
    tx.body.sender = example_address();
    tx.body.price_max = 20;
    tx.body.messages.push_back(make_message(Transfer{{{example_address(), Amount{7}}}}));
    tx.auth = SingleAuth{};
    return tx;
  }

  // ---- what tests turn ----
  void add_block(const std::vector<SignedTx>& txs = {}) {
    const std::lock_guard lock(mutex_);
    ++status_.height;
    status_.time_ms += 1'000;
    BlockInfo block = blocks_[2];
    block.block.header.height = status_.height;
    block.block.header.time_ms = status_.time_ms;
    block.block.txs.clear();
    block.outcomes.clear();
    for (const SignedTx& tx : txs) {
      block.block.txs.push_back(BoundedBytes<kTxBytesMax>(bcs_encode(tx)));
      block.outcomes.push_back({0, 0, 2'500, Amount{25'000}, Amount{0}});
    }
    blocks_[status_.height] = block;
    changed_.notify_all();
  }
  // One more event of the address in the block after the last; to be seen once that is there.
  void add_event(const Address& address, market::EventKind kind) {
    const std::lock_guard lock(mutex_);
    market::MarketEvent event;
    event.kind = kind;
    event.height = status_.height + 1;
    StateKey told = market::events_of(address);
    append_be64(told, event.height);
    const std::uint32_t number = static_cast<std::uint32_t>(state_.size());
    for (int shift = 24; shift >= 0; shift -= 8) {
      told.push_back(static_cast<std::uint8_t>(number >> shift & 0xFF));
    }
    state_[told] = bcs_encode(event);
  }
  // The next block makes a submitted transaction final.
  void make_final(const TxId& id) {
    const std::lock_guard lock(mutex_);
    ++status_.height;
    txs_[id] = {TxPlace::kFinal, status_.height, 0, {}};
    changed_.notify_all();
  }
  template <class T>
  void put(const StateKey& key, const T& value) {
    state_[key] = bcs_encode(value);
  }
  void put_index(const StateKey& key) { state_[key] = Bytes{}; }
  void fail_with(std::optional<Error> error) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(error);
  }
  std::vector<Bytes> submitted() {
    const std::lock_guard lock(mutex_);
    return submitted_;
  }
  std::size_t submit_calls() {
    const std::lock_guard lock(mutex_);
    return submit_calls_;
  }

  // ---- NodeApi ----
  ErrorOr<ChainStatus> status() override {
    const std::lock_guard lock(mutex_);
    if (failure_) return Fail{*failure_};
    return status_;
  }
  ErrorOr<std::vector<SubmitReply>> submit(const std::vector<Bytes>& txs) override {
    const std::lock_guard lock(mutex_);
    if (failure_) return Fail{*failure_};
    ++submit_calls_;
    std::vector<SubmitReply> out;
    for (const Bytes& bytes : txs) {
      submitted_.push_back(bytes);
      const auto tx = bcs_decode<SignedTx>(bytes);
      if (!tx) {
        out.push_back({{}, Fault::kMalformed, ""});
      } else if (tx->body.memo == as_memo("full")) {
        out.push_back({tx_id(tx->body), Fault::kNone, "the mempool is full; try again later"});
      } else {
        out.push_back({tx_id(tx->body), Fault::kNone, ""});
        txs_[out.back().id].place = TxPlace::kPending;
      }
    }
    return out;
  }
  ErrorOr<TxStatus> transaction(const TxId& id) override {
    const std::lock_guard lock(mutex_);
    if (failure_) return Fail{*failure_};
    const auto found = txs_.find(id);
    return found == txs_.end() ? TxStatus{} : found->second;
  }
  ErrorOr<TxStatus> wait_transaction(const TxId& id, std::uint64_t timeout_ms) override {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                        [&] { return txs_[id].place == TxPlace::kFinal; });
    }
    return transaction(id);
  }
  ErrorOr<ChainStatus> wait_height(std::uint64_t height, std::uint64_t timeout_ms) override {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                        [&] { return status_.height >= height; });
    }
    return status();
  }
  ErrorOr<BlockInfo> block(std::uint64_t height) override {
    const std::lock_guard lock(mutex_);
    const auto found = blocks_.find(height);
    if (found == blocks_.end()) {
      return fail(ErrorCode::kNotFound, "there is no block " + std::to_string(height));
    }
    return found->second;
  }
  ErrorOr<std::uint64_t> block_height(const BlockId& id) override {
    const std::lock_guard lock(mutex_);
    for (const auto& [height, block] : blocks_) {
      if (block.id == id) return height;
    }
    return fail(ErrorCode::kNotFound, "there is no final block of this id");
  }
  // All blocks are looked through.
  ErrorOr<HistoryPage> history(const Address& address, HistoryOrder order,
                               std::optional<TxPosition> from, std::uint32_t limit) override {
    const std::lock_guard lock(mutex_);
    std::vector<FinalTx> all;
    for (const auto& [height, block] : blocks_) {
      for (std::uint32_t i = 0; i < block.block.txs.size(); ++i) {
        const auto parties = parties_of(*bcs_decode<SignedTx>(block.block.txs[i]));
        if (std::find(parties.begin(), parties.end(), address) == parties.end()) continue;
        all.push_back(
            {{height, i}, block.block.header.time_ms, block.block.txs[i], block.outcomes[i]});
      }
    }
    const bool forward = order == HistoryOrder::kOldestFirst;
    if (!forward) std::reverse(all.begin(), all.end());
    HistoryPage page;
    page.height = status_.height;
    page.first_height = 2;
    if (forward) page.next = TxPosition{status_.height + 1, 0};
    for (const FinalTx& one : all) {
      if (from && (forward ? one.position < *from : one.position > *from)) continue;
      if (page.items.size() == limit) {
        page.next = one.position;
        break;
      }
      page.items.push_back(one);
    }
    return page;
  }
  ErrorOr<Simulation> simulate(ByteView) override {
    Simulation out;
    out.height = 3;
    out.base_price = 10;
    out.outcome = {0, 0, 2'500, Amount{25'000}, Amount{0}};
    const auto account = [](std::uint64_t droplets) {
      return std::optional(bcs_encode(Account{Amount{droplets}, {}}));
    };
    out.changes.push_back({account_key(example_address()), account(100), account(93)});
    return out;
  }
  ErrorOr<std::vector<std::optional<Bytes>>> state_get(const std::vector<StateKey>& keys) override {
    const std::lock_guard lock(mutex_);
    std::vector<std::optional<Bytes>> out;
    for (const StateKey& key : keys) {
      const auto found = state_.find(key);
      out.push_back(found == state_.end() ? std::nullopt : std::optional<Bytes>(found->second));
    }
    return out;
  }
  ErrorOr<StatePage> state_scan(const StateKey& from, const StateKey& to,
                                std::uint32_t limit) override {
    const std::lock_guard lock(mutex_);
    StatePage page;
    page.height = status_.height;
    for (auto at = state_.lower_bound(from); at != state_.end() && at->first < to; ++at) {
      if (page.records.size() == limit) {
        page.next = at->first;
        break;
      }
      page.records.push_back({at->first, at->second});
    }
    return page;
  }
  ErrorOr<StateProof> state_proof(const StateKey& key) override {
    StateProof proof;
    proof.height = 2;
    proof.root = hash_of(0xA0);
    proof.key = key;
    const auto found = state_.find(key);
    if (found != state_.end()) proof.value = found->second;
    proof.siblings = {hash_of(0xA1), hash_of(0xA2)};
    if (!proof.value) proof.other_leaf = {hash_of(0xA3), hash_of(0xA4)};
    return proof;
  }
  ErrorOr<std::vector<SubmitEvidence>> evidence() override { return std::vector<SubmitEvidence>(); }
  ErrorOr<SyncReport> sync_report() override {
    return SyncReport{SyncPhase::kChunks, 2, 1, 3, 19, 4, 7, {9, 19}};
  }
  ErrorOr<Checkpoint> checkpoint() override {
    return Checkpoint{2, hash_of(0xB2), 0, 1'700'000'000'000};
  }
  ErrorOr<SupplyReport> verify_supply() override {
    return SupplyReport{
        2, {Amount{100}, Amount{1}}, Amount{60}, Amount{20}, Amount{10}, Amount{9}, true};
  }
  ErrorOr<Bytes> market_preview(ByteView request) override {
    if (!bcs_decode<market::PreviewRequest>(request))
      return fail(ErrorCode::kInvalidInput, "not a preview's request");
    market::PreviewReport report;
    report.height = 2;
    report.offers = report.looked_at = 2;
    report.can_serve = report.wanted = report.found = 1;
    report.matches.push_back(
        {hash_of(0x22), example_address(), {}, 0, 1'000'000, 9'000, 1, 10'000, 0, 10'000});
    report.reasons.push_back({market::Misfit::kPriceCap, 1, 1, 610'000'000, {}});
    return bcs_encode(report);
  }

 private:
  static BoundedBytes<kMemoBytesMax> as_memo(std::string_view text) {
    return BoundedBytes<kMemoBytesMax>(to_bytes(as_bytes(text)));
  }
  void add_example_chain();

  std::mutex mutex_;
  std::condition_variable changed_;
  ChainStatus status_;
  std::map<StateKey, Bytes> state_;
  std::map<std::uint64_t, BlockInfo> blocks_;
  std::map<TxId, TxStatus> txs_;
  std::vector<Bytes> submitted_;
  std::size_t submit_calls_ = 0;
  std::optional<Error> failure_;
};

inline void FakeNode::add_example_chain() {
  status_ = {hash_of(0xCC), "example", 2, 1'700'000'002'000, hash_of(0xB2), hash_of(0xA0), 10, 1,
             300,           "1.0.0"};
  const Address who = example_address();
  const Hash32 id = hash_of(0x22);
  put(chain_params_key(), ChainParams{});
  put(supply_key(), Supply{Amount{100}, Amount{1}});
  put(account_key(who), Account{Amount{12'500'000'000}, {{0, 3}}});
  put(staking_params_key(), StakingParams{});
  ValidatorRecord validator;
  validator.key = id;
  validator.owner = validator.payout = who;
  validator.stake = Amount{1'000 * kDropletsPerFog};
  validator.shares = validator.stake.droplets;
  validator.commission = {500, 2'000, 100};
  put(validator_key(id), validator);
  put_index(all_validators_key(id));
  put(delegation_key(who, id), Delegation{validator.shares, {}});
  ValidatorSet set;
  set.validators.push_back({id, validator.stake.droplets});
  put(validators_key(), set);
  put(next_validators_key(), set);
  put(epoch_key(), EpochRecord{3, hash_of(0xA5), 1'700'000'000'000});
  put(epoch_tally_key(), EpochTally{1, 0, {{1, 0, Amount{}}}});
  Proposal proposal;
  proposal.number = 1;
  proposal.proposer = who;
  proposal.changes.push_back({"staking.min_bond", 1});
  put(proposal_key(1), proposal);
  market::MarketParams params;
  params.classes.push_back({"standard", {1'000'000, 100'000, 1'000, 0, 50'000, 10'000, 20'000}});
  put(market::market_params_key(), params);

  market::Host host;
  host.id = id;
  host.owner = who;
  host.operator_account = who;
  host.endpoint = "http://127.0.0.1:7001";
  host.location.country = "DE";
  host.capacity = {4'000, 8'192, 100'000, 100, std::nullopt};
  host.bond = Amount{100 * kDropletsPerFog};
  put(market::host_key(id), host);
  put(market::host_key(hash_of(0x23)), host);
  put_index(state_key(Table::kAllHosts, {id}));
  put_index(state_key(Table::kAllHosts, {hash_of(0x23)}));
  put_index(state_key(Table::kHostsByOwner, {who, id}));
  market::Offer offer;
  offer.host = id;
  offer.free = host.capacity;
  put(market::offer_key(id), offer);
  StateKey by_class = state_key(Table::kOffersByClass);
  append(by_class, Bytes{0, 0, 0, 0x27, 0x10});
  append(by_class, id);
  put_index(by_class);

  market::Gateway gateway;
  gateway.owner = who;
  gateway.endpoint = "http://127.0.0.1:8001";
  put(market::gateway_key(who), gateway);
  put_index(state_key(Table::kAllGateways, {who}));
  market::Service service;
  service.name = "echo";
  service.owner = who;
  service.manifest.summary = "Answers what it is asked";
  put(market::service_key("echo"), service);
  put_index(state_key(Table::kAllServices, {as_bytes("echo")}));
  put_index(state_key(Table::kServicesByOwner, {who, as_bytes("echo")}));

  market::Bid bid;
  bid.id = id;
  bid.owner = who;
  bid.terms.service = "echo";
  bid.free = Amount{5 * kDropletsPerFog};
  put(market::bid_key(id), bid);
  StateKey of_service = market::bids_by_service("echo");
  append(of_service, id);
  put_index(of_service);
  put_index(state_key(Table::kBidsByOwner, {who, id}));
  StateKey open = state_key(Table::kOpenBids);
  append_be64(open, 1);
  append(open, id);
  put_index(open);
  market::Lease lease;
  lease.id = id;
  lease.bid = id;
  lease.host = id;
  lease.service = "echo";
  lease.state = market::LeaseState::kActive;
  put(market::lease_key(id), lease);
  put_index(state_key(Table::kLeasesByBid, {id, id}));
  put_index(state_key(Table::kLeasesByHost, {id, id}));
  market::ReceiptRecord receipt;
  receipt.lease = id;
  receipt.number = 1;
  receipt.to_host = Amount{88};
  put(market::receipt_key(id, 1), receipt);
  StateKey of_lease = market::receipts_by_lease(id);
  append_be64(of_lease, 1);
  put_index(of_lease);

  market::MarketEvent event;
  event.kind = market::EventKind::kLeaseActive;
  event.height = 2;
  event.lease = id;
  StateKey told = market::events_of(who);
  append_be64(told, event.height);
  append(told, Bytes{0, 0, 0, 0});
  put(told, event);

  BlockInfo block;
  block.id = hash_of(0xB2);
  block.block.header.chain_id = status_.chain_id;
  block.block.header.height = 2;
  block.block.header.time_ms = status_.time_ms;
  block.block.txs.push_back(BoundedBytes<kTxBytesMax>(bcs_encode(example_tx())));
  block.outcomes.push_back({0, 0, 2'500, Amount{25'000}, Amount{0}});
  blocks_[2] = block;
  txs_[hash_of(0x11)] = {TxPlace::kFinal, 2, 0, block.outcomes[0]};
}

}  // namespace fog::testing
