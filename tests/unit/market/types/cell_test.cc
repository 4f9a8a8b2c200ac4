// Cells: the standard geohash, by integers, and its edges.
#include "market/types/cell.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "market/types/distance.h"
#include "tests/support/reference_numbers.h"
#include "tests/support/seeded_rng.h"

namespace fog::market {
namespace {

Location at(double lat, double lon) {
  return {"DE", static_cast<std::uint32_t>((lat + 90) * 1'000 + 0.5),
          static_cast<std::uint32_t>((lon + 180) * 1'000 + 0.5)};
}

// Published ones: the middle of a place that lies well inside the cell.
TEST(Cell, IsTheStandardGeohash) {
  EXPECT_EQ(cell_of(at(57.649, 10.407), 6), "u4pruy");
  EXPECT_EQ(cell_of(at(42.605, -5.603), 5), "ezs42");
  EXPECT_EQ(cell_of(at(52.520, 13.405), 5), "u33dc");
  EXPECT_EQ(cell_of(at(-25.383, -49.266), 8).substr(0, 6), "6gkzwg");
  EXPECT_EQ(cell_of(at(0, 0), 8), "s0000000");
  EXPECT_EQ(cell_of(at(-90, -180), 8), "00000000");
  EXPECT_EQ(cell_of(at(90, 180), 8), "zzzzzzzz") << "the last place belongs to the last cell";
}

TEST(Cell, IsText) {
  for (const char* good : {"u", "u33", "zzzzzzzz", "0"}) EXPECT_TRUE(is_cell(good)) << good;
  for (const char* bad : {"", "a", "i", "l", "o", "U33", "u33dc0123", "u 3", "u3-"}) {
    EXPECT_FALSE(is_cell(bad)) << bad;
  }
}

TEST(Cell, HoldsWhatTheReferencePutsIntoIt) {
  fog::testing::SeededRng rng(5);
  std::size_t held = 0;
  for (int n = 0; n < 20'000; ++n) {
    const Location place{"DE", static_cast<std::uint32_t>(rng.below(180'001)),
                         static_cast<std::uint32_t>(rng.below(360'001))};
    const std::size_t characters = 1 + rng.below(8);
    const Cell cell = cell_of(place, characters);
    ASSERT_EQ(cell, testing::reference_geohash(place, characters).substr(0, characters));
    ASSERT_TRUE(holds(cell, place));
    const Location other{"DE", static_cast<std::uint32_t>(rng.below(180'001)),
                         static_cast<std::uint32_t>(rng.below(360'001))};
    const bool inside = testing::reference_geohash(other, characters) == cell;
    ASSERT_EQ(holds(cell, other), inside);
    held += inside ? 1 : 0;
    const Area area = area_of(cell);
    ASSERT_TRUE(area.lat_min <= place.lat_milli && place.lat_milli <= area.lat_max);
    ASSERT_TRUE(area.lon_min <= place.lon_milli && place.lon_milli <= area.lon_max);
  }
  EXPECT_GT(held, 50U);
}

// Near the poles and where longitudes begin anew, too; and they are not much larger than it takes.
TEST(Cell, AroundAPlaceHoldAllThatIsNearEnough) {
  fog::testing::SeededRng rng(6);
  const auto coordinate = [&rng](std::uint32_t range, std::uint32_t around, std::uint32_t spread) {
    const auto moved =
        std::int64_t{around} + static_cast<std::int64_t>(rng.below(2 * spread + 1)) - spread;
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(moved, 0, range));
  };
  std::size_t near = 0;
  std::size_t small = 0;
  for (int n = 0; n < 3'000; ++n) {
    const bool at_edge = rng.below(3) == 0;
    const Location middle{"DE",
                          at_edge ? coordinate(180'000, rng.below(2) == 0 ? 0 : 180'000, 9'000)
                                  : static_cast<std::uint32_t>(rng.below(180'001)),
                          at_edge ? coordinate(360'000, rng.below(2) == 0 ? 0 : 360'000, 2'000)
                                  : static_cast<std::uint32_t>(rng.below(360'001))};
    const auto km = static_cast<std::uint32_t>(rng.below(rng.below(2) == 0 ? 100 : 12'000));
    const std::vector<Cell> cells = cells_around(middle, km);
    ASSERT_LE(cells.size(), 4U);
    if (cells.empty()) continue;
    if (cells.front().size() >= 3) ++small;
    for (int m = 0; m < 200; ++m) {
      const std::uint32_t spread = km * 12 + 100;
      Location place{"DE", coordinate(180'000, middle.lat_milli, spread),
                     coordinate(360'000, middle.lon_milli, 3 * spread)};
      if (m % 8 == 0) place.lon_milli = 360'000 - place.lon_milli;  // across the edge
      if (m % 8 == 1) place.lon_milli = rng.below(2) == 0 ? 0 : 360'000;
      if (distance_km(middle, place) > km) continue;
      ++near;
      ASSERT_TRUE(std::any_of(cells.begin(), cells.end(),
                              [&](const Cell& cell) { return holds(cell, place); }))
          << middle.lat_milli << ' ' << middle.lon_milli << ' ' << km << ": " << place.lat_milli
          << ' ' << place.lon_milli;
    }
  }
  EXPECT_GT(near, 10'000U);
  EXPECT_GT(small, 300U);
}

TEST(Cell, AroundThePoleThereAreNone) {
  EXPECT_TRUE(cells_around(at(89.9, 0), 50).empty());
  EXPECT_TRUE(cells_around(at(0, 0), 20'038).empty());
  EXPECT_TRUE(cells_around(at(0, 0), ~std::uint32_t{0}).empty());
  EXPECT_EQ(cells_around(at(52.520, 13.405), 0).front().substr(0, 3), "u33");
}

TEST(Latency, IsThereAndBackByLightInFibre) {
  EXPECT_EQ(round_trip_us(0), 0U);
  EXPECT_EQ(round_trip_us(1'000), 10'000U) << "5 ms each way";
  EXPECT_EQ(farthest_km(10'009), 1'000U);
  EXPECT_EQ(farthest_km(9'999), 999U);
}

}  // namespace
}  // namespace fog::market
