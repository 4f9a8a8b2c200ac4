// Votes of one view: when they make a certificate, and when they are evidence.
#include "consensus/core/vote_keeper.h"

#include <gtest/gtest.h>

#include "tests/sim/core_world.h"

namespace fog::sim {
namespace {

Vote vote_for(VoteKind kind, std::uint8_t block, std::uint64_t parent_view = 6) {
  Vote vote;
  vote.epoch = 1;
  vote.view = 7;
  vote.kind = kind;
  if (kind == VoteKind::kNullify) return vote;
  vote.parent_view = parent_view;
  vote.block.data[0] = block;
  return vote;
}

TEST(VoteKeeper, ExactlyTwoThirdsOfTheStakeIsNoQuorum) {
  const ValidatorSet set = made_up_set({100, 100, 99, 1});
  VoteKeeper keeper;
  const Vote vote = vote_for(VoteKind::kNotarize, 1);
  EXPECT_FALSE(keeper.add(set, unsigned_vote(vote, 0)).certificate);
  EXPECT_FALSE(keeper.add(set, unsigned_vote(vote, 1)).certificate) << "200 of 300";
  const auto added = keeper.add(set, unsigned_vote(vote, 3));
  ASSERT_TRUE(added.certificate) << "201 of 300";
  EXPECT_EQ(added.certificate->vote, vote);
  ASSERT_EQ(added.certificate->signatures.size(), 3U);
  EXPECT_EQ(added.certificate->signatures[2].index, 3) << "ascending by index";
}

TEST(VoteKeeper, TheLargestStakesDoNotOverflow) {
  constexpr std::uint64_t kMost = ~std::uint64_t{0} / 4;
  const ValidatorSet set = made_up_set({kMost, kMost, kMost, kMost});
  VoteKeeper keeper;
  const Vote vote = vote_for(VoteKind::kNullify, 0);
  EXPECT_FALSE(keeper.add(set, unsigned_vote(vote, 0)).certificate);
  EXPECT_FALSE(keeper.add(set, unsigned_vote(vote, 1)).certificate);
  EXPECT_TRUE(keeper.add(set, unsigned_vote(vote, 2)).certificate);
  EXPECT_EQ(keeper.nullify_stake(set), 3 * kMost);
}

TEST(VoteKeeper, VotesForDifferentBlocksDoNotAddUp) {
  const ValidatorSet set = made_up_set({1, 1, 1, 1});
  VoteKeeper keeper;
  EXPECT_FALSE(keeper.add(set, unsigned_vote(vote_for(VoteKind::kNotarize, 1), 0)).certificate);
  EXPECT_FALSE(keeper.add(set, unsigned_vote(vote_for(VoteKind::kNotarize, 1), 1)).certificate);
  EXPECT_FALSE(keeper.add(set, unsigned_vote(vote_for(VoteKind::kNotarize, 2), 2)).certificate);
  EXPECT_FALSE(keeper.add(set, unsigned_vote(vote_for(VoteKind::kNotarize, 1, 5), 3)).certificate)
      << "the same block on another parent view is another proposal";
}

TEST(VoteKeeper, AVoteHeardTwiceCountsOnce) {
  const ValidatorSet set = made_up_set({1, 1, 1, 1});
  VoteKeeper keeper;
  const Vote vote = vote_for(VoteKind::kFinalize, 1);
  EXPECT_TRUE(keeper.add(set, unsigned_vote(vote, 0)).is_new);
  for (int i = 0; i < 3; ++i) {
    const auto again = keeper.add(set, unsigned_vote(vote, 0));
    EXPECT_FALSE(again.is_new);
    EXPECT_FALSE(again.evidence);
    EXPECT_FALSE(again.certificate);
  }
}

TEST(VoteKeeper, WhatIsEvidenceAndWhatIsNot) {
  const auto conflict = [](VoteKind a, std::uint8_t block_a, VoteKind b, std::uint8_t block_b) {
    VoteKeeper keeper;
    const ValidatorSet set = made_up_set({1, 1, 1, 1});
    keeper.add(set, unsigned_vote(vote_for(a, block_a), 2));
    const auto added = keeper.add(set, unsigned_vote(vote_for(b, block_b), 2));
    EXPECT_EQ(added.evidence.has_value(),
              is_equivocation(vote_for(a, block_a), vote_for(b, block_b)));
    return added.evidence.has_value();
  };
  using enum VoteKind;
  EXPECT_TRUE(conflict(kNotarize, 1, kNotarize, 2));
  EXPECT_TRUE(conflict(kFinalize, 1, kFinalize, 2));
  EXPECT_TRUE(conflict(kNullify, 0, kFinalize, 1));
  EXPECT_TRUE(conflict(kFinalize, 1, kNullify, 0));
  // An honest validator whose timer fires after it has voted says both.
  EXPECT_FALSE(conflict(kNotarize, 1, kNullify, 0));
  // It voted for one proposal of a leader that made two, and saw the other one notarized.
  EXPECT_FALSE(conflict(kNotarize, 1, kFinalize, 2));
  EXPECT_FALSE(conflict(kNullify, 0, kNullify, 0));
}

TEST(VoteKeeper, VotesInDifferentViewsOrEpochsAreNoEvidence) {
  const Vote one = vote_for(VoteKind::kNotarize, 1);
  Vote other = vote_for(VoteKind::kNotarize, 2);
  EXPECT_TRUE(is_equivocation(one, other));
  other.view = 8;
  EXPECT_FALSE(is_equivocation(one, other));
  other.view = 7;
  other.epoch = 2;
  EXPECT_FALSE(is_equivocation(one, other));
}

}  // namespace
}  // namespace fog::sim
