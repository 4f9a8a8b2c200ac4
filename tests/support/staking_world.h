// A chain in memory with short epochs and short staking times: accounts 1 to 6 are rich, validator
// 900 comes from the genesis and proposes every block, others register.
#pragma once

#include <gtest/gtest.h>

#include "consensus/staking/delegation.h"
#include "consensus/staking/evidence.h"
#include "consensus/staking/validators.h"
#include "tests/support/test_ledger.h"

namespace fog::testing {

constexpr std::uint64_t kWorldEpochLength = 4;
constexpr std::uint64_t kRich = 100'000 * kDropletsPerFog;

inline Genesis staking_genesis() {
  std::vector<TestKey> rich;
  for (std::uint64_t i = 1; i <= 6; ++i) rich.emplace_back(i);
  Genesis genesis = test_genesis(rich, kRich);
  genesis.params.epoch_length = kWorldEpochLength;
  genesis.staking.unbonding_ms = 20'000;
  genesis.staking.evidence_window_ms = 9'000;
  genesis.staking.trusting_period_ms = 9'000;
  genesis.staking.jail_ms = 1'000;
  genesis.staking.voting_ms = 3'000;
  genesis.staking.lock_ms = 2'000;
  return genesis;
}

class StakingWorld {
 public:
  explicit StakingWorld(const Genesis& genesis = staking_genesis()) : ledger(genesis) {}

  // A block of one transaction; the fault of its message.
  Fault send(const TestKey& from, const RawMessage& message, std::uint64_t after_ms = 100) {
    const auto result = ledger.run({ledger.tx(from, {message})}, after_ms);
    CHECK(result.has_value());
    check_supply();
    return static_cast<Fault>(result->outcomes[0].fault);
  }
  template <class M>
  Fault send(const TestKey& from, const M& message, std::uint64_t after_ms = 100) {
    return send(from, make_message(message), after_ms);
  }
  // A block without transactions; it reveals a link when something is due.
  void idle(std::uint64_t after_ms = 100) {
    Block block;
    block.header = ledger.next_header(after_ms, false);
    auto result = ledger.execute(block);
    if (!result) {
      block.header = ledger.next_header(after_ms, true);
      result = ledger.execute(block);
    }
    CHECK(result.has_value());
    ledger.commit(block.header, result->changes);
    check_supply();
  }
  // Idle blocks until the next epoch has begun.
  void next_epoch(std::uint64_t after_ms = 100) {
    const std::uint64_t now = epoch();
    while (epoch() == now) idle(after_ms);
  }
  void pass(std::uint64_t ms) { idle(ms); }

  CreateValidator creation(const TestKey& owner, const TestKey& key, std::uint64_t bond) const {
    CreateValidator message;
    message.key = key.secret.x_only_key();
    message.possession =
        key.secret.sign_schnorr(possession_digest(ledger.chain_id, owner.address), Hash32{});
    message.payout = owner.address;
    message.commission = {1'000, 2'000, 100};
    message.beacon_commitment = sha256(message.key);
    message.bond = Amount{bond};
    return message;
  }
  SubmitEvidence evidence(const TestKey& key, Vote first, Vote second) const {
    const auto sign = [&](const Vote& vote) {
      return key.secret.sign_schnorr(vote_digest(ledger.chain_id, vote), Hash32{});
    };
    return {key.secret.x_only_key(), first, sign(first), second, sign(second)};
  }
  // Two notarize votes for different blocks in one view of an epoch.
  SubmitEvidence double_vote(const TestKey& key, std::uint64_t in_epoch) const {
    const Vote first{in_epoch, 9, VoteKind::kNotarize, 8, sha256(Bytes{1})};
    Vote second = first;
    second.block = sha256(Bytes{2});
    return evidence(key, first, second);
  }

  std::uint64_t epoch() const { return load_epoch(ledger.state).epoch; }
  std::uint64_t now_ms() const { return ledger.parent_time_ms; }
  ValidatorRecord validator(const TestKey& key) const {
    return *find_validator(ledger.state, key.secret.x_only_key());
  }
  Amount stake_of(const TestKey& delegator, const TestKey& validator_key) const {
    return delegated(ledger.state, validator(validator_key), delegator.address);
  }
  std::uint64_t balance(const TestKey& key) const { return ledger.balance(key.address); }
  bool in_set(const TestKey& key) const {
    return place_of(load_validators(ledger.state), key.secret.x_only_key()).has_value();
  }
  Amount pool_stake(const TestKey& key, std::uint64_t last_epoch) const {
    return load<UnbondingPool>(ledger.state,
                               unbonding_pool_key(key.secret.x_only_key(), last_epoch))
        .value_or(UnbondingPool{})
        .stake;
  }
  void check_supply() const { EXPECT_TRUE(ledger.supply().conserved()); }

  TestLedger ledger;
};

}  // namespace fog::testing
