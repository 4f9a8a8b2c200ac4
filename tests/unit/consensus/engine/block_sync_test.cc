// A node that is behind asks one peer at a time, the best first, and is held up by none: not by who
// claims what it does not have, nor by who does not answer.
#include "consensus/engine/block_sync.h"

#include <gtest/gtest.h>

#include "tests/support/recording_network.h"

namespace fog {
namespace {

using testing::node_id_of;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kNow = 100 * kSecond;
constexpr std::uint64_t kPatience = 2 * kSecond;
constexpr std::uint32_t kBlocksMax = 500;

class BlockSyncTest : public ::testing::Test {
 protected:
  static wire::Status at(std::uint64_t height, std::uint64_t first = 1) {
    return {height, first, BlockId{}};
  }
  static wire::FinalBlocks answer(std::uint64_t from) {
    wire::FinalBlocks out;
    out.from = from;
    return out;
  }
  // Whom it asks; nobody: the default id.
  NodeId asks(std::uint64_t height, std::uint64_t now_ns, bool stale = false) {
    const auto request = sync_.next(height, stale, now_ns);
    return request ? request->peer : NodeId{};
  }
  void let_down(const NodeId& peer, std::uint64_t height, std::uint64_t now_ns) {
    ASSERT_TRUE(sync_.on_answer(peer, answer(height + 1)));
    sync_.on_result(peer, false, now_ns);
  }

