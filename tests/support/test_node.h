// A chain with one validator and funded accounts, and nodes that run it in a directory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "chain/ledger/check.h"
#include "consensus/engine/node.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/test_chain.h"

namespace fog::testing {

inline ValidatorKey test_validator_key() {
  SeededRng rng(4'711);
  return ValidatorKey::generate(rng);
}

// Accounts belong to TestKey(0), TestKey(1), ...
inline Genesis test_genesis(const ValidatorKey& key, std::size_t accounts,
                            std::uint64_t fog_each = 1'000'000) {
  Genesis genesis;
  genesis.chain_name = "fog-test";
  genesis.time_ms = 1'700'000'000'000;
  market::PriceClass standard;
  standard.name = "standard";
  standard.prices = {1'000'000, 200'000, 50'000, 40'000'000, 30'000, 20'000'000, 5'000'000};
  genesis.market.classes.push_back(standard);
  genesis.validators.push_back(
      key.genesis_entry(TestKey(999'999).address, Amount{1'000 * kDropletsPerFog}));
  for (std::size_t i = 0; i < accounts; ++i)
    genesis.accounts.push_back({TestKey(i).address, Amount{fog_each * kDropletsPerFog}});
  std::sort(genesis.accounts.begin(), genesis.accounts.end(),
            [](const auto& a, const auto& b) { return a.address < b.address; });
  return genesis;
}

inline Address random_address(SeededRng& rng) {
  Address address;
  rng.fill(address.data);
  return address;
}

// A signed transfer that the node's clock accepts.
inline SignedTx signed_transfer(const ChainId& chain, const TestKey& from, std::uint64_t sequence,
                                const Address& to, std::uint64_t droplets,
                                std::uint64_t price_max = 1'000, std::uint8_t lane = 0) {
  TxBody body = make_body(from.address, sequence, {make_transfer(to, droplets)},
                          system_clock().wall_ms() + 3'600'000);
  body.chain_id = chain;
  body.price_max = price_max;
  body.lane = lane;
  return sign_tx(body, from);
}

}  // namespace fog::testing
