// After a crash: the journal's votes are said again and never contradicted, and what only the
// signer remembers is not voted in again.
#include <gtest/gtest.h>

#include "tests/sim/core_world.h"

namespace fog::sim {
namespace {

using enum VoteKind;

std::size_t times_signed(const CoreWorld& world, std::size_t member, VoteKind kind,
                         std::uint64_t view) {
  std::size_t count = 0;
  for (const Vote& vote : world.signed_by(member)) count += vote.kind == kind && vote.view == view;
  return count;
}

TEST(SimplexRestart, VotesAreRepeatedWordForWord) {
  CoreWorld world({.leaders = {1, 2, 3, 0}});
  world.set_filter([](std::size_t, std::size_t, const Input& message) {
    return std::holds_alternative<ProposalInput>(message);
  });
  const std::uint64_t view = world.first_view();
  world.want_height(1);
  world.run(50);
  ASSERT_EQ(times_signed(world, 0, kNotarize, view), 1U);
  const Vote first = world.signed_by(0).back();
  for (int life = 0; life < 3; ++life) {
    world.crash(0);
    world.restart(0);
    EXPECT_EQ(world.signed_by(0).back(), first);
  }
  EXPECT_EQ(times_signed(world, 0, kNotarize, view), 4U);
  world.set_filter({});
  EXPECT_TRUE(world.run_to_height(3, 5'000));
  EXPECT_TRUE(world.violations().empty());
}

TEST(SimplexRestart, ALeaderRepeatsItsProposalAndMakesNoSecondOne) {
  CoreWorld world({.leaders = {1, 2, 3, 0}});
  world.set_filter([](std::size_t, std::size_t, const Input&) { return false; });
  const std::uint64_t view = world.first_view();
  world.want_height(1);
  ASSERT_TRUE(world.has_signed(1, kNotarize, view));
  world.crash(1);
  world.set_filter({});
  world.restart(1);
  EXPECT_TRUE(world.run_to_height(1, 100)) << "the repeated proposal reaches the others";
  EXPECT_EQ(times_signed(world, 1, kNotarize, view), 2U);
  EXPECT_TRUE(world.violations().empty());
  EXPECT_TRUE(world.evidence().empty());
}

TEST(SimplexRestart, AFinalizeVoteSurvivesSoThatNoNullifyFollows) {
  CoreWorld world({.leaders = {1, 2, 3, 0}});
  const std::uint64_t view = world.first_view();
  world.set_filter([&](std::size_t, std::size_t, const Input& message) {
    const auto* vote = std::get_if<VoteInput>(&message);
    return vote == nullptr || vote->vote.vote.kind != kFinalize;
  });
  world.want_height(1);
  world.run(30);
  ASSERT_TRUE(world.has_signed(0, kFinalize, view));
  world.crash(0);
  world.restart(0);
  EXPECT_EQ(world.core(0).view(), view + 1) << "the journal has the notarization";
  world.hand(0, TimerInput{TimerKind::kAdvance, view});
  world.run(1'000);
  EXPECT_FALSE(world.has_signed(0, kNullify, view));
  EXPECT_TRUE(world.violations().empty());
}

TEST(SimplexRestart, ASignerAheadOfTheJournalVotesInLaterViewsOnly) {
  CoreWorld world({.leaders = {1, 2, 3, 0, 1, 2, 3, 0}});
  const std::uint64_t signed_view = world.first_view() + 3;
  world.crash(0);
  world.restart(0, signed_view);
  ASSERT_TRUE(world.run_to_height(12, 10'000));
  for (const Vote& vote : world.signed_by(0)) {
    if (vote.kind == kNullify) {
      EXPECT_GE(vote.view, signed_view);
    } else {
      EXPECT_GT(vote.view, signed_view);
    }
  }
  EXPECT_TRUE(world.has_signed(0, kFinalize, signed_view + 1)) << "then it takes part again";
  EXPECT_TRUE(world.violations().empty());
}

TEST(SimplexRestart, EveryMemberCrashesInTurnAndTheChainGoesOn) {
  CoreWorld world({});
  for (std::uint64_t round = 0; round < 40; ++round) {
    const std::size_t member = round % 4;
    world.want_height(5 * (round + 1));
    world.run(3 + 7 * (round % 5));
    world.crash(member);
    world.run(5);
    world.restart(member);
  }
  EXPECT_TRUE(world.run_to_height(220, 60'000));
  for (const std::string& sentence : world.violations()) ADD_FAILURE() << sentence;
  EXPECT_TRUE(world.evidence().empty());
}

TEST(SimplexRestart, AllCrashAtOnceAtEveryStepOfABlock) {
  for (std::uint64_t at_ms = 0; at_ms <= 60; at_ms += 5) {
    CoreWorld world({.leaders = {1, 2, 3, 0}});
    world.want_height(3);
    world.run(at_ms);
    for (std::size_t member = 0; member < 4; ++member) world.crash(member);
    for (std::size_t member = 0; member < 4; ++member) world.restart(member);
    EXPECT_TRUE(world.run_to_height(4, 10'000)) << "crashed at " << at_ms << " ms";
    for (const std::string& sentence : world.violations()) ADD_FAILURE() << sentence;
    EXPECT_TRUE(world.evidence().empty());
  }
}

// After a snapshot the floor's own view is not known: certificates of what stands below it come as
// news, and are no reason to ask for its blocks again and again.
TEST(SimplexRestart, WhatStandsBelowAFloorWhoseViewIsNotKnownIsLeftBehind) {
  const ValidatorSet set = made_up_set({1, 1, 1, 1});
  const std::uint64_t first = epoch_view(1) + 1;
  const BlockRef genesis{BlockId{}, {}, 10};
  const BlockRef below = made_up_block(first, genesis);
  const BlockRef floor = made_up_block(first + 1, below);
  const BlockRef next = made_up_block(first + 2, floor);
  SimplexConfig config;
  config.epoch = 1;
  config.set = set;
  config.leader_seed = seed_with_leaders(set, 1, {0, 1, 2, 3});
  config.last_height = 1'000;
  config.floor = floor;
  config.floor_view = epoch_view(1);
  Simplex core(std::move(config));
  core.start();
  const auto fetches = [](const Effects& effects) {
    return std::count_if(effects.begin(), effects.end(), [](const Effect& effect) {
      return std::holds_alternative<FetchBlock>(effect);
    });
  };
  const auto certify = [&](VoteKind kind, std::uint64_t view, const BlockRef& block) {
    return CertificateInput{
        made_up_certificate(Vote{1, view, kind, view - 1, block.id}, {0, 1, 2})};
  };
  core.step(certify(VoteKind::kFinalize, first, below));
  core.step(certify(VoteKind::kNotarize, first, below));
  EXPECT_EQ(fetches(core.step(TimerInput{TimerKind::kFetch, core.view()})), 1);
  EXPECT_EQ(fetches(core.step(BlockInput{below})), 0) << "it is here, and of no use";
  EXPECT_EQ(core.floor_view(), first) << "the floor stands there or later";
  EXPECT_EQ(fetches(core.step(TimerInput{TimerKind::kRetry, core.view()})), 0);
  core.step(certify(VoteKind::kNotarize, first + 1, floor));
  core.step(certify(VoteKind::kNotarize, first + 2, next));
  core.step(BlockInput{next});
  core.step(certify(VoteKind::kFinalize, first + 2, next));
  EXPECT_EQ(core.floor(), next);
}

}  // namespace
}  // namespace fog::sim
