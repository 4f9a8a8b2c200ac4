// Scores and bans: what adds up, what fades, what is forgotten.
#include "chain/net/peer_score.h"

#include <gtest/gtest.h>

namespace fog {
namespace {

const Bytes kMallory = {1};
const Bytes kHonest = {2};

Bytes offender(std::uint32_t i) {
  return {9, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
}

TEST(PeerScores, BrokenBansAtOnce) {
  PeerScores scores{ScoreLimits{}};
  EXPECT_TRUE(scores.charge(kMallory, scores.points_of(Offence::kBroken), 5));
  EXPECT_TRUE(scores.banned(kMallory, 5));
  EXPECT_TRUE(scores.banned(kMallory, 5 + ScoreLimits{}.ban_first_ms - 1));
  EXPECT_FALSE(scores.banned(kMallory, 5 + ScoreLimits{}.ban_first_ms));
  EXPECT_FALSE(scores.banned(kHonest, 5));
}

TEST(PeerScores, SmallOffencesAddUpWhenTheyComeFast) {
  PeerScores scores{ScoreLimits{}};
  const std::uint32_t slow = scores.points_of(Offence::kSlow);
  for (std::uint32_t i = 1; i * slow < 100; ++i) {
    EXPECT_FALSE(scores.charge(kHonest, slow, 10));
    EXPECT_EQ(scores.score(kHonest, 10), i * slow);
  }
  EXPECT_TRUE(scores.charge(kHonest, slow, 10));
}

TEST(PeerScores, PointsFadeSoTheOccasionallySlowStays) {
  const ScoreLimits limits;
  PeerScores scores(limits);
  std::uint64_t now = 0;
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_FALSE(scores.charge(kHonest, 5, now));
    now += 5 * limits.fade_ms;
    EXPECT_EQ(scores.score(kHonest, now), 0U);
  }
}

// Charged more often than a point fades: what has passed of its time is not lost.
TEST(PeerScores, FadingDoesNotDependOnHowOftenOneIsCharged) {
  const ScoreLimits limits;
  PeerScores scores(limits);
  scores.charge(kHonest, 50, 0);
  for (std::uint64_t now = 1; now <= 20 * limits.fade_ms; now += limits.fade_ms / 4)
    EXPECT_FALSE(scores.charge(kHonest, 0, now));
  EXPECT_EQ(scores.score(kHonest, 20 * limits.fade_ms), 30U);
}

TEST(PeerScores, EachFurtherBanIsTwiceAsLongUpToADay) {
  const ScoreLimits limits;
  PeerScores scores(limits);
  std::uint64_t now = 0;
  std::uint64_t expected = limits.ban_first_ms;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(scores.charge(kMallory, 100, now));
    EXPECT_TRUE(scores.banned(kMallory, now + expected - 1)) << i;
    EXPECT_FALSE(scores.banned(kMallory, now + expected)) << i;
    now += expected;
    expected = std::min(expected * 2, limits.ban_max_ms);
  }
  now += limits.ban_forget_ms + 1;
  ASSERT_TRUE(scores.charge(kMallory, 100, now));
  EXPECT_FALSE(scores.banned(kMallory, now + limits.ban_first_ms)) << "a clean record again";
}

TEST(PeerScores, FullOfStrangersItStillKnowsWhomItBanned) {
  ScoreLimits limits;
  limits.offenders_max = 100;
  PeerScores scores(limits);
  scores.charge(kMallory, 100, 0);
  scores.charge(kHonest, 40, 0);
  for (std::uint32_t i = 0; i < 1'000; ++i) scores.charge(offender(i), 1, 0);
  EXPECT_EQ(scores.size(), 100U);
  EXPECT_TRUE(scores.banned(kMallory, 1));
  EXPECT_EQ(scores.score(kHonest, 1), 40U);
}

}  // namespace
}  // namespace fog
