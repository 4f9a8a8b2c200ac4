// Replicas follow the load: up at once, down slowly, to none after silence.
#include "rpc/gateway/scaler.h"

#include <gtest/gtest.h>

namespace fog::gateway {
namespace {

constexpr std::uint64_t kStart = 1'000'000;

class ScalerTest : public ::testing::Test {
 protected:
  // So many requests at once for so long, looked at ten times a second.
  void hold(std::uint32_t requests, std::uint64_t ms) {
    for (const std::uint64_t end = now_ + ms; now_ < end; now_ += 100)
      scaler_.sample(now_, requests);
  }
  std::uint32_t replicas(std::uint32_t slots = 1) { return scaler_.decide(now_, slots).replicas; }

  std::uint64_t now_ = kStart;
  Scaler scaler_{ScalePolicy{50, 3'000, 60'000, 30'000}};
};

TEST_F(ScalerTest, NothingIsNeededBeforeTheFirstRequest) {
  EXPECT_EQ(replicas(), 0U);
  hold(0, 10'000);
  EXPECT_EQ(replicas(), 0U);
}

TEST_F(ScalerTest, TheFirstRequestNeedsOneAtOnce) {
  hold(0, 100'000);
  scaler_.sample(now_, 1);
  EXPECT_EQ(replicas(), 1U);
  hold(1, 100);
  EXPECT_EQ(replicas(), 1U);
}

TEST_F(ScalerTest, ABurstCountsAtOnceAndIsForgottenSlowly) {
  hold(1, 60'000);
  EXPECT_EQ(replicas(4), 1U);
  hold(40, 3'000);
  EXPECT_EQ(replicas(4), 20U) << "40 at once, and two of four slots are to be busy";
  hold(1, 3'000);
  const std::uint32_t after = replicas(4);
  EXPECT_LT(after, 20U);
  EXPECT_GE(after, 1U);
  hold(1, 60'000);
  EXPECT_EQ(replicas(4), 1U);
}

TEST_F(ScalerTest, AServiceThatHasJustBegunIsJudgedByWhatWasSeen) {
  hold(10, 1'000);
  EXPECT_EQ(replicas(2), 10U);
}

TEST_F(ScalerTest, LoadThatComesAndGoesKeepsItsReplicas) {
  for (int round = 0; round < 10; ++round) {
    hold(8, 5'000);
    hold(0, 5'000);
    EXPECT_GE(replicas(2), 4U) << "the mean is four";
  }
}

TEST_F(ScalerTest, SilenceEndsItAfterTheIdleTime) {
  hold(5, 1'000);
  const std::uint64_t last = now_ - 100;
  while (now_ < last + 30'000) {
    EXPECT_GE(replicas(), 1U) << now_ - last;
    hold(0, 100);
  }
  EXPECT_EQ(replicas(), 0U);
  EXPECT_NE(scaler_.decide(now_, 1).why.find("no request for"), std::string::npos);
  scaler_.sample(now_, 1);
  EXPECT_GE(replicas(), 1U);
}

TEST_F(ScalerTest, MoreSlotsNeedNoMoreReplicas) {
  for (std::uint32_t requests = 1; requests < 200; requests += 7) {
    hold(requests, 4'000);
    std::uint32_t before = 1'025;
    for (std::uint32_t slots = 1; slots <= 64; slots *= 2) {
      const std::uint32_t now = replicas(slots);
      EXPECT_LE(now, before);
      EXPECT_GE(now, 1U);
      before = now;
    }
  }
}

TEST_F(ScalerTest, NeverMoreThanABidMayHold) {
  hold(4'000'000, 4'000);
  EXPECT_EQ(replicas(), 1'024U);
}

}  // namespace
}  // namespace fog::gateway
