// Prices: what time and use cost to the droplet, and that cutting a bill in pieces changes nothing.
#include "market/types/price.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog::market {
namespace {

using testing::SeededRng;

constexpr std::uint64_t kHourMs = 3'600'000;

UnitPrices example_prices() {
  UnitPrices p;
  p.cpu_core_hour = 10'000'000;
  p.memory_gib_hour = 2'000'000;
  p.storage_gib_month = 30'000'000;
  p.gpu_hour = 500'000'000;
  p.gfuel = 1'000'000;
  p.egress_gib = 20'000'000;
  p.million_requests = 3'000'000;
  return p;
}

TEST(Rent, OneHourOfOneCoreAtScaleOneIsTheClassPrice) {
  Resources r;
  r.cpu_milli = 1'000;
  EXPECT_EQ(rent_due(example_prices(), kScaleOne, r, kHourMs), Amount{10'000'000});
  EXPECT_EQ(rent_due(example_prices(), kScaleOne / 2, r, kHourMs), Amount{5'000'000});
  EXPECT_EQ(rent_due(example_prices(), kScaleOne, r, 0), Amount{0});
}

TEST(Rent, AddsEveryReservedResource) {
  Resources r;
  r.cpu_milli = 500;
  r.memory_mib = 2'048;
  r.storage_mib = 1'024 * 720;  // 720 GiB: an hour of it is one GiB-month
  r.gpu = Gpu{"a100", 250};
  EXPECT_EQ(rent_due(example_prices(), kScaleOne, r, kHourMs),
            Amount{5'000'000 + 4'000'000 + 30'000'000 + 125'000'000});
}

TEST(Rent, EachComponentIsRoundedDown) {
  UnitPrices p;
  p.cpu_core_hour = 3'600'000;  // one droplet a core-millisecond
  Resources r;
  r.cpu_milli = 999;
  EXPECT_EQ(rent_due(p, kScaleOne, r, 1), Amount{0});
  EXPECT_EQ(rent_due(p, kScaleOne, r, 1'000), Amount{999});
  r.cpu_milli = 1'000;
  EXPECT_EQ(rent_due(p, kScaleOne, r, 1), Amount{1});
  EXPECT_EQ(rent_due(p, kScaleOne - 1, r, 1), Amount{0});
}

TEST(Rent, LargestInputsAreExactAndOnlyAnAnswerBeyond64BitsIsRefused) {
  UnitPrices p;
  p.memory_gib_hour = kUnitPriceMax;
  Resources r;
  r.memory_mib = 1U << 24;  // 16 384 GiB
  // 2^46 x 2^14 = 2^60 droplets an hour at scale one.
  EXPECT_EQ(rent_due(p, kScaleOne, r, kHourMs), Amount{1ULL << 60});
  EXPECT_EQ(rent_due(p, kScaleOne, r, 15 * kHourMs), Amount{15ULL << 60});
  EXPECT_EQ(rent_due(p, kScaleOne, r, 16 * kHourMs), std::nullopt);
  EXPECT_EQ(rent_due(p, kScaleMax, r, 1ULL << 40), std::nullopt);
  EXPECT_EQ(rent_due(p, kScaleMin, r, 1'500 * kHourMs), Amount{15ULL << 60});
}

TEST(Use, PricesFuelEgressAndRequests) {
  const Counters c{2'000'000, 5'000'000'000, 1ULL << 30};
  EXPECT_EQ(use_due(example_prices(), kScaleOne, c), Amount{5'000'000 + 20'000'000 + 6'000'000});
  EXPECT_EQ(use_due(example_prices(), kScaleOne, Counters{}), Amount{0});
}

TEST(Use, RoundsEachComponentDown) {
  UnitPrices p;
  p.gfuel = 1;
  p.egress_gib = 1;
  EXPECT_EQ(use_due(p, kScaleOne, {0, 999'999'999, (1ULL << 30) - 1}), Amount{0});
  EXPECT_EQ(use_due(p, kScaleOne, {0, 1'000'000'000, (1ULL << 30) - 1}), Amount{1});
  EXPECT_EQ(use_due(p, kScaleOne, {0, 1'000'000'000, 1ULL << 30}), Amount{2});
}

TEST(Use, LargestInputs) {
  UnitPrices p;
  p.gfuel = kUnitPriceMax;
  EXPECT_EQ(use_due(p, kScaleOne, {0, ~0ULL, 0}), std::nullopt);
  EXPECT_EQ(use_due(p, kScaleMax, {0, 1'000'000'000, 0}), Amount{100 * kUnitPriceMax});
}

// Cumulative amounts: the differences of any cutting add up to the whole bill.
TEST(Prices, AnyCuttingIntoReceiptsGivesTheSameTotal) {
  SeededRng rng(4);
  for (int round = 0; round < 200; ++round) {
    UnitPrices p;
    p.cpu_core_hour = rng.below(1'000'000);
    p.memory_gib_hour = rng.below(1'000'000);
    p.storage_gib_month = rng.below(1'000'000);
    p.gfuel = rng.below(1'000'000);
    p.egress_gib = rng.below(1'000'000);
    p.million_requests = rng.below(1'000'000);
    const auto scale = static_cast<Scale>(kScaleMin + rng.below(kScaleMax - kScaleMin));
    Resources r;
    r.cpu_milli = static_cast<std::uint32_t>(rng.below(64'000));
    r.memory_mib = static_cast<std::uint32_t>(rng.below(1U << 20));
    r.storage_mib = static_cast<std::uint32_t>(rng.below(1U << 24));
    std::uint64_t elapsed = 0;
    Counters counters;
    Amount paid;
    for (int step = 0; step < 50; ++step) {
      elapsed += rng.below(100'000);
      counters = *checked_add(counters,
                              Counters{rng.below(100), rng.below(10'000'000), rng.below(100'000)});
      const Amount due = *rent_due(p, scale, r, elapsed) + *use_due(p, scale, counters);
      ASSERT_GE(due, paid) << "what is due never falls";
      paid += due - paid;
    }
    EXPECT_EQ(paid, *rent_due(p, scale, r, elapsed) + *use_due(p, scale, counters));
  }
}

TEST(Hourly, IsTheDotProductRoundedUpPerComponentAndAtLeastOne) {
  Resources r;
  r.cpu_milli = 1;
  UnitPrices p;
  EXPECT_EQ(hourly_at_scale_one(p, r, {}), 1U) << "never free: scores must rank";
  p.cpu_core_hour = 1;
  p.gfuel = 1;
  EXPECT_EQ(hourly_at_scale_one(p, r, {}), 1U);
  EXPECT_EQ(hourly_at_scale_one(p, r, {1, 0, 0}), 2U) << "a thousandth and a billionth, each up";
  r.cpu_milli = 2'000;
  r.memory_mib = 512;
  EXPECT_EQ(hourly_at_scale_one(example_prices(), r, {3'000'000'000, 1ULL << 30, 1'000'000}),
            20'000'000U + 1'000'000 + 3'000'000 + 20'000'000 + 3'000'000);
}

TEST(Hourly, BeyondSixtyFourBitsIsRefused) {
  UnitPrices p;
  p.gfuel = kUnitPriceMax;
  EXPECT_EQ(hourly_at_scale_one(p, {}, {~0ULL, 0, 0}), std::nullopt);
}

TEST(Ladder, ClimbsByAQuarter) {
  EXPECT_EQ(cap_of_step(0), 1'024U);
  EXPECT_EQ(cap_of_step(1), 1'280U);
  EXPECT_EQ(cap_of_step(2), 1'600U);
  for (std::uint8_t step = 1; step < kCapSteps; ++step) {
    const std::uint64_t below = cap_of_step(static_cast<std::uint8_t>(step - 1));
    EXPECT_EQ(cap_of_step(step), below + below / 4);
  }
}

TEST(Ladder, StepForIsTheLowestThatCovers) {
  EXPECT_EQ(step_for(0), 0);
  EXPECT_EQ(step_for(1'024), 0);
  EXPECT_EQ(step_for(1'025), 1);
  EXPECT_EQ(step_for(1'280), 1);
  const std::uint64_t top = cap_of_step(kCapSteps - 1);
  EXPECT_EQ(step_for(top), kCapSteps - 1);
  EXPECT_EQ(step_for(top + 1), std::nullopt);
}

TEST(Resources, FitTakeAndGiveBack) {
  Resources host{4'000, 8'192, 100, 50, Gpu{"l4", 1'000}};
  const Resources whole = host;
  const Resources need{1'000, 8'192, 0, 50, Gpu{"l4", 400}};
  ASSERT_TRUE(host.fits(need));
  host.take(need);
  EXPECT_EQ(host, (Resources{3'000, 0, 100, 0, Gpu{"l4", 600}}));
  EXPECT_FALSE(host.fits(need));
  host.give_back(need);
  EXPECT_EQ(host, whole);
}

TEST(Resources, AGpuNeedFitsOnlyTheSameModel) {
  const Resources with{1'000, 1'000, 0, 0, Gpu{"l4", 1'000}};
  const Resources without{1'000, 1'000, 0, 0, std::nullopt};
  const Resources need{1, 1, 0, 0, Gpu{"l4", 1'000}};
  EXPECT_TRUE(with.fits(need));
  EXPECT_FALSE(without.fits(need));
  EXPECT_FALSE(with.fits({1, 1, 0, 0, Gpu{"a100", 1}}));
  EXPECT_FALSE(with.fits({1, 1, 0, 0, Gpu{"l4", 1'001}}));
  EXPECT_TRUE(with.fits({1, 1, 0, 0, std::nullopt})) << "who needs none fits anywhere";
}

TEST(Resources, Bounds) {
  EXPECT_TRUE((Resources{1U << 20, 1U << 24, 1U << 30, 7, Gpu{"x", 64'000}}.within_bounds()));
  EXPECT_FALSE((Resources{(1U << 20) + 1, 0, 0, 0, {}}.within_bounds()));
  EXPECT_FALSE((Resources{0, (1U << 24) + 1, 0, 0, {}}.within_bounds()));
  EXPECT_FALSE((Resources{0, 0, (1U << 30) + 1, 0, {}}.within_bounds()));
  EXPECT_FALSE((Resources{1, 1, 1, 1, Gpu{"x", 0}}.within_bounds()));
  EXPECT_FALSE((Resources{1, 1, 1, 1, Gpu{"x", 64'001}}.within_bounds()));
  EXPECT_FALSE((Resources{1, 1, 1, 1, Gpu{"", 5}}.within_bounds()));
}

}  // namespace
}  // namespace fog::market
