// Checked arithmetic is exact up to the edge of its type and gives nothing beyond it.
#include "chain/base/math.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

using testing::SeededRng;

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

TEST(CheckedMath, AddsSubtractsAndMultipliesUpToTheEdge) {
  EXPECT_EQ(checked_add(kMax - 1, std::uint64_t{1}), kMax);
  EXPECT_FALSE(checked_add(kMax, std::uint64_t{1}));
  EXPECT_EQ(checked_sub(5, 5), 0U);
  EXPECT_FALSE(checked_sub(5, 6));
  EXPECT_EQ(checked_mul(kMax / 3, 3), kMax);
  EXPECT_FALSE(checked_mul(kMax / 3 + 1, 3));
  EXPECT_EQ(checked_mul(0, kMax), 0U);
}

TEST(CheckedMath, AddsWideSums) {
  const u128 largest = ~u128{0};
  EXPECT_TRUE(checked_add(largest, u128{0}) == largest);
  EXPECT_FALSE(checked_add(largest, u128{1}));
  EXPECT_TRUE(checked_add(u128{kMax}, u128{1}) == u128{1} << 64);
}

TEST(MulDiv, RoundsAsItsNameSays) {
  EXPECT_EQ(mul_div_floor(7, 3, 2), 10U);
  EXPECT_EQ(mul_div_ceil(7, 3, 2), 11U);
  EXPECT_EQ(mul_div_floor(8, 3, 2), 12U);
  EXPECT_EQ(mul_div_ceil(8, 3, 2), 12U);
  EXPECT_EQ(mul_div_floor(1, 1, kMax), 0U);
  EXPECT_EQ(mul_div_ceil(1, 1, kMax), 1U);
  EXPECT_EQ(mul_div_ceil(0, kMax, 7), 0U);
}

TEST(MulDiv, HasA128BitMiddleAndA64BitEnd) {
  EXPECT_EQ(mul_div_floor(kMax, kMax, kMax), kMax);
  EXPECT_EQ(mul_div_ceil(kMax, kMax, kMax), kMax);
  EXPECT_FALSE(mul_div_floor(kMax, 2, 1));
  EXPECT_FALSE(mul_div_ceil(kMax, kMax, 1));
  // Rounded down it fits, rounded up it does not: (2^64 - 1) + 1/2.
  EXPECT_EQ(mul_div_floor(kMax, 2, 2), kMax);
  EXPECT_EQ(mul_div_floor(0xFFFFFFFFU, 0x200000002U, 2), 0xFFFFFFFFU * 0x100000001U);
  // 3 * 6148914691236517206 = 2^64 + 2; halves around the edge.
  EXPECT_EQ(mul_div_floor(6148914691236517205U, 6, 2), kMax);
  EXPECT_FALSE(mul_div_floor(6148914691236517206U, 6, 2));
}

TEST(MulDiv, ByZeroIsOurBug) {
  EXPECT_DEATH((void)mul_div_floor(1, 1, 0), "CHECK failed");
  EXPECT_DEATH((void)mul_div_ceil(1, 1, 0), "CHECK failed");
}

TEST(MulDiv, FloorAndCeilEncloseTheTruth) {
  SeededRng rng(3);
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t a = rng.next() >> rng.below(64);
    const std::uint64_t b = rng.next() >> rng.below(64);
    const std::uint64_t d = (rng.next() >> rng.below(64)) | 1;
    const auto low = mul_div_floor(a, b, d);
    const auto high = mul_div_ceil(a, b, d);
    const u128 product = static_cast<u128>(a) * b;
    if (low) {
      EXPECT_TRUE(static_cast<u128>(*low) * d <= product);
      EXPECT_TRUE(product - static_cast<u128>(*low) * d < d);
    }
    if (high) {
      EXPECT_TRUE(static_cast<u128>(*high) * d >= product);
      ASSERT_TRUE(low);
      EXPECT_LE(*high - *low, 1U);
    }
  }
}

}  // namespace
}  // namespace fog
