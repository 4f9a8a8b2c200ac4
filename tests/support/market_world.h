// A market in memory for tests: people with money, blocks one after another by the real rules, and
// after every block all invariants checked.
#pragma once

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "market/rules/matching_index.h"
#include "market/rules/rules.h"
#include "market/types/host_link.h"
#include "tests/support/market_invariants.h"
#include "tests/support/matching_reference.h"
#include "tests/support/memory_state.h"
#include "tests/support/seeded_rng.h"

namespace fog::market::testing {

using fog::testing::MemoryState;
using fog::testing::SeededRng;

struct Person {
  SecretKey key;
  Address address;
};

inline MarketParams example_params() {
  MarketParams params;
  PriceClass standard;
  standard.name = "standard";
  standard.prices.cpu_core_hour = 3'600'000;  // a droplet a core-millisecond
  standard.prices.memory_gib_hour = 1'024'000;
  standard.prices.storage_gib_month = 7'200'000;
  standard.prices.gpu_hour = 500'000'000;
  standard.prices.gfuel = 1'000'000;
  standard.prices.egress_gib = 10'000'000;
  standard.prices.million_requests = 2'000'000;
  params.classes.push_back(standard);
  PriceClass dear = standard;
  dear.name = "dear";
  dear.prices.gfuel = 1'400'000;
  dear.prices.cpu_core_hour = 4'000'000;
  params.classes.push_back(dear);
  params.host_bond_min = Amount{1'000'000'000};
  params.service_fee_burn = Amount{1'000'000};
  params.gateway_fee_burn = Amount{2'000'000};
  return params;
}

inline Location somewhere(const char* country = "DE") {
  Location location;
  location.country = country;
  return location;
}

// The attribute has this value.
inline AttributeRule is(const char* key, const char* value) {
  AttributeRule rule;
  rule.key = key;
  rule.values = {value};
  return rule;
}

// Every fault that a message has been refused with in this program.
inline std::set<Fault>& faults_seen() {
  static std::set<Fault> seen;
  return seen;
}

class MarketWorld {
 public:
  explicit MarketWorld(const MarketParams& params = example_params()) : rng_(2026) {
    chain_id = sha256(as_bytes("test chain"));
    Overlay first(state);
    store(first, market_params_key(), params);
    store(first, supply_key(), Supply{});
    state.apply(first.changes());
    open(1'000'000);
  }

  Person person(std::uint64_t droplets = 1'000'000'000'000) {
    const SecretKey key = SecretKey::generate(rng_);
    const Person someone{key, address_of(key.public_key())};
    Supply supply = *load<Supply>(*block_, supply_key());
    supply.minted += Amount{droplets};
    store(*block_, supply_key(), supply);
    Account account;
    account.balance = Amount{droplets};
    store(*block_, account_key(someone.address), account);
    return someone;
  }

  // Applies one message in the open block. A refused one leaves no trace.
  template <class Message>
  Fault send(const Person& from, const Message& message) {
    last_tx = sha256(bcs_encode(++txs_));
    return send_as(last_tx, from, message);
  }
  template <class Message>
  Fault send_as(const TxId& tx, const Person& from, const Message& message) {
    Overlay overlay(*block_);
    const Fault fault = apply(overlay, context, {tx, from.address, 0}, message);
    if (fault == Fault::kNone) block_->merge(std::move(overlay).take_changes());
    faults_seen().insert(fault);
    return fault;
  }

  // Ends the open block, lets the blocks that become due happen, and opens one `ms` later.
  void wait(std::uint64_t ms) {
    const std::uint64_t until = context.time_ms + ms;
    close();
    for (;;) {
      const auto due = next_due_ms(state, context.time_ms + 1);
      if (!due || *due >= until) break;
      open(std::max(*due, context.time_ms + 1));
      close();
    }
    open(until);
  }
  // As wait, but the chain stands still meanwhile: no block in between.
  void stand_still(std::uint64_t ms) {
    close();
    open(context.time_ms + ms);
  }
  // Ends the open block and opens the next one millisecond later.
  void next_block() { stand_still(1); }

  std::uint64_t now() const { return context.time_ms; }
  const Overlay& view() const { return *block_; }
  Overlay& block() { return *block_; }

  template <class T>
  std::optional<T> get(const StateKey& key) const {
    return load<T>(*block_, key);
  }
  Host host(const HostId& id) const { return *get<Host>(host_key(id)); }
  Offer offer(const HostId& id) const { return *get<Offer>(offer_key(id)); }
  Bid bid(const BidId& id) const { return *get<Bid>(bid_key(id)); }
  Lease lease(const LeaseId& id) const { return *get<Lease>(lease_key(id)); }
  Lease lease_of(const BidId& id, std::uint32_t ordinal = 0) const {
    return lease(make_lease_id(id, ordinal));
  }
  bool has_lease(const BidId& id, std::uint32_t ordinal = 0) const {
    return get<Lease>(lease_key(make_lease_id(id, ordinal))).has_value();
  }
  std::uint64_t balance(const Person& someone) const {
    return get<Account>(account_key(someone.address))->balance.droplets;
  }
  std::uint64_t burned() const { return get<Supply>(supply_key())->burned.droplets; }
  ReceiptRecord receipt(const LeaseId& id, std::uint64_t number) const {
    return *get<ReceiptRecord>(receipt_key(id, number));
  }

  // What somebody has been told, oldest first.
  std::vector<MarketEvent> events(const Person& someone) const {
    std::vector<MarketEvent> out;
    const StateKey prefix = events_of(someone.address);
    block_->scan(prefix, prefix_end(prefix), [&](const StateKey&, const Bytes& value) {
      out.push_back(*bcs_decode<MarketEvent>(value));
      return true;
    });
    return out;
  }

  // ---- the usual cast ----
  RegisterHost host_message(const Person& operator_person, const char* country = "DE") {
    RegisterHost message;
    message.operator_key = operator_person.key.public_key();
    message.endpoint = "http://127.0.0.1:9000";
    message.location = somewhere(country);
    message.capacity = {8'000, 16'384, 100'000, 1'000, std::nullopt};
    message.runtimes.push_back(sha256(as_bytes("runtime")));
    message.bond = Amount{2'000'000'000};
    return message;
  }
  HostId add_host(const Person& owner, Scale scale, const char* country = "DE",
                  std::uint8_t price_class = 0) {
    const RegisterHost message = host_message(owner, country);
    EXPECT_EQ(send(owner, message), Fault::kNone);
    const HostId id = make_host_id(last_tx, 0);
    EXPECT_EQ(send(owner, SetOffer{id, price_class, scale, message.capacity}), Fault::kNone);
    return id;
  }
  void add_gateway(const Person& someone) {
    RegisterGateway message;
    message.key = someone.key.public_key();
    message.endpoint = "http://127.0.0.1:8080";
    message.location = somewhere();
    EXPECT_EQ(send(someone, message), Fault::kNone);
  }
  static Manifest manifest() {
    Manifest m;
    m.artifact = sha256(as_bytes("artifact"));
    m.artifact_bytes = 8;
    m.fuel_per_request = 1'000'000'000;
    m.request_bytes_max = 1'000;
    m.response_bytes_max = 1'000;
    return m;
  }
  void publish(const Person& publisher, const char* name) {
    EXPECT_EQ(send(publisher, PublishService{name, manifest()}), Fault::kNone);
  }
  // One core and 1 GiB: 4 624 000 droplets an hour at scale one without use.
  static BidTerms terms(const char* service, std::uint16_t replicas = 1) {
    BidTerms t;
    t.service = service;
    t.replicas_min = replicas;
    t.replicas_max = std::max<std::uint16_t>(replicas, 1);
    t.resources = {1'000, 1'024, 0, 0, std::nullopt};
    t.cap_step = 45;
    t.spend_per_hour_max = Amount{60'000'000};
    return t;
  }
  BidId add_bid(const Person& publisher, const BidTerms& t, std::uint64_t deposit = 100'000'000) {
    EXPECT_EQ(send(publisher, CreateBid{t, Amount{deposit}}), Fault::kNone);
    return make_bid_id(last_tx, 0);
  }

  // Compare every block's matches with the naive reference (see NaiveMarket for what it asks).
  bool compare_matches = false;
  std::uint64_t matches = 0;
  // Before each block, as a node that restarts: the index is made from the whole state.
  bool restarts = false;

  MemoryState state;
  ChainId chain_id;
  BlockContext context;
  TxId last_tx;

 private:
  void open(std::uint64_t time_ms) {
    ++context.height;
    context.chain_id = chain_id;
    context.time_ms = time_ms;
    context.beacon = sha256(bcs_encode(context.height));
    block_.emplace(state);
  }
  void close() {
    settle_due(*block_, context);
    std::vector<Match> expected;
    if (compare_matches) {
      MemoryState before = state;
      before.apply(block_->changes());
      const MarketParams params = *get<MarketParams>(market_params_key());
      expected = NaiveMarket(read_records(before), params, context).clear();
    }
    // The index goes on from block to block, as in a node.
    if (!index_ || restarts) index_.emplace().touch_all();
    clear_market(*block_, context, *index_);
    state.apply(block_->changes());
    check_market(state);
    if (compare_matches) {
      const std::vector<Match> got = proposed_in(read_records(state), context);
      EXPECT_EQ(got.size(), expected.size()) << "height " << context.height;
      EXPECT_TRUE(got == expected) << "height " << context.height;
      matches += got.size();
    }
  }

  SeededRng rng_;
  std::uint64_t txs_ = 0;
  std::optional<Overlay> block_;
  std::optional<MatchingIndex> index_;
};

// One gateway's log of one term, as gateway and Host both keep it.
class ServedLog {
 public:
  ServedLog(const MarketWorld& world, const Person& gateway, const LeaseId& lease,
            std::uint32_t term)
      : key_(gateway.key) {
    voucher.chain_id = world.chain_id;
    voucher.lease = lease;
    voucher.term = term;
    voucher.gateway = gateway.address;
  }
  // A request that burned `fuel` and answered with `bytes`.
  void serve(std::uint64_t fuel, std::uint64_t bytes) {
    LogEntry entry;
    entry.index = log.size();
    entry.request = sha256(bcs_encode(entry.index));
    entry.response = entry.request;
    entry.counters = {1, fuel, bytes};
    EXPECT_TRUE(log.append(log_leaf(entry)));
    ++voucher.count;
    voucher.response_bytes += bytes;
    voucher.chain = extend_chain(voucher.chain, entry.request, entry.response);
  }
  void serve_many(std::size_t requests, std::uint64_t fuel, std::uint64_t bytes) {
    for (std::size_t i = 0; i < requests; ++i) serve(fuel, bytes);
  }
  // A claim over all that was served, extending the last count claimed.
  LogClaim claim() {
    LogClaim out = claim_between(claimed_, log.size());
    claimed_ = log.size();
    return out;
  }
  LogClaim claim_between(std::uint64_t from, std::uint64_t to) const {
    LogClaim out;
    out.gateway = voucher.gateway;
    out.count = to;
    out.root = log.root(to);
    out.consistency = log.consistency(from, to);
    out.voucher = sign_voucher(voucher, key_);
    return out;
  }

  SumLog log;
  Voucher voucher;

 private:
  SecretKey key_;
  std::uint64_t claimed_ = 0;
};

}  // namespace fog::market::testing
