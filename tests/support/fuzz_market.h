// A small market for fuzzing: one Host with an active lease, one gateway, one Publisher, and the
// check that a block conserves money whatever it carried.
#pragma once

#include "chain/crypto/hash.h"
#include "market/rules/matching_index.h"
#include "market/rules/rules.h"
#include "tests/support/memory_state.h"

namespace fog::market::testing {

struct FuzzMarket {
  SecretKey publisher = key_of(1);
  SecretKey gateway = key_of(2);
  SecretKey owner = key_of(3);
  fog::testing::MemoryState state;
  BlockContext block;
  HostId host;
  BidId bid;
  LeaseId lease;
  std::uint8_t txs = 0;

  FuzzMarket() {
    Overlay first(state);
    MarketParams params;
    PriceClass standard;
    standard.prices = {3'600'000, 1'024'000, 7'200'000, 500'000'000, 1'000'000, 10'000'000, 1'000};
    params.classes.push_back(standard);
    store(first, market_params_key(), params);
    Supply supply;
    for (const SecretKey* key : {&publisher, &gateway, &owner}) {
      Account account;
      account.balance = Amount{1'000 * kDropletsPerFog};
      supply.minted += account.balance;
      store(first, account_key(address_of(key->public_key())), account);
    }
    store(first, supply_key(), supply);
    state.apply(first.changes());
    block.time_ms = 1'000'000;
    make_market();
  }

  static SecretKey key_of(std::uint8_t number) {
    Hash32 bytes;
    bytes.data[31] = number;
    return *SecretKey::from_bytes(bytes);
  }
  static Address address(const SecretKey& key) { return address_of(key.public_key()); }

  // Applies a message in an overlay as the rules' caller does: a refused one leaves no trace.
  template <class Message>
  Fault send(Overlay& overlay, const SecretKey& from, const Message& message) {
    Overlay trial(overlay);
    const TxContext tx{sha256(bcs_encode(++txs)), address(from), 0};
    const Fault fault = apply(trial, block, tx, message);
    if (fault == Fault::kNone) overlay.merge(std::move(trial).take_changes());
    return fault;
  }
  void end_block(Overlay& overlay) {
    settle_due(overlay, block);
    MatchingIndex index;
    index.touch_all();
    clear_market(overlay, block, index);
    check_conserved(overlay);
  }
  // Over the changed records and their values before, as after every block.
  void check_conserved(const Overlay& overlay) const {
    u128 before = 0;
    u128 after = 0;
    for (const auto& [key, value] : overlay.changes()) {
      const auto old = state.get(key);
      if (old) before += worth(key, *old);
      if (value) after += worth(key, *value);
    }
    CHECK(before == after);
  }

 private:
  static u128 worth(const StateKey& key, const Bytes& value) {
    if (key[0] == static_cast<std::uint8_t>(Table::kAccount)) {
      return bcs_decode<Account>(value)->balance.droplets;
    }
    if (key[0] == static_cast<std::uint8_t>(Table::kSupply)) {
      return bcs_decode<Supply>(value)->burned.droplets;
    }
    const HeldMoney held = held_money(key, value);
    return held.bonds + held.escrows;
  }
  void run(const SecretKey& from, const auto& message) {
    Overlay overlay(state);
    ++block.height;
    block.time_ms += 1'000;
    block.beacon = sha256(bcs_encode(block.height));
    CHECK(send(overlay, from, message) == Fault::kNone);
    end_block(overlay);
    state.apply(overlay.changes());
  }
  void make_market() {
    Location here;
    here.country = "DE";
    RegisterHost registration;
    registration.operator_key = owner.public_key();
    registration.endpoint = "http://127.0.0.1:9000";
    registration.location = here;
    registration.capacity = {8'000, 8'192, 0, 0, std::nullopt};
    registration.runtimes.push_back(sha256(as_bytes("runtime")));
    registration.bond = Amount{200 * kDropletsPerFog};
    run(owner, registration);
    host = make_host_id(sha256(bcs_encode(txs)), 0);
    run(owner, SetOffer{host, 0, kScaleOne, registration.capacity});
    run(gateway, RegisterGateway{gateway.public_key(), "http://127.0.0.1:8080", here});
    Manifest manifest;
    manifest.artifact = sha256(as_bytes("artifact"));
    manifest.artifact_bytes = 1;
    manifest.fuel_per_request = 1'000'000;
    run(publisher, PublishService{"svc", manifest});
    CreateBid creation;
    creation.terms.service = "svc";
    creation.terms.resources = {1'000, 64, 0, 0, std::nullopt};
    creation.terms.cap_step = 50;
    creation.terms.spend_per_hour_max = Amount{1'000'000'000};
    creation.terms.gateways.push_back(address(gateway));
    creation.deposit = Amount{500'000'000};
    run(publisher, creation);
    bid = make_bid_id(sha256(bcs_encode(txs)), 0);
    lease = make_lease_id(bid, 0);
    run(owner, Heartbeat{host});
    run(owner, AckLease{lease, 1});
    run(owner, AdmitAuditors{host, {address(gateway)}});
    ++block.height;
    block.time_ms += 30'000;
  }
};

}  // namespace fog::market::testing
