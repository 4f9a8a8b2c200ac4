// Staking, told message by message: becoming a validator, delegating, leaving, being paid, being
// jailed, being caught.
#include <gtest/gtest.h>

#include "consensus/rules/staking_due.h"
#include "consensus/staking/rewards.h"
#include "tests/support/staking_world.h"

namespace fog {
namespace {

using testing::kRich;
using testing::StakingWorld;
using testing::TestKey;

constexpr std::uint64_t kFog = kDropletsPerFog;

class Staking : public ::testing::Test {
 protected:
  // Registers with 2 000 FOG of owner's.
  void join(const TestKey& who, const TestKey& key, std::uint64_t bond = 2'000 * kFog) {
    ASSERT_EQ(world.send(who, world.creation(who, key, bond)), Fault::kNone);
  }
  Fault delegate(const TestKey& from, const TestKey& to, std::uint64_t amount) {
    return world.send(from, Delegate{to.secret.x_only_key(), Amount{amount}});
  }
  Fault undelegate(const TestKey& from, const TestKey& at, std::optional<Amount> amount) {
    return world.send(from, Undelegate{at.secret.x_only_key(), amount});
  }
  Fault redelegate(const TestKey& who, const TestKey& from, const TestKey& to,
                   std::optional<Amount> amount) {
    return world.send(who, Redelegate{from.secret.x_only_key(), to.secret.x_only_key(), amount});
  }
  // What a message would do, on an overlay that is dropped: the state stays untouched.
  template <class M>
  Fault verdict(const TestKey& sender, const M& message) const {
    Overlay overlay(world.ledger.state);
    BlockContext block;
    block.chain_id = world.ledger.chain_id;
    block.height = world.ledger.height + 1;
    block.time_ms = world.now_ms() + 100;
    return apply(overlay, block, TxContext{TxId{}, sender.address, 0}, message);
  }
  TestKey owner{1};
  TestKey delegator{2};
  TestKey other{3};
  TestKey first{900};  // the genesis's
  TestKey second{910};
  TestKey third{911};
  StakingWorld world;
};

// ---- validators ----

TEST_F(Staking, AGenesisValidatorOwnsItsStake) {
  const ValidatorRecord record = world.validator(first);
  EXPECT_EQ(record.owner, TestKey{901}.address);
  EXPECT_EQ(record.stake, Amount{testing::kTestStake});
  EXPECT_EQ(record.shares, testing::kTestStake);
  EXPECT_EQ(world.stake_of(TestKey{901}, first), Amount{testing::kTestStake});
}

TEST_F(Staking, WhoBondsInOneEpochVotesTwoEpochsLater) {
  const std::uint64_t before = world.balance(owner);
  join(owner, second);
  EXPECT_LT(world.balance(owner), before - 2'000 * kFog) << "the bond and the fee";
  ASSERT_EQ(world.epoch(), 0U);
  EXPECT_FALSE(world.in_set(second));
  world.next_epoch();
  EXPECT_FALSE(world.in_set(second));
  world.next_epoch();
  ASSERT_EQ(world.epoch(), 2U);
  EXPECT_TRUE(world.in_set(second));
  const ValidatorSet set = load_validators(world.ledger.state);
  EXPECT_EQ(set.validators[0].key, second.secret.x_only_key()) << "the largest stake first";
  EXPECT_EQ(set.validators[0].stake, 2'000 * kFog);
}

TEST_F(Staking, EachRefusalOfANewValidator) {
  const CreateValidator good = world.creation(owner, second, 2'000 * kFog);
  const auto after = [&](auto change) {
    CreateValidator message = good;
    change(message);
    return verdict(owner, message);
  };
  EXPECT_EQ(after([](auto&) {}), Fault::kNone);
  EXPECT_EQ(verdict(other, good), Fault::kBadPossession) << "another's signature";
  EXPECT_EQ(after([](auto& m) { m.possession.data[0] ^= 1; }), Fault::kBadPossession);
  EXPECT_EQ(after([](auto& m) { m.commission.rate = 2'001; }), Fault::kBadCommission);
  EXPECT_EQ(after([](auto& m) { m.commission.rate_max = 10'001; }), Fault::kBadCommission);
  EXPECT_EQ(after([](auto& m) { m.commission.change_max = 2'001; }), Fault::kBadCommission);
  EXPECT_EQ(after([](auto& m) { m.beacon_commitment = {}; }), Fault::kBadBeaconCommitment);
  EXPECT_EQ(after([](auto& m) { m.payout = TestKey{77}.address; }), Fault::kNoPayoutAccount);
  EXPECT_EQ(after([](auto& m) { m.bond = Amount{100 * kFog - 1}; }), Fault::kBelowMinBond);
  EXPECT_EQ(after([](auto& m) { m.bond = Amount{100 * kFog}; }), Fault::kNone);
  EXPECT_EQ(after([](auto& m) { m.bond = Amount{2 * kRich}; }), Fault::kInsufficientFunds);
  join(owner, second);
  EXPECT_EQ(after([](auto&) {}), Fault::kValidatorExists);
}

TEST_F(Staking, TheCommissionMovesSlowlyAndWithinItsMaximum) {
  join(owner, second);
  const XOnlyKey key = second.secret.x_only_key();
  const auto edit = [&](std::uint32_t rate) {
    return EditValidator{key, std::nullopt, rate, std::nullopt};
  };
  constexpr std::uint64_t kDayMs = 24ULL * 3'600 * 1'000;
  EXPECT_EQ(verdict(owner, edit(1'050)), Fault::kCommissionTooFast) << "the day is not over";
  world.pass(kDayMs);
  EXPECT_EQ(verdict(other, edit(1'050)), Fault::kNotValidatorOwner);
  EXPECT_EQ(verdict(owner, edit(1'101)), Fault::kCommissionTooFast);
  EXPECT_EQ(verdict(owner, edit(899)), Fault::kCommissionTooFast);
  EXPECT_EQ(verdict(owner, edit(2'001)), Fault::kBadCommission);
  EXPECT_EQ(world.send(owner, edit(1'100)), Fault::kNone);
  EXPECT_EQ(world.validator(second).commission.rate, 1'100U);
  EXPECT_EQ(verdict(owner, edit(1'150)), Fault::kCommissionTooFast);
}

TEST_F(Staking, EditingThePayoutAndTheHashChain) {
  join(owner, second);
  const XOnlyKey key = second.secret.x_only_key();
  EditValidator edit{key, other.address, std::nullopt, sha256(Bytes{1})};
  EXPECT_EQ(verdict(owner, EditValidator{key, TestKey{77}.address, {}, {}}),
            Fault::kNoPayoutAccount);
  EXPECT_EQ(verdict(owner, EditValidator{key, {}, {}, Hash32{}}), Fault::kBadBeaconCommitment);
  EXPECT_EQ(verdict(owner, EditValidator{third.secret.x_only_key(), {}, {}, {}}),
            Fault::kValidatorNotFound);
  EXPECT_EQ(world.send(owner, edit), Fault::kNone);
  EXPECT_EQ(world.validator(second).payout, other.address);
  EXPECT_EQ(world.validator(second).beacon_tip, sha256(Bytes{1}));
  world.next_epoch();
  edit.beacon_commitment = sha256(Bytes{2});
  EXPECT_EQ(verdict(owner, edit), Fault::kValidatorActive) << "it is in the next set";
}

TEST_F(Staking, TheLargestStakesMakeTheSet) {
  Genesis genesis = testing::staking_genesis();
  genesis.staking.validators_max = 2;
  StakingWorld small(genesis);
  ASSERT_EQ(small.send(owner, small.creation(owner, second, 2'000 * kFog)), Fault::kNone);
  ASSERT_EQ(small.send(other, small.creation(other, third, 500 * kFog)), Fault::kNone);
  small.next_epoch();
  small.next_epoch();
  EXPECT_TRUE(small.in_set(first) && small.in_set(second));
  EXPECT_FALSE(small.in_set(third)) << "the smallest of three";
}

TEST_F(Staking, WhoseOwnerHasTooLittleInItIsNotInTheSet) {
  join(owner, second);
  ASSERT_EQ(delegate(delegator, second, 5'000 * kFog), Fault::kNone);
  ASSERT_EQ(undelegate(owner, second, Amount{1'900 * kFog + 1}), Fault::kNone);
  world.next_epoch();
  world.next_epoch();
  EXPECT_FALSE(world.in_set(second));
}

// ---- delegating and leaving ----

TEST_F(Staking, StakeComesBackAfterTheLastEpochItMayVoteInAndTheUnbondingTime) {
  join(owner, second);
  ASSERT_EQ(delegate(delegator, second, 700 * kFog), Fault::kNone);
  EXPECT_EQ(world.stake_of(delegator, second), Amount{700 * kFog});
  const std::uint64_t left_in = world.epoch();
  ASSERT_EQ(undelegate(delegator, second, Amount{200 * kFog}), Fault::kNone);
  EXPECT_EQ(world.stake_of(delegator, second), Amount{500 * kFog});
  EXPECT_EQ(world.pool_stake(second, left_in + 1), Amount{200 * kFog});

  while (world.epoch() <= left_in + 1) world.idle();
  const std::uint64_t ended_ms = load_epoch(world.ledger.state).started_ms;
  const std::uint64_t before = world.balance(delegator);
  world.pass(ended_ms + 20'000 - 1 - world.now_ms());
  EXPECT_EQ(world.balance(delegator), before);
  world.pass(1);
  EXPECT_EQ(world.balance(delegator), before + 200 * kFog);
  EXPECT_EQ(world.pool_stake(second, left_in + 1), Amount{});
}

TEST_F(Staking, EachRefusalOfDelegatingAndLeaving) {
  join(owner, second);
  const XOnlyKey key = second.secret.x_only_key();
  const XOnlyKey none = third.secret.x_only_key();
  EXPECT_EQ(verdict(delegator, Delegate{key, Amount{}}), Fault::kZeroAmount);
  EXPECT_EQ(verdict(delegator, Delegate{none, Amount{1}}), Fault::kValidatorNotFound);
  EXPECT_EQ(verdict(delegator, Delegate{key, Amount{2 * kRich}}), Fault::kInsufficientFunds);
  EXPECT_EQ(verdict(delegator, Undelegate{none, {}}), Fault::kValidatorNotFound);
  EXPECT_EQ(verdict(delegator, Undelegate{key, {}}), Fault::kNoDelegation);
  EXPECT_EQ(verdict(delegator, WithdrawRewards{key}), Fault::kNoDelegation);
  EXPECT_EQ(verdict(delegator, WithdrawRewards{none}), Fault::kValidatorNotFound);
  ASSERT_EQ(delegate(delegator, second, 10), Fault::kNone);
  EXPECT_EQ(verdict(delegator, Undelegate{key, Amount{11}}), Fault::kStakeTooSmall);
  EXPECT_EQ(verdict(delegator, Undelegate{key, Amount{0}}), Fault::kZeroAmount);
  EXPECT_EQ(verdict(delegator, Undelegate{key, Amount{10}}), Fault::kNone);
  EXPECT_EQ(verdict(delegator, WithdrawRewards{key}), Fault::kNothingToWithdraw);
  EXPECT_EQ(verdict(delegator, Redelegate{key, key, {}}), Fault::kSameValidator);
  EXPECT_EQ(verdict(delegator, Redelegate{key, none, {}}), Fault::kValidatorNotFound);
  EXPECT_EQ(verdict(other, Redelegate{key, first.secret.x_only_key(), {}}), Fault::kNoDelegation);
  EXPECT_EQ(verdict(delegator, Redelegate{key, first.secret.x_only_key(), Amount{11}}),
            Fault::kStakeTooSmall);
}

TEST_F(Staking, AllOfItLeavesNothingBehind) {
  join(owner, second);
  ASSERT_EQ(delegate(delegator, second, 12'345), Fault::kNone);
  ASSERT_EQ(undelegate(delegator, second, std::nullopt), Fault::kNone);
  EXPECT_FALSE(world.ledger.state.get(delegation_key(delegator.address, second.secret.x_only_key()))
                   .has_value());
  EXPECT_EQ(undelegate(delegator, second, std::nullopt), Fault::kNoDelegation);
}

TEST_F(Staking, RedelegatedStakeMovesAtOnceAndCannotMoveOn) {
  join(owner, second);
  join(other, third);
  ASSERT_EQ(delegate(delegator, second, 1'000 * kFog), Fault::kNone);
  const std::uint64_t moved_in = world.epoch();
  ASSERT_EQ(redelegate(delegator, second, third, Amount{600 * kFog}), Fault::kNone);
  EXPECT_EQ(world.stake_of(delegator, second), Amount{400 * kFog});
  EXPECT_EQ(world.stake_of(delegator, third), Amount{600 * kFog});
  EXPECT_EQ(redelegate(delegator, third, first, Amount{1}), Fault::kRedelegatedBefore);
  ASSERT_EQ(delegate(delegator, third, 50 * kFog), Fault::kNone);
  EXPECT_EQ(redelegate(delegator, third, first, Amount{50 * kFog}), Fault::kNone)
      << "what did not come from elsewhere may go";
  EXPECT_EQ(redelegate(delegator, third, first, Amount{1}), Fault::kRedelegatedBefore);
  while (world.epoch() <= moved_in + 1) world.idle();
  world.pass(20'000);
  EXPECT_EQ(redelegate(delegator, third, first, Amount{1}), Fault::kNone) << "the lien is over";
}

TEST_F(Staking, SoManyMayGoFromAValidatorToOthersInOneEpochAndNoMore) {
  join(owner, second);
  Overlay overlay(world.ledger.state);
  const auto move_one = [&](std::uint64_t number) {
    const TestKey mover{10'000 + number};
    ValidatorRecord record = *find_validator(overlay, first.secret.x_only_key());
    EXPECT_EQ(bond(overlay, record, mover.address, Amount{10}), Fault::kNone);
    const Redelegate moved{record.key, second.secret.x_only_key(), Amount{10}};
    return apply(overlay, BlockContext{}, TxContext{TxId{}, mover.address, 0}, moved);
  };
  for (std::uint64_t i = 0; i < 1'024; ++i) ASSERT_EQ(move_one(i), Fault::kNone) << i;
  EXPECT_EQ(move_one(1'024), Fault::kTooManyRedelegations);
  const TestKey last{10'000 + 1'024};
  EXPECT_EQ(apply(overlay, BlockContext{}, TxContext{TxId{}, last.address, 0},
                  Undelegate{first.secret.x_only_key(), {}}),
            Fault::kNone)
      << "leaving the ordinary way is open to all";
}

TEST_F(Staking, ManyWhoLeaveInOneEpochAreReleasedOverSeveralBlocks) {
  const XOnlyKey key = first.secret.x_only_key();
  Overlay overlay(world.ledger.state);
  ValidatorRecord record = world.validator(first);
  for (std::uint64_t i = 0; i < kReleasesMax + 5; ++i) {
    Bytes name;
    append_be64(name, i);
    Address address;
    std::copy(name.begin(), name.end(), address.data.begin());
    store(overlay, account_key(address), Account{Amount{10}, {}});
    ASSERT_EQ(debit(overlay, address, Amount{10}), Fault::kNone);
    ASSERT_EQ(bond(overlay, record, address, Amount{10}), Fault::kNone);
    ASSERT_EQ(apply(overlay, BlockContext{}, TxContext{TxId{}, address, 0}, Undelegate{key, {}}),
              Fault::kNone);
    record = *find_validator(overlay, key);
  }
  EXPECT_FALSE(release_stake(overlay, 1, kReleasesMax)) << "not all of it";
  EXPECT_TRUE(release_stake(overlay, 1, kReleasesMax));
  EXPECT_FALSE(overlay.get(unbonding_pool_key(key, 1)).has_value());
  EXPECT_EQ(load<Account>(overlay, account_key(Address{}))->balance, Amount{10});
}

// ---- rewards ----

TEST_F(Staking, TipsAndInflationAreSharedByStakeWithCommission) {
  join(owner, second);
  ASSERT_EQ(delegate(delegator, first, testing::kTestStake), Fault::kNone);
  const EpochTally tally = *load<EpochTally>(world.ledger.state, epoch_tally_key());
  EXPECT_GT(tally.validators[0].tips, Amount{});
  const Supply before = *load<Supply>(world.ledger.state, supply_key());
  // One year passes in this epoch.
  world.pass(365ULL * 24 * 3'600 * 1'000);
  world.next_epoch();
  const Supply after = *load<Supply>(world.ledger.state, supply_key());
  const std::uint64_t minted = (after.minted - before.minted).droplets;
  const std::uint64_t exists = (before.minted - before.burned).droplets;
  EXPECT_LE(minted, exists / 50) << "two per cent, all of it to the one validator of the set";
  EXPECT_GE(minted, exists / 50 - 10);
  const ValidatorRecord record = world.validator(first);
  EXPECT_EQ(record.commission_due.droplets, (minted + tally.validators[0].tips.droplets) / 20)
      << "five per cent";
  EXPECT_EQ(record.rewards + record.commission_due, Amount{minted} + tally.validators[0].tips);

  const std::uint64_t had = world.balance(delegator);
  const std::uint64_t half = record.rewards.droplets / 2;
  ASSERT_EQ(world.send(delegator, WithdrawRewards{first.secret.x_only_key()}), Fault::kNone);
  const std::uint64_t got = world.balance(delegator) - had;
  EXPECT_LE(got, half);
  EXPECT_GT(got, half - 1'000'000) << "half of the stake, less this fee";
  EXPECT_EQ(world.send(delegator, WithdrawRewards{first.secret.x_only_key()}),
            Fault::kNothingToWithdraw);
}

TEST_F(Staking, TheOwnersWithdrawalSendsTheCommissionToThePayout) {
  join(owner, second);
  ASSERT_EQ(world.send(owner, EditValidator{second.secret.x_only_key(), other.address, {}, {}}),
            Fault::kNone);
  Overlay overlay(world.ledger.state);
  ValidatorRecord record = world.validator(second);
  record.commission_due = Amount{77};
  keep_validator(overlay, record);
  const TxContext tx{TxId{}, owner.address, 0};
  ASSERT_EQ(apply(overlay, BlockContext{}, tx, WithdrawRewards{record.key}), Fault::kNone);
  EXPECT_EQ(load<Account>(overlay, account_key(other.address))->balance.droplets,
            world.balance(other) + 77);
}

TEST_F(Staking, InflationIsBounded) {
  constexpr std::uint64_t kYearMs = 365ULL * 24 * 3'600 * 1'000;
  const Supply supply{Amount{1'000'000}, Amount{500'000}};
  EXPECT_EQ(epoch_inflation(supply, 200, kYearMs), Amount{10'000});
  EXPECT_EQ(epoch_inflation(supply, 200, kYearMs / 2), Amount{5'000});
  EXPECT_EQ(epoch_inflation(supply, 200, 100 * kYearMs), Amount{10'000}) << "a year's at most";
  EXPECT_EQ(epoch_inflation(supply, 0, kYearMs), Amount{});
  const Supply full{Amount{~std::uint64_t{0} - 5}, Amount{}};
  EXPECT_EQ(epoch_inflation(full, 200, kYearMs), Amount{5}) << "64 bits are never exceeded";
}

TEST_F(Staking, WhoWithholdsEveryLinkGetsNoBlockReward) {
  EpochTally tally;
  tally.blocks = 10;
  tally.certificates = 10;
  tally.validators.push_back({10, 10, Amount{}});
  tally.validators.push_back({0, 10, Amount{}});
  join(owner, second, testing::kTestStake);
  ValidatorSet set;
  set.validators.push_back({first.secret.x_only_key(), testing::kTestStake});
  set.validators.push_back({second.secret.x_only_key(), testing::kTestStake});
  Overlay overlay(world.ledger.state);
  BlockContext block;
  block.time_ms = world.now_ms() + 365ULL * 24 * 3'600 * 1'000;
  settle_epoch(overlay, block, set, tally, EpochRecord{0, {}, world.now_ms()});
  const auto total = [&](const TestKey& key) {
    const auto record = *find_validator(overlay, key.secret.x_only_key());
    return (record.rewards + record.commission_due).droplets;
  };
  EXPECT_NEAR(static_cast<double>(total(first)), 3.0 * static_cast<double>(total(second)), 10.0)
      << "half by stake to both, half by blocks to one";
}

// ---- jail ----

TEST_F(Staking, AbsenceIsJudgedOnlyWithEnoughCertificates) {
  EpochTally tally;
  tally.certificates = 50;
  tally.validators.push_back({0, 0, Amount{}});
  tally.validators.push_back({0, 1, Amount{}});
  tally.validators.push_back({1, 0, Amount{}});
  EXPECT_TRUE(was_absent(tally, 0, 100));
  EXPECT_FALSE(was_absent(tally, 1, 100)) << "in one certificate";
  EXPECT_FALSE(was_absent(tally, 2, 100)) << "proposed a block";
  tally.certificates = 49;
  EXPECT_FALSE(was_absent(tally, 0, 100)) << "leaders may omit certificates";
  tally.certificates = 100;
  EXPECT_TRUE(was_absent(tally, 0, 1'000'000));
  tally.certificates = 99;
  EXPECT_FALSE(was_absent(tally, 0, 1'000'000));
  tally.certificates = 0;
  EXPECT_FALSE(was_absent(tally, 0, 1));
}

TEST_F(Staking, WhoWasAbsentIsJailedAndMayComeBackLater) {
  join(owner, second);
  Overlay overlay(world.ledger.state);
  EpochTally tally;
  tally.blocks = tally.certificates = 4;
  tally.validators.push_back({0, 0, Amount{}});
  ValidatorSet set;
  set.validators.push_back({second.secret.x_only_key(), 5});
  BlockContext block;
  block.time_ms = world.now_ms();
  settle_epoch(overlay, block, set, tally, load_epoch(overlay));
  world.ledger.state.apply(overlay.changes());
  EXPECT_EQ(world.validator(second).jailed_until_ms, world.now_ms() + 1'000);
  EXPECT_EQ(choose_validators(world.ledger.state, {}).validators.size(), 1U);

  const Unjail unjail{second.secret.x_only_key()};
  EXPECT_EQ(verdict(other, unjail), Fault::kNotValidatorOwner);
  EXPECT_EQ(verdict(TestKey{901}, Unjail{first.secret.x_only_key()}), Fault::kNotJailed);
  EXPECT_EQ(verdict(owner, unjail), Fault::kStillJailed);
  world.pass(900);
  ASSERT_EQ(world.send(owner, unjail), Fault::kNone);
  EXPECT_EQ(choose_validators(world.ledger.state, {}).validators.size(), 2U);
}

// ---- evidence ----

TEST_F(Staking, EvidenceSlashesTombstonesAndPaysTheReporter) {
  join(owner, second);
  ASSERT_EQ(delegate(delegator, second, 1'000 * kFog), Fault::kNone);
  world.next_epoch();
  world.next_epoch();
  const std::uint64_t epoch = world.epoch();
  const SubmitEvidence evidence = world.double_vote(second, epoch);
  const std::uint64_t before = world.balance(other);
  const Amount burned = load<Supply>(world.ledger.state, supply_key())->burned;
  ASSERT_EQ(world.send(other, evidence), Fault::kNone);
  EXPECT_EQ(world.validator(second).stake, Amount{2'850 * kFog}) << "five per cent of 3 000";
  EXPECT_EQ(world.stake_of(delegator, second), Amount{950 * kFog});
  EXPECT_TRUE(world.validator(second).tombstoned);
  EXPECT_GT(world.balance(other), before + 7 * kFog) << "five per cent of 150, less a fee";
  EXPECT_GE(load<Supply>(world.ledger.state, supply_key())->burned,
            burned + Amount{142'500'000'000});

  EXPECT_EQ(world.send(other, evidence), Fault::kEvidenceSeen) << "the same again";
  Vote nullify{epoch, 30, VoteKind::kNullify, 0, BlockId{}};
  Vote finalize{epoch, 30, VoteKind::kFinalize, 29, sha256(Bytes{1})};
  EXPECT_EQ(world.send(other, world.evidence(second, nullify, finalize)), Fault::kEvidenceSeen)
      << "once is enough";
  EXPECT_EQ(delegate(delegator, second, 5), Fault::kValidatorTombstoned);
  EXPECT_EQ(verdict(TestKey{901},
                    Redelegate{first.secret.x_only_key(), second.secret.x_only_key(), Amount{5}}),
            Fault::kValidatorTombstoned);
  EXPECT_EQ(verdict(owner, Unjail{second.secret.x_only_key()}), Fault::kValidatorTombstoned);
  world.next_epoch();
  world.next_epoch();
  EXPECT_FALSE(world.in_set(second)) << "out of the first set that was not fixed yet";
  EXPECT_EQ(undelegate(delegator, second, std::nullopt), Fault::kNone) << "what is left may leave";
}

TEST_F(Staking, EvidenceReachesWhatHasLeftSince) {
  join(owner, second);
  join(other, third);
  ASSERT_EQ(delegate(delegator, second, 1'000 * kFog), Fault::kNone);
  world.next_epoch();
  world.next_epoch();
  const std::uint64_t epoch = world.epoch();
  ASSERT_EQ(undelegate(delegator, second, Amount{400 * kFog}), Fault::kNone);
  ASSERT_EQ(redelegate(delegator, second, third, Amount{600 * kFog}), Fault::kNone);
  ASSERT_EQ(world.send(TestKey{4}, world.double_vote(second, epoch)), Fault::kNone);
  EXPECT_EQ(world.pool_stake(second, epoch + 1), Amount{380 * kFog});
  EXPECT_EQ(world.stake_of(delegator, third), Amount{570 * kFog});
  EXPECT_EQ(world.validator(second).stake, Amount{1'900 * kFog});
}

TEST_F(Staking, ALienFollowsStakeThatLeavesTheSecondValidatorToo) {
  join(owner, second);
  join(other, third);
  ASSERT_EQ(delegate(delegator, second, 1'000 * kFog), Fault::kNone);
  world.next_epoch();
  world.next_epoch();
  const std::uint64_t epoch = world.epoch();
  ASSERT_EQ(redelegate(delegator, second, third, Amount{600 * kFog}), Fault::kNone);
  ASSERT_EQ(undelegate(delegator, third, std::nullopt), Fault::kNone);
  ASSERT_EQ(world.send(owner, world.double_vote(second, epoch)), Fault::kNone);
  EXPECT_EQ(world.pool_stake(third, epoch + 1), Amount{570 * kFog});
  EXPECT_EQ(world.validator(third).stake, Amount{2'000 * kFog}) << "nobody else pays for it";
}

TEST_F(Staking, WhoJoinedLaterPaysNoMoreThanTheRate) {
  join(owner, second);
  world.next_epoch();
  world.next_epoch();
  const std::uint64_t epoch = world.epoch();
  ASSERT_EQ(delegate(delegator, second, 2'000 * kFog), Fault::kNone);
  ASSERT_EQ(world.send(other, world.double_vote(second, epoch)), Fault::kNone);
  EXPECT_EQ(world.validator(second).stake, Amount{3'900 * kFog})
      << "five per cent of the 2 000 that were bonded, out of all that is";
}

TEST_F(Staking, EachRefusalOfEvidence) {
  join(owner, second);
  const std::uint64_t epoch = world.epoch();
  EXPECT_EQ(verdict(other, world.double_vote(second, epoch)), Fault::kNotInSet);
  EXPECT_EQ(verdict(other, world.double_vote(third, epoch)), Fault::kValidatorNotFound);
  EXPECT_EQ(verdict(other, world.double_vote(first, epoch + 1)), Fault::kEvidenceTooEarly);
  SubmitEvidence evidence = world.double_vote(first, epoch);
  EXPECT_EQ(verdict(other, evidence), Fault::kNone);
  evidence.second_signature.data[5] ^= 1;
  EXPECT_EQ(verdict(other, evidence), Fault::kBadVoteSignature);
  evidence = world.double_vote(first, epoch);
  evidence.first_signature = evidence.second_signature;
  EXPECT_EQ(verdict(other, evidence), Fault::kBadVoteSignature);
  evidence.second = evidence.first;
  EXPECT_EQ(verdict(other, evidence), Fault::kNotConflicting);

  evidence = world.double_vote(first, epoch);
  world.next_epoch();
  const std::uint64_t ended_ms = load_epoch(world.ledger.state).started_ms;
  EXPECT_EQ(verdict(other, evidence), Fault::kNone) << "a past epoch's, within the window";
  world.pass(ended_ms + 8'999 - world.now_ms());
  EXPECT_EQ(verdict(other, evidence), Fault::kNone);
  world.pass(1);
  EXPECT_EQ(verdict(other, evidence), Fault::kEvidenceTooOld);
}

}  // namespace
}  // namespace fog
