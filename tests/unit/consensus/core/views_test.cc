// The story of a view: proposal, notarization, finalization; and views that fail.
#include <gtest/gtest.h>

#include "tests/sim/core_world.h"

namespace fog::sim {
namespace {

using enum VoteKind;

void expect_well(const CoreWorld& world) {
  for (const std::string& sentence : world.violations()) ADD_FAILURE() << sentence;
  EXPECT_EQ(world.evidence().size(), 0U);
}

// The first member is cut off, and back when the others have made a block final and are in the
// view.
void leave_out_until(CoreWorld& world, std::uint64_t back) {
  world.set_filter(
      [](std::size_t from, std::size_t to, const Input&) { return from != 0 && to != 0; });
  world.want_height(1);
  ASSERT_TRUE(world.run_until([&] { return world.core(1).view() == back; }, 10'000));
  world.set_filter({});
  ASSERT_TRUE(world.run_until([&] { return world.core(0).view() == back; }, 10'000));
}

TEST(Simplex, AQuorumOfOneFinalizesByItself) {
  CoreWorld world({.stakes = {5}});
  EXPECT_TRUE(world.run_to_height(10, 0)) << "without any time passing";
  EXPECT_EQ(world.core(0).view(), world.first_view() + 10);
  expect_well(world);
}

TEST(Simplex, FourValidatorsFinalizeInThreeMessageDelays) {
  CoreWorld world({.latency_ms = 7});
  world.want_height(1);
  EXPECT_FALSE(world.run_until([&] { return world.floor(0).height == 1; }, 20));
  EXPECT_TRUE(world.run_to_height(1, 1)) << "proposal, notarize, finalize";
  expect_well(world);
}

TEST(Simplex, BlocksFollowEachOtherInTwoMessageDelays) {
  CoreWorld world({.latency_ms = 7});
  EXPECT_TRUE(world.run_to_height(100, 100 * 14 + 7));
  EXPECT_EQ(world.core(0).view(), world.first_view() + 100) << "no view failed";
  expect_well(world);
}

TEST(Simplex, AnIdleNetworkDoesNotVoteItsLeadersDown) {
  CoreWorld world({});
  ASSERT_TRUE(world.run_to_height(3, 1'000));
  const std::size_t sent = world.messages_sent();
  const std::uint64_t view = world.core(0).view();
  world.run(24ULL * 3'600'000);
  EXPECT_EQ(world.messages_sent(), sent) << "says nothing all day";
  EXPECT_EQ(world.core(0).view(), view);
  ASSERT_TRUE(world.run_to_height(4, 30)) << "and is there at once";
  expect_well(world);
}

TEST(Simplex, ACrashedLeaderIsNullifiedAndTheChainGoesOn) {
  CoreWorld world({.leaders = {1, 2, 3, 0}});
  world.crash(1);
  ASSERT_TRUE(world.run_to_height(1, 10'000));
  EXPECT_EQ(world.now_ms(), 200U + 10 + 30) << "2D, the nullify votes, then three delays";
  for (const std::size_t member : {0U, 2U, 3U})
    EXPECT_TRUE(world.has_signed(member, kNullify, world.first_view()));
  ASSERT_TRUE(world.run_to_height(50, 60'000));
  expect_well(world);
}

TEST(Simplex, ALeaderWaitsForVotesAsLongAsTheOthersDo) {
  // Votes are back at its side after 2.4 D: before anyone's 3 D.
  CoreWorld world({.leaders = {1}, .latency_ms = 120});
  ASSERT_TRUE(world.run_to_height(1, 360));
  EXPECT_FALSE(world.has_signed(1, kNullify, world.first_view()));
  expect_well(world);
}

TEST(Simplex, OneOfFourMayBeAwayButNotTwo) {
  CoreWorld world({});
  world.crash(0);
  ASSERT_TRUE(world.run_to_height(20, 60'000));
  world.crash(1);
  world.want_height(40);
  world.run(60'000);
  EXPECT_LE(world.floor(2).height, 21U);
  world.restart(1);
  ASSERT_TRUE(world.run_to_height(40, 60'000));
  expect_well(world);
}

TEST(Simplex, StakeCountsAndHeadsDoNot) {
  // The large one and any other are a quorum; three small ones are none.
  CoreWorld world({.stakes = {6, 1, 1, 1}});
  world.crash(1);
  world.crash(2);
  ASSERT_TRUE(world.run_to_height(10, 60'000));
  world.restart(1);
  world.restart(2);
  ASSERT_TRUE(world.run_to_height(20, 60'000));
  world.crash(0);
  world.want_height(30);
  world.run(60'000);
  EXPECT_LE(world.floor(1).height, 21U);
  expect_well(world);
}

TEST(Simplex, AnInvalidBlockIsNullifiedAtOnce) {
  CoreWorld world({.byzantine = {1}, .leaders = {1, 2}});
  const std::uint64_t view = world.first_view();
  const BlockRef bad = made_up_block(view, world.genesis());
  world.know(bad);
  world.refuse(bad.id);
  const Vote vote{1, view, kNotarize, view - 1, bad.id};
  world.send(1, ProposalInput{unsigned_vote(vote, 1), bad});
  world.run(10);
  for (const std::size_t member : {0U, 2U, 3U}) {
    EXPECT_TRUE(world.has_signed(member, kNullify, view));
    EXPECT_FALSE(world.has_signed(member, kNotarize, view));
  }
  ASSERT_TRUE(world.run_to_height(1, 100));
  expect_well(world);
}

TEST(Simplex, AProposalThatSkipsAViewThatIsNotNullifiedGetsNoVote) {
  CoreWorld world({.byzantine = {1}, .leaders = {2, 1, 3}});
  ASSERT_TRUE(world.run_to_height(1, 1'000));
  const std::uint64_t view = world.first_view() + 1;
  ASSERT_EQ(world.core(0).view(), view);
  // On the epoch's start, past the block that is final.
  const BlockRef bad = made_up_block(view, world.genesis(), 9);
  world.know(bad);
  world.send(1, ProposalInput{unsigned_vote({1, view, kNotarize, view - 2, bad.id}, 1), bad});
  world.run(1'000);
  for (const std::size_t member : {0U, 2U, 3U})
    EXPECT_FALSE(world.has_signed(member, kNotarize, view));
  ASSERT_TRUE(world.run_to_height(2, 1'000));
  expect_well(world);
}

TEST(Simplex, AProposalThatIsNotItsLeadersIsIgnored) {
  CoreWorld world({.byzantine = {1}, .leaders = {2, 1}});
  const std::uint64_t view = world.first_view();
  const BlockRef block = made_up_block(view, world.genesis(), 9);
  world.know(block);
  world.send(1, ProposalInput{unsigned_vote({1, view, kNotarize, view - 1, block.id}, 1), block});
  world.run(50);
  for (const std::size_t member : {0U, 2U, 3U}) EXPECT_TRUE(world.signed_by(member).empty());
  expect_well(world);
}

TEST(Simplex, ABlockThatDoesNotStandOnWhatItsProposalNamesIsRefused) {
  CoreWorld world({.byzantine = {1}, .leaders = {1, 2}});
  const std::uint64_t view = world.first_view();
  BlockRef block = made_up_block(view, world.genesis());
  block.height = 2;  // one is skipped
  world.know(block);
  world.send(1, ProposalInput{unsigned_vote({1, view, kNotarize, view - 1, block.id}, 1), block});
  world.run(50);
  EXPECT_FALSE(world.has_signed(0, kNotarize, view));
  EXPECT_TRUE(world.has_signed(0, kNullify, view));
}

TEST(Simplex, BackOffDoublesTheDelayFromTheThirdFailureOnAndEndsWithSuccess) {
  CoreWorld world({.byzantine = {0}, .leaders = {0, 0, 0, 0, 1}});
  world.want_height(1);
  std::vector<std::uint64_t> entered;
  for (std::uint64_t view = world.first_view() + 1; view <= world.first_view() + 4; ++view) {
    // It votes, so it is not away; the block, nobody has.
    world.send(0, VoteInput{unsigned_vote({1, view, kNotarize, view - 1, {}}, 0)});
    ASSERT_TRUE(world.run_until([&] { return world.core(1).view() >= view; }, 10'000));
    entered.push_back(world.now_ms());
  }
  EXPECT_EQ(entered[1] - entered[0], 210U);
  EXPECT_EQ(entered[2] - entered[1], 210U);
  EXPECT_EQ(entered[3] - entered[2], 410U);
  ASSERT_TRUE(world.run_to_height(1, 1'000));
  expect_well(world);
}

TEST(Simplex, ALeaderThatIsAwayCostsTimeOnceAndThenNoneUntilItIsHeardAgain) {
  CoreWorld world({.byzantine = {0}});
  ASSERT_TRUE(world.run_to_height(20, 600'000));
  const std::uint64_t start = world.now_ms();
  ASSERT_TRUE(world.run_to_height(160, 600'000));
  // A view of a silent leader costs one delay, of another one two.
  EXPECT_LT(world.now_ms() - start, 100U * 2 * 20);
  expect_well(world);
}

TEST(Simplex, AValidatorWhoseVotesAlwaysComeLateIsNotTakenForSilent) {
  // The other three have made each block final before its vote is there.
  CoreWorld world({.slower_ms = {{3, 100}}});
  ASSERT_TRUE(world.run_to_height(150, 600'000));
  std::size_t led = 0;
  for (std::uint64_t view = world.first_view(); view < world.core(0).view() - 2; ++view) {
    if (world.core(0).leader(view) != 3) continue;
    ++led;
    EXPECT_FALSE(world.has_signed(0, kNullify, view)) << "view " << view - world.first_view();
  }
  EXPECT_GT(led, 10U);
  expect_well(world);
}

TEST(Simplex, ALeaderThatComesBackGivesUpOneViewAtOnceAndProposesInTheNext) {
  CoreWorld world({.leaders = {0, 1, 0, 0, 1}});
  const std::uint64_t back = world.first_view() + 2;
  ASSERT_NO_FATAL_FAILURE(leave_out_until(world, back));
  const std::uint64_t start = world.now_ms();
  world.want_height(2);
  ASSERT_TRUE(world.run_to_height(2, 10'000));
  EXPECT_LT(world.now_ms() - start, 100U) << "nobody has waited for anybody";
  EXPECT_FALSE(world.has_signed(0, kNotarize, back));
  EXPECT_TRUE(world.has_signed(0, kNullify, back));
  EXPECT_TRUE(world.has_signed(0, kNotarize, back + 1));
  EXPECT_FALSE(world.has_signed(1, kNullify, back + 1));
  expect_well(world);
}

TEST(Simplex, ACertificateThatALeaderFormsItselfDoesNotShowThatItIsHeard) {
  // It misses the first view that it leads, and is back in the third: it votes there, and the
  // others, who hear it late, form the certificates without it.
  CoreWorld world({.leaders = {0, 1, 1, 0, 1}, .slower_ms = {{0, 40}}});
  const std::uint64_t back = world.first_view() + 2;
  ASSERT_NO_FATAL_FAILURE(leave_out_until(world, back));
  world.want_height(3);
  ASSERT_TRUE(world.run_to_height(3, 10'000));
  EXPECT_TRUE(world.has_signed(0, kNotarize, back));
  EXPECT_TRUE(world.has_signed(1, kNullify, back + 1)) << "at once: 0 may be away";
  EXPECT_FALSE(world.has_signed(0, kNotarize, back + 1)) << "its proposal could not become final";
  EXPECT_TRUE(world.has_signed(0, kNullify, back + 1));
  expect_well(world);
}

TEST(Simplex, ABlockOfANullifiedViewIsMadeFinalByTheNextLeaderAtOnce) {
  // Its proposal comes when all have lost patience: it is notarized, and cannot be finalized.
  CoreWorld world({.byzantine = {0}, .leaders = {0, 1}});
  const std::uint64_t view = world.first_view();
  world.set_filter([&](std::size_t, std::size_t to, const Input& message) {
    const auto* vote = std::get_if<VoteInput>(&message);
    const auto* certificate = std::get_if<CertificateInput>(&message);
    const bool nullifies = (vote && vote->vote.vote.kind == kNullify) ||
                           (certificate && certificate->certificate.vote.kind == kNullify);
    return to != 1 || !nullifies;
  });
  world.want_height(1);
  world.run(195);
  const BlockRef block = made_up_block(view, world.genesis());
  world.know(block);
  world.send(0, ProposalInput{unsigned_vote({1, view, kNotarize, view - 1, block.id}, 0), block});
  ASSERT_TRUE(world.run_until([&] { return world.core(1).view() == view + 1; }, 100));
  ASSERT_TRUE(world.has_signed(2, kNullify, view) && world.has_signed(2, kNotarize, view));
  ASSERT_EQ(world.floor(1).height, 0U);
  world.set_filter({});
  world.hand(1, CertificateInput{made_up_certificate({1, view, kNullify, 0, {}}, {1, 2, 3})});
  ASSERT_TRUE(world.run_to_height(1, 100)) << "long before anybody loses patience again";
  EXPECT_FALSE(world.has_signed(2, kNullify, view + 1));
  expect_well(world);
}

TEST(Simplex, AViewThatItsLeaderGivesUpCostsNoTime) {
  CoreWorld world({.byzantine = {0}, .leaders = {0, 1}});
  world.want_height(1);
  world.send(0, VoteInput{unsigned_vote({1, world.first_view(), kNullify, 0, {}}, 0)});
  ASSERT_TRUE(world.run_to_height(1, 10'000));
  EXPECT_LT(world.now_ms(), 100U);
  expect_well(world);
}

}  // namespace
}  // namespace fog::sim
