// What is offered follows from what the chain and its last blocks say, never overflows, and rises
// with the level.
#include "wallet/fee_estimate.h"

#include <gtest/gtest.h>

#include "tests/support/fake_node.h"

namespace fog::wallet {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

TEST(FeeEstimate, LevelsRiseAndNormalIsTheUsualWhileNobodyWaits) {
  for (const std::uint64_t base : {0ULL, 1ULL, 10ULL, 1'000'000ULL}) {
    FeeMarketView market;
    market.base_price = base;
    market.tip_middle = 500;  // others' tips, though there is room for all
    market.tip_high = 900;
    const FeeTerms slow = fee_terms(market, FeeLevel::kSlow);
    const FeeTerms normal = fee_terms(market, FeeLevel::kNormal);
    const FeeTerms fast = fee_terms(market, FeeLevel::kFast);
    EXPECT_EQ(normal, suggest_fee(base));
    EXPECT_LE(slow.price_max, normal.price_max + 1);
    EXPECT_LT(normal.price_max, fast.price_max);
    EXPECT_LE(slow.tip, normal.tip);
    EXPECT_LT(normal.tip, fast.tip);
    for (const FeeTerms& terms : {slow, normal, fast}) {
      EXPECT_GE(terms.price_max, base + terms.tip);
    }
  }
}

TEST(FeeEstimate, WhoHasToPushPaysMoreThanThoseWhoWait) {
  FeeMarketView market;
  market.base_price = 100;
  market.waiting_blocks = 3;
  market.tip_middle = 40;
  market.tip_high = 400;
  EXPECT_EQ(fee_terms(market, FeeLevel::kNormal), (FeeTerms{240, 40}));
  EXPECT_GT(fee_terms(market, FeeLevel::kFast).tip, 400U);
  EXPECT_EQ(fee_terms(market, FeeLevel::kSlow).tip, 1U);
}

TEST(FeeEstimate, NoPriceIsTooHighToReckonWith) {
  FeeMarketView market;
  market.base_price = market.tip_middle = market.tip_high = kMax;
  market.waiting_blocks = 1;
  for (const FeeLevel level : {FeeLevel::kSlow, FeeLevel::kNormal, FeeLevel::kFast}) {
    const FeeTerms terms = fee_terms(market, level);
    EXPECT_LE(terms.tip, terms.price_max);
  }
  EXPECT_EQ(terms_to_replace({kMax, 1}), std::nullopt);
}

TEST(FeeEstimate, ToTakeAPlaceIsATenthMoreRoundedUp) {
  EXPECT_EQ(terms_to_replace({20, 1}), (FeeTerms{22, 2}));
  EXPECT_EQ(terms_to_replace({21, 10}), (FeeTerms{24, 11}));
  EXPECT_EQ(terms_to_replace({5, 0}), (FeeTerms{6, 1}));
  EXPECT_EQ(terms_to_replace({1'000'001, 1'000}), (FeeTerms{1'100'002, 1'100}));
}

TEST(FeeEstimate, LevelsHaveNames) {
  for (const FeeLevel level : {FeeLevel::kSlow, FeeLevel::kNormal, FeeLevel::kFast}) {
    EXPECT_EQ(fee_level(fee_level_name(level)), level);
  }
  EXPECT_EQ(fee_level(""), std::nullopt);
}

TEST(FeeEstimate, ReadsWhatTheLastBlocksTookAndAChainWithoutAny) {
  testing::FakeNode node;
  const auto market = read_fee_market(node);
  ASSERT_TRUE(market) << market.error().context;
  EXPECT_EQ(market->base_price, node.status()->base_price);
  EXPECT_LE(market->seen_blocks, 4U);
}

}  // namespace
}  // namespace fog::wallet
