// The fee market: up with demand by at most an eighth a block, down with time, silent when idle.
#include "chain/ledger/fees.h"

#include <gtest/gtest.h>

#include "tests/support/memory_state.h"

namespace fog {
namespace {

class FeesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    params.block_units_target = 1'000;
    params.block_units_max = 6'000;
  }
  ChainParams params;  // denominator 8, minimum 10
};

TEST_F(FeesTest, StaysAtAndBelowTheTarget) {
  EXPECT_EQ(raised_base_price(params, 800, 0), 800U);
  EXPECT_EQ(raised_base_price(params, 800, 999), 800U);
  EXPECT_EQ(raised_base_price(params, 800, 1'000), 800U);
}

TEST_F(FeesTest, RisesInProportionToWhatIsAboveTheTarget) {
  EXPECT_EQ(raised_base_price(params, 800, 1'500), 850U);
  EXPECT_EQ(raised_base_price(params, 800, 2'000), 900U);
}

TEST_F(FeesTest, RisesByAtMostAnEighthHoweverFullTheBlock) {
  EXPECT_EQ(raised_base_price(params, 800, 6'000), 900U);
  EXPECT_EQ(raised_base_price(params, 800, ~std::uint64_t{0}), 900U);
}

TEST_F(FeesTest, RisesByAtLeastOneSoThatASmallPriceCanRise) {
  EXPECT_EQ(raised_base_price(params, 1, 1'001), 2U);
  EXPECT_EQ(raised_base_price(params, 10, 1'001), 11U);
}

TEST_F(FeesTest, StopsAtSixtyFourBits) {
  EXPECT_EQ(raised_base_price(params, ~std::uint64_t{0}, 6'000), ~std::uint64_t{0});
}

TEST_F(FeesTest, ABlockBelowTheTargetWritesNothing) {
  testing::MemoryState base;
  Overlay state(base);
  update_fee_market(state, params, 10, 5'000, 1'000);
  EXPECT_TRUE(state.changes().empty());
  update_fee_market(state, params, 800, 5'000, 2'000);
  EXPECT_EQ(load<FeeMarket>(state, fee_market_key()), (FeeMarket{900, 5'000}));
}

}  // namespace
}  // namespace fog
