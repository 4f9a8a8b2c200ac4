// Amounts: text in and out is exact, and arithmetic never wraps.
#include "chain/types/amount.h"

#include <limits>

#include <gtest/gtest.h>

#include "chain/base/bcs.h"
#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

TEST(Amount, IsShownAsTheShortestExactDecimal) {
  EXPECT_EQ(format_fog(Amount{0}), "0 FOG");
  EXPECT_EQ(format_fog(Amount{1}), "0.000000001 FOG");
  EXPECT_EQ(format_fog(Amount{1'000'000'000}), "1 FOG");
  EXPECT_EQ(format_fog(Amount{12'500'000'000}), "12.5 FOG");
  EXPECT_EQ(format_fog(Amount{12'000'000'010}), "12.00000001 FOG");
  EXPECT_EQ(format_fog(Amount{kMax}), "18446744073.709551615 FOG");
}

TEST(Amount, IsReadWithAndWithoutUnit) {
  EXPECT_EQ(parse_fog("12"), Amount{12'000'000'000});
  EXPECT_EQ(parse_fog("12.5"), Amount{12'500'000'000});
  EXPECT_EQ(parse_fog("12.5 FOG"), Amount{12'500'000'000});
  EXPECT_EQ(parse_fog("12.5FOG"), Amount{12'500'000'000});
  EXPECT_EQ(parse_fog("0.000000001"), Amount{1});
  EXPECT_EQ(parse_fog("1.000000000"), Amount{1'000'000'000});
  EXPECT_EQ(parse_fog("500 droplets"), Amount{500});
  EXPECT_EQ(parse_fog("0"), Amount{0});
}

TEST(Amount, RefusesWhatIsNotAnAmount) {
  for (const char* text : {"",
                           " ",
                           "FOG",
                           " FOG",
                           "droplets",
                           ".5",
                           "5.",
                           "-1",
                           "+1",
                           "1e9",
                           "1,5",
                           "1 2",
                           "1.2.3",
                           "0x10",
                           "1.0000000001",
                           "1.5 droplets",
                           "1 fog",
                           "12 FOG FOG",
                           "12 droplets FOG",
                           "1. 5"}) {
    EXPECT_EQ(parse_fog(text), std::nullopt) << '"' << text << '"';
  }
}

TEST(Amount, ReadsUpToSixtyFourBitsAndNoFurther) {
  EXPECT_EQ(parse_fog("18446744073.709551615"), Amount{kMax});
  EXPECT_EQ(parse_fog("18446744073.709551616"), std::nullopt);
  EXPECT_EQ(parse_fog("18446744074"), std::nullopt);
  EXPECT_EQ(parse_fog("18446744073709551615 droplets"), Amount{kMax});
  EXPECT_EQ(parse_fog("18446744073709551616 droplets"), std::nullopt);
  EXPECT_EQ(parse_fog("99999999999999999999999"), std::nullopt);
}

TEST(Amount, EveryAmountSurvivesItsText) {
  testing::SeededRng rng(1);
  for (int i = 0; i < 10'000; ++i) {
    // Every magnitude, not only numbers near 2^64.
    const Amount amount{rng.next() >> rng.below(64)};
    EXPECT_EQ(parse_fog(format_fog(amount)), amount);
  }
}

TEST(Amount, ArithmeticStopsAtTheEdges) {
  EXPECT_EQ(checked_add(Amount{kMax - 1}, Amount{1}), Amount{kMax});
  EXPECT_EQ(checked_add(Amount{kMax}, Amount{1}), std::nullopt);
  EXPECT_EQ(checked_sub(Amount{1}, Amount{1}), Amount{0});
  EXPECT_EQ(checked_sub(Amount{1}, Amount{2}), std::nullopt);
}

TEST(AmountDeathTest, WrappingIsOurBugAndStops) {
  EXPECT_DEATH((void)(Amount{kMax} + Amount{1}), "sum");
  EXPECT_DEATH((void)(Amount{0} - Amount{1}), "difference");
}

TEST(Amount, IsEightBytesLittleEndian) {
  EXPECT_EQ(bcs_encode(Amount{0x0102}), (Bytes{2, 1, 0, 0, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace fog