  const NodeId a_ = node_id_of(1), b_ = node_id_of(2), c_ = node_id_of(3);
  BlockSync sync_{kBlocksMax, kPatience};
};

TEST_F(BlockSyncTest, AsksNobodyWhileItKeepsUp) {
  EXPECT_FALSE(sync_.next(0, true, kNow)) << "there is nobody";
  sync_.on_status(a_, at(12));
  EXPECT_FALSE(sync_.next(12, true, kNow));
  EXPECT_FALSE(sync_.next(10, false, kNow)) << "the consensus will bring it";
  EXPECT_EQ(asks(10, kNow, true), a_) << "but for a while it did not";
}

TEST_F(BlockSyncTest, AsksWhoHasMostForWhatFollowsAndOneAtATime) {
  sync_.on_status(a_, at(50));
  sync_.on_status(b_, at(70));
  sync_.on_status(c_, at(60));
  const auto request = sync_.next(9, false, kNow);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->peer, b_);
  EXPECT_EQ(request->ask.from, 10U);
  EXPECT_EQ(request->ask.max, kBlocksMax);
  EXPECT_FALSE(sync_.next(9, false, kNow)) << "while one is asked";
  EXPECT_GT(*sync_.deadline_ns(), kNow);
  EXPECT_TRUE(sync_.on_answer(b_, answer(10)));
  EXPECT_FALSE(sync_.deadline_ns());
  EXPECT_EQ(asks(20, kNow), b_);
}

TEST_F(BlockSyncTest, DoesNotAskWhoHasPrunedWhatFollows) {
  sync_.on_status(a_, at(100, 11));
  EXPECT_FALSE(sync_.next(9, true, kNow));
  EXPECT_FALSE(sync_.next_chance_ns(9));
  EXPECT_EQ(asks(10, kNow), a_);
}

TEST_F(BlockSyncTest, OnlyTheAnswerThatWasAskedForIsOne) {
  sync_.on_status(a_, at(100));
  EXPECT_FALSE(sync_.on_answer(a_, answer(1))) << "nothing was asked";
  EXPECT_EQ(asks(0, kNow), a_);
  EXPECT_FALSE(sync_.on_answer(b_, answer(1))) << "of another";
  EXPECT_FALSE(sync_.on_answer(a_, answer(2))) << "for other blocks";
  EXPECT_TRUE(sync_.on_answer(a_, answer(1)));
  EXPECT_FALSE(sync_.on_answer(a_, answer(1))) << "once";
}

TEST_F(BlockSyncTest, WhoClaimsAndDoesNotDeliverComesLastAndLessAndLessOften) {
  sync_.on_status(a_, at(1'000'000));  // a liar
  sync_.on_status(b_, at(50));
  EXPECT_EQ(asks(0, kNow), a_);
  let_down(a_, 0, kNow);
  EXPECT_EQ(asks(0, kNow), b_) << "at once";
  ASSERT_TRUE(sync_.on_answer(b_, answer(1)));
  sync_.on_result(b_, true, kNow);
  EXPECT_EQ(asks(0, kNow + 10 * kSecond), b_) << "who helped, although the other claims more";
  sync_.on_down(b_);

  // Alone, it is asked ever more seldom, but never given up.
  std::uint64_t now = kNow + 20 * kSecond;
  std::uint64_t pause_before = 0;
  for (int i = 0; i < 12; ++i) {
    ASSERT_EQ(asks(0, now), a_);
    let_down(a_, 0, now);
    const auto chance = sync_.next_chance_ns(0);
    ASSERT_TRUE(chance);
    const std::uint64_t pause = *chance - now;
    EXPECT_GE(pause, pause_before);
    EXPECT_LE(pause, 60 * kSecond);
    EXPECT_EQ(asks(0, *chance - 1), NodeId{});
    pause_before = pause;
    now = *chance;
  }
  ASSERT_EQ(asks(0, now), a_);
  ASSERT_TRUE(sync_.on_answer(a_, answer(1)));
  sync_.on_result(a_, true, now);
  EXPECT_EQ(asks(5, now), a_) << "one that helps is forgiven";
}

TEST_F(BlockSyncTest, WhoDoesNotAnswerIsFollowedByAnother) {
  sync_.on_status(a_, at(100));
  sync_.on_status(b_, at(50));
  EXPECT_EQ(asks(0, kNow), a_);
  const std::uint64_t late = *sync_.deadline_ns();
  EXPECT_EQ(late, kNow + kPatience);
  EXPECT_EQ(asks(0, late - 1), NodeId{});
  EXPECT_EQ(asks(0, late), b_);
  EXPECT_FALSE(sync_.take_slow()) << "the line may be slow";
  EXPECT_EQ(*sync_.deadline_ns(), late + 2 * kPatience);
  EXPECT_FALSE(sync_.on_answer(a_, answer(1))) << "too late";
}

// However slow the line is, there comes a question whose answer is waited for; also of one peer
// alone, which rests between two questions.
TEST_F(BlockSyncTest, WaitsLongerAndLongerAndNamesWhoDoesNotAnswerEvenThen) {
  sync_.on_status(a_, at(100));
  std::uint64_t now = kNow;
  std::vector<std::uint64_t> waits;
  std::vector<bool> named;
  for (int i = 0; i < 7; ++i) {
    ASSERT_EQ(asks(0, now), a_);
    waits.push_back((*sync_.deadline_ns() - now) / kPatience);
    now = *sync_.deadline_ns();
    EXPECT_EQ(asks(0, now), NodeId{});
    named.push_back(sync_.take_slow() == a_);
    EXPECT_FALSE(sync_.take_slow()) << "once";
    now = *sync_.next_chance_ns(0);
  }
  EXPECT_EQ(waits, (std::vector<std::uint64_t>{1, 2, 4, 8, 16, 16, 16}));
  EXPECT_EQ(named, (std::vector<bool>{false, false, true, true, true, true, true}));
  // Nobody has more any longer: the next time begins anew.
  EXPECT_EQ(asks(100, now), NodeId{});
  sync_.on_status(b_, at(200));
  ASSERT_EQ(asks(100, now), b_);
  EXPECT_EQ(*sync_.deadline_ns(), now + kPatience);
}

TEST_F(BlockSyncTest, WhoGoesDownIsFollowedAtOnceAndOthersChangeNothing) {
  sync_.on_status(a_, at(100));
  sync_.on_status(b_, at(50));
  EXPECT_EQ(asks(0, kNow), a_);
  sync_.on_down(b_);
  EXPECT_EQ(asks(0, kNow), NodeId{}) << "the question stands";
  sync_.on_status(b_, at(50));
  sync_.on_down(a_);
  EXPECT_EQ(asks(0, kNow), b_);
  sync_.on_result(a_, true, kNow);  // what arrives late of who is gone
  EXPECT_FALSE(sync_.on_answer(a_, answer(1)));
}

TEST_F(BlockSyncTest, WhoeverHasFailedBeforeIsWaitedForOnlyWhileNobodyElseCanBeAsked) {
  sync_.on_status(a_, at(1'000));
  ASSERT_EQ(asks(96, kNow), a_);
  let_down(a_, 96, kNow);
  sync_.on_status(b_, at(98));
  const std::uint64_t later = kNow + kSecond;
  EXPECT_EQ(asks(96, later), a_) << "b has hardly more";
  EXPECT_EQ(asks(96, later, true), b_);
  EXPECT_FALSE(sync_.on_answer(a_, answer(97))) << "b was asked";
  EXPECT_FALSE(sync_.next(96, true, later)) << "b has not failed";
}

TEST_F(BlockSyncTest, ABlockThatNobodyHasAnyMoreIsAGap) {
  EXPECT_FALSE(sync_.first_after_gap(0)) << "there is nobody";
  sync_.on_status(a_, at(90, 41));
  sync_.on_status(b_, at(95, 31));
  EXPECT_EQ(sync_.first_after_gap(0), 31U);
  EXPECT_EQ(sync_.first_after_gap(29), 31U);
  EXPECT_FALSE(sync_.first_after_gap(30)) << "the next is there";
  EXPECT_FALSE(sync_.first_after_gap(95)) << "they have no more than this node";
  sync_.on_status(c_, at(80));
  EXPECT_FALSE(sync_.first_after_gap(0)) << "one has all";
  sync_.on_down(c_);
  EXPECT_EQ(sync_.first_after_gap(0), 31U);
}

TEST_F(BlockSyncTest, WhoeverOnlyClaimsToHaveTheNextBlockHidesNoGap) {
  sync_.on_status(a_, at(90, 41));
  sync_.on_status(b_, at(80));
  std::uint64_t now = kNow;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(sync_.first_after_gap(0));
    ASSERT_EQ(asks(0, now), b_);
    let_down(b_, 0, now);
    now += 100 * kSecond;
  }
  EXPECT_EQ(sync_.first_after_gap(0), 41U);
}

}  // namespace
}  // namespace fog
