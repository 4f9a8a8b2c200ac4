// Records of the ledger: keys sort as they must, lanes are found, the base price decays.
#include "chain/types/records.h"

#include <limits>

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

TEST(PrefixEnd, IsTheFirstKeyAfterAllKeysWithThePrefix) {
  EXPECT_EQ(prefix_end({0x80}), (StateKey{0x81}));
  EXPECT_EQ(prefix_end({0x80, 0x01, 0xFE}), (StateKey{0x80, 0x01, 0xFF}));
  EXPECT_EQ(prefix_end({0x80, 0xFF}), (StateKey{0x81}));
  EXPECT_EQ(prefix_end({0x80, 0x00, 0xFF, 0xFF}), (StateKey{0x80, 0x01}));
  EXPECT_EQ(prefix_end({0xFF, 0xFF}), StateKey{});
  EXPECT_EQ(prefix_end({}), StateKey{});
}

TEST(PrefixEnd, SeparatesKeysWithThePrefixFromTheRest) {
  testing::SeededRng rng(7);
  for (int i = 0; i < 2'000; ++i) {
    StateKey prefix = rng.bytes(1 + rng.below(4));
    if (rng.below(3) == 0) prefix.back() = 0xFF;
    if (prefix.front() == 0xFF) continue;
    const StateKey end = prefix_end(prefix);
    StateKey inside = prefix;
    append(inside, rng.bytes(rng.below(5)));
    EXPECT_LE(prefix, inside);
    EXPECT_LT(inside, end);
    const StateKey other = rng.bytes(1 + rng.below(8));
    const bool has_prefix =
        other.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), other.begin());
    EXPECT_EQ(prefix <= other && other < end, has_prefix);
  }
}

TEST(Account, LanesCountSeparatelyAndStayInOrder) {
  Account account;
  EXPECT_EQ(account.next_sequence(3), 0U);
  account.set_next_sequence(3, 1);
  account.set_next_sequence(15, 8);
  account.set_next_sequence(0, 5);
  account.set_next_sequence(3, 2);
  EXPECT_EQ(account.next_sequence(0), 5U);
  EXPECT_EQ(account.next_sequence(3), 2U);
  EXPECT_EQ(account.next_sequence(15), 8U);
  EXPECT_EQ(account.next_sequence(1), 0U);
  ASSERT_EQ(account.lanes.size(), 3U);
  EXPECT_EQ(account.lanes[0].lane, 0);
  EXPECT_EQ(account.lanes[1].lane, 3);
  EXPECT_EQ(account.lanes[2].lane, 15);
}

TEST(AccountDeathTest, ALaneBeyondTheLastIsOurBug) {
  Account account;
  EXPECT_DEATH(account.set_next_sequence(16, 1), "kLanes");
}

class BasePrice : public ::testing::Test {
 protected:
  ChainParams params;  // minimum 10, denominator 8, interval 1 000 ms
};

TEST_F(BasePrice, HoldsUntilAWholeIntervalHasPassed) {
  const FeeMarket market{800, 5'000};
  EXPECT_EQ(base_price_at(params, market, 5'000), 800U);
  EXPECT_EQ(base_price_at(params, market, 5'999), 800U);
  EXPECT_EQ(base_price_at(params, market, 6'000), 700U);
  EXPECT_EQ(base_price_at(params, market, 7'000), 612U);  // 700 - 88, 1/8 rounded up
}

TEST_F(BasePrice, ATimeBeforeTheChangeIsTheChange) {
  EXPECT_EQ(base_price_at(params, FeeMarket{800, 5'000}, 0), 800U);
}

TEST_F(BasePrice, NeverFallsBelowTheMinimumHoweverLongTheChainIdles) {
  constexpr std::uint64_t kForever = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(base_price_at(params, FeeMarket{kForever, 0}, kForever), 10U);
  EXPECT_EQ(base_price_at(params, FeeMarket{10, 0}, kForever), 10U);
  EXPECT_EQ(base_price_at(params, FeeMarket{3, 0}, 0), 10U);
  params.base_price_min = 0;
  EXPECT_EQ(base_price_at(params, FeeMarket{7, 0}, kForever), 0U);
}

TEST_F(BasePrice, DecaysByTheSameWhicheverWayTheTimeIsCut) {
  const FeeMarket market{1'000'000, 0};
  for (std::uint64_t cut = 0; cut <= 30; ++cut) {
    const FeeMarket later{base_price_at(params, market, cut * 1'000), cut * 1'000};
    EXPECT_EQ(base_price_at(params, later, 30'000), base_price_at(params, market, 30'000)) << cut;
  }
}

}  // namespace
}  // namespace fog
