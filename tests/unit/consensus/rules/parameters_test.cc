// Parameters: changed by name, in bounded steps, by two thirds of the stake, after a lock.
#include "consensus/rules/parameters.h"

#include <gtest/gtest.h>

#include "market/types/objects.h"
#include "tests/support/staking_world.h"

namespace fog {
namespace {

using testing::StakingWorld;
using testing::TestKey;

class ParametersTest : public ::testing::Test {
 protected:
  // The verdict on one change of the genesis's parameters.
  Fault change(const std::string& name, std::uint64_t value) {
    Parameters parameters = load_parameters(world.ledger.state);
    ParameterChanges changes;
    changes.push_back({name, value});
    return change_parameters(parameters, changes);
  }
  Fault propose(const TestKey& from, const std::string& name, std::uint64_t value) {
    ProposeParameters message;
    message.changes.push_back({name, value});
    return world.send(from, message);
  }
  Fault vote(const TestKey& from, std::uint64_t number, bool approve) {
    return world.send(from, VoteParameters{number, approve});
  }
  Proposal proposal(std::uint64_t number) const {
    return *load<Proposal>(world.ledger.state, proposal_key(number));
  }
  // Gives the genesis validator's owner something for fees.
  void fund_owner() {
    ASSERT_EQ(world.send(rich, testing::make_transfer(owner.address, kDropletsPerFog)),
              Fault::kNone);
  }
  TestKey rich{1};
  TestKey other{2};
  TestKey owner{901};  // of the genesis's validator
  TestKey second{910};
  StakingWorld world;
};

TEST_F(ParametersTest, EveryNameOfTheGenesisFileIsKnownAndTheEpochLengthIsFixed) {
  EXPECT_EQ(change("params.block_units_max", 200'000'000), Fault::kNone);
  EXPECT_EQ(change("staking.min_bond", 150 * kDropletsPerFog), Fault::kNone);
  EXPECT_EQ(change("staking.slash_per_10000", 600), Fault::kNone);
  EXPECT_EQ(change("market.burn_permille", 21), Fault::kNone);
  EXPECT_EQ(change("market.classes.standard.gfuel", 1'100'000), Fault::kNone);
  EXPECT_EQ(change("params.epoch_length", 5), Fault::kBadParameters);
  for (const char* name :
       {"", "staking", "staking.", "staking.nonsense", "market.classes", "market.classes.standard",
        "market.classes.none.gfuel", "market.classes.standard.nonsense", "nonsense.min_bond"}) {
    EXPECT_EQ(change(name, 5), Fault::kBadParameters) << name;
  }
}

TEST_F(ParametersTest, StepsAreHalfToDouble) {
  EXPECT_EQ(change("staking.slash_per_10000", 250), Fault::kNone);
  EXPECT_EQ(change("staking.slash_per_10000", 249), Fault::kBadParameters);
  EXPECT_EQ(change("staking.slash_per_10000", 1'001), Fault::kNone);
  EXPECT_EQ(change("staking.slash_per_10000", 1'002), Fault::kBadParameters);
  EXPECT_EQ(change("params.base_price_min", ~std::uint64_t{0}), Fault::kBadParameters);
}

TEST_F(ParametersTest, TheGenesisBoundsHoldForWhatComesOut) {
  EXPECT_EQ(change("staking.validators_max", 129), Fault::kBadParameters) << "beyond 128";
  EXPECT_EQ(change("staking.evidence_window_ms", 10'999), Fault::kNone);
  EXPECT_EQ(change("staking.evidence_window_ms", 11'000), Fault::kBadParameters)
      << "with the trusting period as long as unbonding";
  EXPECT_EQ(change("params.block_units_max", 60'000'000), Fault::kNone);
  Parameters parameters = load_parameters(world.ledger.state);
  ParameterChanges both;
  both.push_back({"staking.jail_ms", 1'500});
  both.push_back({"staking.jail_ms", 1'600});
  EXPECT_EQ(change_parameters(parameters, both), Fault::kBadParameters) << "one name twice";
  EXPECT_EQ(change_parameters(parameters, {}), Fault::kBadParameters) << "nothing to change";
}

TEST_F(ParametersTest, AProposalIsVotedOnLockedAndApplied) {
  fund_owner();
  EXPECT_EQ(propose(rich, "staking.jail_ms", 1'500), Fault::kNoVote);
  EXPECT_EQ(propose(owner, "staking.jail_ms", 5'000), Fault::kBadParameters);
  ASSERT_EQ(propose(owner, "staking.jail_ms", 1'500), Fault::kNone);
  const std::uint64_t created = world.now_ms();
  EXPECT_EQ(proposal(1).closes_ms, created + 3'000);
  EXPECT_EQ(vote(rich, 1, true), Fault::kNoVote);
  EXPECT_EQ(vote(owner, 2, true), Fault::kProposalNotFound);
  EXPECT_EQ(vote(owner, 1, false), Fault::kNone);
  EXPECT_EQ(vote(owner, 1, true), Fault::kNone) << "voting again replaces the vote";
  EXPECT_EQ(proposal(1).votes.size(), 1U);

  world.pass(created + 3'000 - world.now_ms());
  EXPECT_EQ(proposal(1).state, ProposalState::kAccepted);
  EXPECT_EQ(proposal(1).stake_for, proposal(1).stake_total);
  EXPECT_EQ(vote(owner, 1, false), Fault::kProposalClosed);
  EXPECT_EQ(load_staking_params(world.ledger.state).jail_ms, 1'000U) << "locked";
  world.pass(created + 5'000 - world.now_ms());
  EXPECT_EQ(proposal(1).state, ProposalState::kApplied);
  EXPECT_EQ(load_staking_params(world.ledger.state).jail_ms, 1'500U);
}

TEST_F(ParametersTest, OneBlockAfterALongSilenceClosesAndApplies) {
  fund_owner();
  ASSERT_EQ(propose(owner, "staking.jail_ms", 1'500), Fault::kNone);
  ASSERT_EQ(vote(owner, 1, true), Fault::kNone);
  world.pass(1'000'000);
  EXPECT_EQ(proposal(1).state, ProposalState::kApplied);
}

TEST_F(ParametersTest, TwoThirdsOfTheStakeAreNotEnough) {
  fund_owner();
  // 1 000 FOG of the first, 500 of the second: two thirds exactly.
  ASSERT_EQ(world.send(rich, world.creation(rich, second, 500 * kDropletsPerFog)), Fault::kNone);
  world.next_epoch();
  world.next_epoch();
  ASSERT_TRUE(world.in_set(second));
  ASSERT_EQ(propose(owner, "staking.jail_ms", 1'500), Fault::kNone);
  ASSERT_EQ(vote(owner, 1, true), Fault::kNone);
  ASSERT_EQ(vote(rich, 1, false), Fault::kNone);
  world.pass(5'000);
  EXPECT_EQ(proposal(1).state, ProposalState::kRejected);
  EXPECT_EQ(proposal(1).stake_for, 1'000 * kDropletsPerFog);
  EXPECT_EQ(proposal(1).stake_total, 1'500 * kDropletsPerFog);
  ASSERT_EQ(propose(owner, "staking.jail_ms", 1'500), Fault::kNone);
  ASSERT_EQ(vote(owner, 2, true), Fault::kNone);
  ASSERT_EQ(vote(rich, 2, true), Fault::kNone);
  world.pass(5'000);
  EXPECT_EQ(proposal(2).state, ProposalState::kApplied);
}

TEST_F(ParametersTest, WhatNoLongerFitsFails) {
  fund_owner();
  ASSERT_EQ(propose(owner, "staking.jail_ms", 2'000), Fault::kNone);
  ASSERT_EQ(propose(owner, "staking.jail_ms", 500), Fault::kNone);
  ASSERT_EQ(vote(owner, 1, true), Fault::kNone);
  ASSERT_EQ(vote(owner, 2, true), Fault::kNone);
  world.pass(10'000);
  EXPECT_EQ(proposal(1).state, ProposalState::kApplied);
  EXPECT_EQ(proposal(2).state, ProposalState::kFailed) << "from 2 000 to 500 is too large a step";
  EXPECT_EQ(load_staking_params(world.ledger.state).jail_ms, 2'000U);
}

TEST_F(ParametersTest, OnlySomeMayBeOpenAtOnce) {
  fund_owner();
  for (int i = 0; i < 16; ++i) ASSERT_EQ(propose(owner, "staking.jail_ms", 1'500), Fault::kNone);
  EXPECT_EQ(propose(owner, "staking.jail_ms", 1'500), Fault::kTooManyProposals);
  world.pass(10'000);
  EXPECT_EQ(propose(owner, "staking.jail_ms", 900), Fault::kNone);
}

}  // namespace
}  // namespace fog
