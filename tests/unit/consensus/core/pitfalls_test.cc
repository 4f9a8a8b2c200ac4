// What other engines have met, and what a Byzantine leader can try: DESIGN 6, "Pitfalls".
#include <gtest/gtest.h>

#include "tests/sim/core_world.h"

namespace fog::sim {
namespace {

using enum VoteKind;

void expect_safe(const CoreWorld& world) {
  for (const std::string& sentence : world.violations()) ADD_FAILURE() << sentence;
}

bool is_kind(const Input& message, VoteKind kind) {
  if (const auto* vote = std::get_if<VoteInput>(&message)) return vote->vote.vote.kind == kind;
  if (const auto* certificate = std::get_if<CertificateInput>(&message))
    return certificate->certificate.vote.kind == kind;
  return kind == kNotarize;
}

TEST(SimplexPitfalls, NoFinalizeVoteAfterTheOwnTimeout) {
  // Notarize votes arrive only after everybody's timer has fired.
  CoreWorld world({.leaders = {1, 2}});
  const std::uint64_t view = world.first_view();
  bool slow = true;
  world.set_filter([&](std::size_t, std::size_t, const Input& message) {
    return !slow || std::holds_alternative<ProposalInput>(message);
  });
  world.want_height(1);
  world.run(350);
  slow = false;
  for (std::size_t member = 0; member < 4; ++member) {
    EXPECT_TRUE(world.has_signed(member, kNotarize, view));
    EXPECT_TRUE(world.has_signed(member, kNullify, view));
  }
  const Vote notarize = world.signed_by(0).front();
  for (std::size_t member = 0; member < 4; ++member)
    world.hand(member, CertificateInput{made_up_certificate(notarize, {0, 1, 2})});
  for (std::size_t member = 0; member < 4; ++member) {
    EXPECT_GT(world.core(member).view(), view) << "it is notarized all the same";
    EXPECT_FALSE(world.has_signed(member, kFinalize, view));
  }
  ASSERT_TRUE(world.run_to_height(2, 2'000)) << "the next view finalizes both";
  expect_safe(world);
}

TEST(SimplexPitfalls, NoNullifyVoteAfterFinalize) {
  CoreWorld world({.leaders = {1, 2}});
  const std::uint64_t view = world.first_view();
  ASSERT_TRUE(world.run_to_height(1, 100));
  world.hand(0, TimerInput{TimerKind::kAdvance, view});
  EXPECT_TRUE(world.has_signed(0, kFinalize, view));
  EXPECT_FALSE(world.has_signed(0, kNullify, view));
  expect_safe(world);
}

TEST(SimplexPitfalls, AllCrashRightAfterNullify) {
  CoreWorld world({.byzantine = {}, .leaders = {1, 2, 3, 0}});
  world.crash(1);
  world.set_filter([](std::size_t, std::size_t, const Input&) { return false; });
  world.want_height(1);
  world.run(250);
  for (const std::size_t member : {0U, 2U, 3U})
    ASSERT_TRUE(world.has_signed(member, kNullify, world.first_view()));
  for (const std::size_t member : {0U, 2U, 3U}) world.crash(member);
  for (std::size_t member = 0; member < 4; ++member) world.restart(member);
  world.set_filter({});
  EXPECT_TRUE(world.run_to_height(5, 5'000)) << "the votes are said again";
  expect_safe(world);
}

TEST(SimplexPitfalls, TwoProposalsOfOneLeaderAreEvidenceAndNeitherIsFinalizedByWhoSawBoth) {
  CoreWorld world({.byzantine = {1}, .leaders = {1, 2, 3}});
  const std::uint64_t view = world.first_view();
  const BlockRef a = made_up_block(view, world.genesis(), 0);
  const BlockRef b = made_up_block(view, world.genesis(), 1);
  world.know(a);
  world.know(b);
  const Vote vote_a{1, view, kNotarize, view - 1, a.id};
  const Vote vote_b{1, view, kNotarize, view - 1, b.id};
  world.hand(0, ProposalInput{unsigned_vote(vote_a, 1), a});
  world.hand(0, ProposalInput{unsigned_vote(vote_b, 1), b});
  world.hand(2, ProposalInput{unsigned_vote(vote_a, 1), a});
  world.run(20);
  ASSERT_FALSE(world.evidence().empty());
  EXPECT_EQ(world.evidence().front().first.vote, vote_a);
  EXPECT_EQ(world.evidence().front().second.vote, vote_b);
  EXPECT_TRUE(world.has_signed(2, kFinalize, view)) << "who knows of one proposal finalizes it";
  EXPECT_FALSE(world.has_signed(0, kFinalize, view));
  ASSERT_TRUE(world.run_to_height(2, 2'000));
  expect_safe(world);
}

TEST(SimplexPitfalls, ASplitProposalEndsInANullification) {
  CoreWorld world({.byzantine = {1}, .leaders = {1, 2}});
  const std::uint64_t view = world.first_view();
  for (const std::size_t member : {0U, 2U, 3U}) {
    const BlockRef block = made_up_block(view, world.genesis(), static_cast<std::uint8_t>(member));
    world.know(block);
    world.hand(member,
               ProposalInput{unsigned_vote({1, view, kNotarize, view - 1, block.id}, 1), block});
  }
  ASSERT_TRUE(world.run_to_height(3, 3'000));
  for (const std::size_t member : {0U, 2U, 3U})
    EXPECT_TRUE(world.has_signed(member, kNullify, view));
  expect_safe(world);
}

TEST(SimplexPitfalls, ANodeThatWasAwayComesBackByAnyCertificateAndVotesAgain) {
  CoreWorld world({});
  bool cut = true;
  world.set_filter([&](std::size_t from, std::size_t to, const Input&) {
    return !cut || (from != 3 && to != 3);
  });
  ASSERT_FALSE(world.run_to_height(100, 60'000));
  EXPECT_EQ(world.floor(0).height, 100U);
  EXPECT_EQ(world.core(3).view(), world.first_view());
  cut = false;
  ASSERT_TRUE(world.run_to_height(110, 10'000));
  EXPECT_EQ(world.core(3).view(), world.core(0).view());
  // And leaves it again, any number of times.
  for (std::uint64_t round = 1; round <= 5; ++round) {
    cut = true;
    world.run_to_height(110 + 10 * round, 10'000);
    cut = false;
    ASSERT_TRUE(world.run_to_height(115 + 10 * round, 10'000));
  }
  const std::size_t votes = world.signed_by(3).size();
  ASSERT_TRUE(world.run_to_height(200, 10'000));
  EXPECT_GT(world.signed_by(3).size(), votes + 20);
  expect_safe(world);
}

TEST(SimplexPitfalls, ALostFinalizationIsSaidAgainOnAnIdleNetwork) {
  CoreWorld world({});
  bool lossy = true;
  world.set_filter([&](std::size_t, std::size_t, const Input& message) {
    return !lossy || !is_kind(message, kFinalize);
  });
  world.want_height(1);
  world.run(100);
  for (std::size_t member = 0; member < 4; ++member) EXPECT_EQ(world.floor(member).height, 0U);
  lossy = false;
  EXPECT_TRUE(world.run_until([&] { return world.floor(0).height >= 1; }, 1'000))
      << "nothing else is to be done, and still the block becomes final";
  expect_safe(world);
}

TEST(SimplexPitfalls, WhoMissesABlockFurtherBelowFetchesItAndCallsNothingInvalid) {
  // Member 0 sees the first proposal of the epoch only long after the blocks on top of it.
  CoreWorld world({.leaders = {1, 2, 3, 1}, .fetch_ms = 45});
  world.set_filter([&](std::size_t, std::size_t to, const Input& message) {
    if (is_kind(message, kFinalize)) return false;  // nothing becomes final meanwhile
    const auto* proposal = std::get_if<ProposalInput>(&message);
    return to != 0 || proposal == nullptr || proposal->block.height > 1;
  });
  world.want_height(6);
  world.run(150);
  for (std::uint64_t view = world.first_view(); view < world.first_view() + 4; ++view)
    EXPECT_FALSE(world.has_signed(0, kNullify, view));
  EXPECT_TRUE(world.has_signed(0, kNotarize, world.core(0).view() - 1)) << "and votes again";
  world.set_filter({});
  ASSERT_TRUE(world.run_to_height(6, 2'000));
  expect_safe(world);
}

TEST(SimplexPitfalls, ThirtyPercentLossSlowsButDoesNotStop) {
  CoreWorld world({});
  std::uint64_t counter = 0;
  world.set_filter([&](std::size_t, std::size_t, const Input&) {
    counter = counter * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    return (counter >> 33) % 10 >= 3;
  });
  EXPECT_TRUE(world.run_to_height(100, 600'000));
  expect_safe(world);
}

TEST(SimplexPitfalls, VotesFarAheadAreDroppedSoThatNobodyFillsTheMemory) {
  CoreWorld world({.byzantine = {1}});
  const std::uint64_t view = world.first_view();
  const Simplex& core = world.core(0);
  EXPECT_TRUE(core.wants(Vote{1, view + kViewsAhead, kNullify, 0, {}}, 1));
  EXPECT_FALSE(core.wants(Vote{1, view + kViewsAhead + 1, kNullify, 0, {}}, 1));
  EXPECT_FALSE(core.wants(Vote{1, view - 1, kNullify, 0, {}}, 1)) << "settled";
  EXPECT_FALSE(core.wants(Vote{2, view, kNullify, 0, {}}, 1)) << "another epoch";
  EXPECT_FALSE(core.wants(Vote{1, view, kNullify, 0, {}}, 4)) << "no such validator";
  Bytes before;
  for (std::uint64_t ahead = 0; ahead < 10'000; ++ahead) {
    for (std::uint8_t variant = 0; variant < 3; ++variant) {
      BlockId block;
      block.data[0] = variant;
      world.hand(0, VoteInput{unsigned_vote({1, view + ahead, kNotarize, view - 1, block}, 1)});
    }
  }
  std::size_t evidence = 0;
  for (const Evidence& proof : world.evidence()) evidence += proof.first.signature.index == 1;
  EXPECT_LE(evidence, 2 * (kViewsAhead + 1));
  EXPECT_FALSE(core.wants(Vote{1, view + 100, kNotarize, view - 1, {}}, 1));
}

TEST(SimplexPitfalls, ProposalsAheadAreKeptForAFewViewsOnly) {
  CoreWorld world({.byzantine = {1}, .leaders = {2, 3, 0, 2, 1, 1}});
  const std::uint64_t near = world.first_view() + kProposalsAhead;
  const std::uint64_t far = near + 1;
  for (const std::uint64_t view : {near, far}) {
    const BlockRef block = made_up_block(view, world.genesis(), 7);
    world.know(block);
    world.hand(0, ProposalInput{unsigned_vote({1, view, kNotarize, view - 1, block.id}, 1), block});
  }
  EXPECT_TRUE(world.core(0).proposal(near));
  EXPECT_FALSE(world.core(0).proposal(far));
}

TEST(SimplexPitfalls, TheEpochsLastBlockIsProposedAgainUntilItIsFinal) {
  CoreWorld world({.last_height = 5});
  bool lossy = true;
  world.set_filter([&](std::size_t, std::size_t, const Input& message) {
    return !lossy || !is_kind(message, kFinalize);
  });
  world.want_height(9);
  world.run(1'000);
  const std::uint64_t view = world.core(0).view();
  EXPECT_GT(view, world.first_view() + 8) << "views go on";
  EXPECT_EQ(world.floor(0).height, 0U);
  lossy = false;
  ASSERT_TRUE(world.run_until(
      [&] {
        for (std::size_t member = 0; member < 4; ++member) {
          if (world.floor(member).height < 5) return false;
        }
        return true;
      },
      2'000));
  for (std::size_t member = 0; member < 4; ++member) {
    EXPECT_TRUE(world.core(member).epoch_is_over());
    EXPECT_EQ(world.floor(member).id, world.floor(0).id);
    EXPECT_EQ(world.floor(member).height, 5U) << "and nothing above it";
  }
  expect_safe(world);
}

TEST(SimplexPitfalls, ARepetitionOfAnyOtherBlockIsRefused) {
  CoreWorld world({.byzantine = {1}, .leaders = {2, 1, 3}});
  ASSERT_TRUE(world.run_to_height(1, 1'000));
  const std::uint64_t view = world.first_view() + 1;
  const BlockRef again = world.floor(0);
  world.send(1, ProposalInput{unsigned_vote({1, view, kNotarize, view - 1, again.id}, 1), again});
  world.run(50);
  EXPECT_FALSE(world.has_signed(0, kNotarize, view));
  ASSERT_TRUE(world.run_to_height(2, 1'000));
  expect_safe(world);
}

}  // namespace
}  // namespace fog::sim
