// Who is asked next: the Host that one more request would wait least for, and not one that fails.
#include "rpc/gateway/standing.h"

#include <gtest/gtest.h>

namespace fog::gateway {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

TEST(Standing, AFasterHostMayHaveMoreAtOnce) {
  Standing fast, slow;
  for (int i = 0; i < 20; ++i) {
    fast.answered(1'000);
    slow.answered(4'000);
  }
  EXPECT_LT(fast.cost(), slow.cost());
  for (int i = 0; i < 3; ++i) fast.begin();
  EXPECT_EQ(fast.cost(), slow.cost());
  fast.begin();
  EXPECT_GT(fast.cost(), slow.cost());
  for (int i = 0; i < 4; ++i) fast.end();
  EXPECT_LT(fast.cost(), slow.cost());
}

TEST(Standing, AHostThatHasBecomeSlowIsSeenSoon) {
  Standing one, other;
  for (int i = 0; i < 1'000; ++i) {
    one.answered(1'000);
    other.answered(1'100);
  }
  for (int i = 0; i < 3; ++i) one.answered(10'000);
  EXPECT_GT(one.cost(), 3 * other.cost());
  for (int i = 0; i < 60; ++i) one.answered(1'000);
  EXPECT_LT(one.cost(), other.cost()) << "and forgiven";
}

TEST(Standing, EachFailureInARowIsAvoidedLonger) {
  Standing host;
  std::uint64_t now = 100 * kSecond;
  for (const std::uint64_t seconds : {2U, 4U, 8U, 16U, 32U, 60U, 60U}) {
    host.failed(now);
    host.failed(now + 1);  // one that was under way
    EXPECT_TRUE(host.is_avoided(now + seconds * kSecond - 1)) << seconds;
    now += seconds * kSecond;
    EXPECT_FALSE(host.is_avoided(now)) << seconds;
  }
  EXPECT_EQ(host.lost_since_ns(), 100 * kSecond);
  host.failed(now);
  host.answered(1'000);
  EXPECT_FALSE(host.is_avoided(now + 1)) << "it answers";
  EXPECT_EQ(host.lost_since_ns(), 0U);
  host.failed(now + kSecond);
  EXPECT_FALSE(host.is_avoided(now + 4 * kSecond)) << "counted anew";
}

TEST(RetryBudget, AnOutageDoublesTheLoadAtMost) {
  RetryBudget budget;
  int retries = 0;
  for (int i = 0; i < 10'000; ++i) {
    budget.request();
    for (int more = 0; more < 3; ++more) retries += budget.take() ? 1 : 0;
  }
  EXPECT_LE(retries, 10'100);
  EXPECT_GE(retries, 10'000);
}

TEST(RetryBudget, AHostsDeathIsNoOutage) {
  RetryBudget budget;
  for (int i = 0; i < 10'000; ++i) budget.request();
  int retries = 0;
  while (budget.take()) ++retries;
  EXPECT_EQ(retries, 1'000) << "all that were with it go on elsewhere";
}

}  // namespace
}  // namespace fog::gateway
