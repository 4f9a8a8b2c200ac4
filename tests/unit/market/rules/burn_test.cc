// What is burned of a Host's pay, when the burned share is voted up or down while a lease runs.
#include "market/rules/settlement.h"
#include "tests/support/market_stage.h"

namespace fog::market {
namespace {

TEST(Burn, AVotedShareHoldsForWhatIsPaidFromThenOn) {
  for (const std::uint32_t then : {0U, 10U, 19U, 20U, 40U, 1'000U}) {
    MarketParams params = testing::example_params();
    Bid bid;
    bid.free = bid.deposited = Amount{1'000'000'000};
    Lease lease;
    ASSERT_TRUE(fill_slice(bid, lease, Amount{100'000'000}));
    Amount burned;
    const auto pay = [&](std::uint64_t droplets) {
      lease.allowance = Amount{droplets};
      const Payment paid = pay_from_slice(params, bid, lease, Amount{droplets});
      EXPECT_EQ((paid.to_host + paid.held + paid.burned).droplets, droplets);
      EXPECT_LE(paid.burned.droplets, droplets * params.burn_permille / 1'000 + 1);
      EXPECT_GE(paid.burned.droplets + 1, droplets * params.burn_permille / 1'000);
      burned += paid.burned;
      EXPECT_EQ(lease.burned, burned);
    };
    pay(1'000'000);
    params.burn_permille = then;
    pay(10);
    pay(1'000'000);
  }
}

// However a bill is cut into receipts, the same is burned of it.
TEST(Burn, DoesNotDependOnHowABillIsCut) {
  const MarketParams params = testing::example_params();
  const auto burned_of = [&](std::uint64_t total, std::uint64_t part) {
    Bid bid;
    bid.free = bid.deposited = Amount{1'000'000'000};
    Lease lease;
    EXPECT_TRUE(fill_slice(bid, lease, Amount{100'000'000}));
    for (std::uint64_t left = total; left > 0;) {
      const std::uint64_t now = std::min(part, left);
      lease.allowance = Amount{now};
      (void)pay_from_slice(params, bid, lease, Amount{now});
      left -= now;
    }
    return lease.burned;
  };
  for (const std::uint64_t part : {1U, 7U, 49U, 50U, 999U}) {
    EXPECT_EQ(burned_of(12'345, part), burned_of(12'345, 12'345)) << part;
  }
}

}  // namespace
}  // namespace fog::market
