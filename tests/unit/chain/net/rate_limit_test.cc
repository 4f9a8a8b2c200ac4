// Rates: the edge of a bucket, and that an honest sender never meets the receiver's.
#include "chain/net/rate_limit.h"

#include <deque>

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

TEST(TokenBucket, GivesItsBurstAtOnceAndThenItsRate) {
  TokenBucket bucket(10, 3, 1'000);
  EXPECT_TRUE(bucket.full(1'000));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(1'000));
  EXPECT_FALSE(bucket.take(1'000));
  EXPECT_FALSE(bucket.take(1'099));
  EXPECT_TRUE(bucket.take(1'100)) << "ten a second is one in 100 ms";
  EXPECT_FALSE(bucket.take(1'100));
}

TEST(TokenBucket, GivesManyOrNone) {
  TokenBucket bucket(1'000, 100, 0);
  EXPECT_FALSE(bucket.take(0, 101)) << "more than it ever holds";
  EXPECT_TRUE(bucket.take(0, 60));
  EXPECT_FALSE(bucket.take(0, 41)) << "and takes nothing";
  EXPECT_TRUE(bucket.take(0, 40));
  EXPECT_FALSE(bucket.take(0, UINT64_MAX));
  EXPECT_TRUE(bucket.take(50, 50));
}

TEST(TokenBucket, NeverHoldsMoreThanItsBurstNorRunsBackwards) {
  TokenBucket bucket(4'000'000'000, 2, 0);
  EXPECT_TRUE(bucket.take(UINT64_MAX));
  EXPECT_TRUE(bucket.take(UINT64_MAX));
  EXPECT_FALSE(bucket.take(UINT64_MAX));
  EXPECT_FALSE(bucket.take(0)) << "an older time adds nothing";
}

TEST(KindTable, RefusesRulesThatCannotBe) {
  const KindRule good{0x10, Lane::kBulk, 10, 1, 1};
  EXPECT_TRUE(KindTable::make({good}));
  KindRule own = good;
  own.kind = 0x0F;
  KindRule large = good;
  large.bytes_max = kNetMessageBytesMax + 1;
  KindRule no_rate = good;
  no_rate.per_second = 0;
  KindRule no_burst = good;
  no_burst.burst = 0;
  for (const auto& rules :
       std::vector<std::vector<KindRule>>{{own}, {good, good}, {large}, {no_rate}, {no_burst}}) {
    const auto table = KindTable::make(rules);
    ASSERT_FALSE(table);
    EXPECT_EQ(table.error().code, ErrorCode::kInvalidInput);
  }
}

TEST(KindLimiter, AKindThatNobodyDeclaredIsNeverAllowed) {
  const auto kinds = KindTable::make({{0x10, Lane::kBulk, 10, 1, 1}});
  auto limiter = KindLimiter::for_sending(*kinds, 0);
  EXPECT_TRUE(limiter.take(0x10, 0));
  EXPECT_FALSE(limiter.take(0x11, 0));
}

// A sender keeps the rule; the connection stands still and catches up at random, at most kStall
// each time. The receiver allows everything.
TEST(KindLimiter, AnHonestSenderIsNeverOverTheReceiversLimitHoweverItsConnectionStalls) {
  constexpr std::uint64_t kStall = 15'000;
  testing::SeededRng rng(7);
  for (int round = 0; round < 200; ++round) {
    const auto per_second = static_cast<std::uint32_t>(1 + rng.below(200));
    const auto burst = static_cast<std::uint32_t>(1 + rng.below(50));
    const auto kinds = KindTable::make({{0x10, Lane::kConsensus, 10, per_second, burst}});
    auto sender = KindLimiter::for_sending(*kinds, 0);
    auto receiver = KindLimiter::for_receiving(*kinds, kStall, 0);
    std::uint64_t delivers_at = 0;
    std::uint64_t waiting = 0;
    for (std::uint64_t now = 0; now < 60'000; now += 1 + rng.below(40)) {
      for (std::uint64_t tries = rng.below(4); tries > 0; --tries)
        waiting += sender.take(0x10, now);
      if (now < delivers_at) continue;
      for (; waiting > 0; --waiting) ASSERT_TRUE(receiver.take(0x10, now)) << round << " " << now;
      if (rng.below(20) == 0) delivers_at = now + rng.below(kStall);
    }
  }
}

TEST(KindLimiter, WhoSendsTwiceItsRateForLongIsFound) {
  const auto kinds = KindTable::make({{0x10, Lane::kConsensus, 10, 100, 10}});
  auto receiver = KindLimiter::for_receiving(*kinds, 15'000, 0);
  int refused = 0;
  for (std::uint64_t now = 0; now < 60'000; now += 5) refused += receiver.take(0x10, now) ? 0 : 1;
  EXPECT_GT(refused, 1'000);
}

}  // namespace
}  // namespace fog
