// Cells: the standard geohash, by integers, and its edges.
#include "market/types/cell.h"

#include <gtest/gtest.h>

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

TEST(Latency, IsThereAndBackByLightInFibre) {
  EXPECT_EQ(round_trip_us(0), 0U);
  EXPECT_EQ(round_trip_us(1'000), 10'000U) << "5 ms each way";
  EXPECT_EQ(farthest_km(10'009), 1'000U);
  EXPECT_EQ(farthest_km(9'999), 999U);
}

}  // namespace
}  // namespace fog::market
