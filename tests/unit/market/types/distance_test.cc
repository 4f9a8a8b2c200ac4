// Bounds on distances never exceed the distance itself, and come close to it.
#include "market/types/distance.h"

#include <gtest/gtest.h>

#include "tests/support/reference_numbers.h"
#include "tests/support/seeded_rng.h"

namespace fog::market {
namespace {

using fog::testing::SeededRng;

Location place(std::uint64_t lat_milli, std::uint64_t lon_milli) {
  return {"DE", static_cast<std::uint32_t>(lat_milli), static_cast<std::uint32_t>(lon_milli)};
}
Location any_place(SeededRng& rng) {
  return place(rng.below(180'001), rng.below(360'001));
}
GlobeBox box_of(const std::vector<Location>& places) {
  GlobeBox box{globe_point(places[0]), globe_point(places[0])};
  for (const Location& one : places) {
    const GlobePoint at = globe_point(one);
    for (std::size_t i = 0; i < 3; ++i) {
      box.min[i] = std::min(box.min[i], at[i]);
      box.max[i] = std::max(box.max[i], at[i]);
    }
  }
  return box;
}

// At all ranges: next door, in the same country, anywhere, and nearly opposite.
TEST(Distance, IsTheHaversineFormulasRoundedToKilometres) {
  SeededRng rng(3);
  for (int n = 0; n < 200'000; ++n) {
    const Location from = any_place(rng);
    Location to = any_place(rng);
    if (n % 4 != 0) {
      const std::uint64_t reach = n % 4 == 1 ? 20 : n % 4 == 2 ? 500 : 20'000;
      to.lat_milli = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(180'000, from.lat_milli + rng.below(reach)));
      to.lon_milli = static_cast<std::uint32_t>((from.lon_milli + rng.below(reach)) % 360'001);
    }
    if (n % 64 == 0) to = place(180'000 - from.lat_milli, (from.lon_milli + 180'000) % 360'000);
    ASSERT_EQ(distance_km(from, to), testing::reference_distance_km(from, to)) << n;
    ASSERT_EQ(distance_km(from, to), distance_km(to, from));
  }
}

TEST(Distance, APlaceIsNoNearerThanItsBound) {
  SeededRng rng(1);
  for (int n = 0; n < 200'000; ++n) {
    const Location from = any_place(rng);
    Location to = any_place(rng);
    if (n % 2 == 0) {  // most that matter are near
      const std::uint64_t reach = 1 + rng.below(n % 4 == 0 ? 20 : 5'000);
      to.lat_milli = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(180'000, from.lat_milli + rng.below(reach)));
      to.lon_milli = static_cast<std::uint32_t>((from.lon_milli + rng.below(reach)) % 360'001);
    }
    const std::uint32_t least = distance_at_least_km(globe_point(from), globe_point(to));
    const std::uint32_t exact = distance_km(from, to);
    ASSERT_LE(least, exact);
    // The chord of 2 000 km is shorter than the arc by four thousandths.
    if (exact < 2'000) {
      ASSERT_LE(exact, least + 4 + exact / 70);
    }
  }
}

TEST(Distance, TheBoundHoldsAtPolesAtTheDateLineAndAcrossTheGlobe) {
  for (const std::uint64_t lat : {0U, 1U, 89'999U, 90'000U, 90'001U, 179'999U, 180'000U}) {
    for (const std::uint64_t lon :
         {0U, 1U, 89'999U, 180'000U, 180'001U, 270'000U, 359'999U, 360'000U}) {
      const Location one = place(lat, lon);
      const Location antipode = place(180'000 - lat, (lon + 180'000) % 360'000);
      for (const Location& other : {one, antipode, place(0, 0), place(90'000, 0)}) {
        EXPECT_LE(distance_at_least_km(globe_point(one), globe_point(other)),
                  distance_km(one, other));
      }
      EXPECT_EQ(distance_at_least_km(globe_point(one), globe_point(one)), 0U);
    }
  }
  EXPECT_EQ(globe_point(place(90'000, 0)), globe_point(place(90'000, 360'000)));
}

TEST(Distance, ABoxIsNeverNearerThanItsNearestPlace) {
  SeededRng rng(2);
  std::size_t apart = 0;
  for (int n = 0; n < 20'000; ++n) {
    const Location from = any_place(rng);
    const Location corner = any_place(rng);
    const std::uint64_t extent = 1 + rng.below(rng.below(2) == 0 ? 60'000 : 500);
    std::vector<Location> places;
    std::uint32_t nearest = ~std::uint32_t{0};
    for (int m = 0; m < 6; ++m) {
      places.push_back(
          place(std::min<std::uint64_t>(180'000, corner.lat_milli + rng.below(extent)),
                std::min<std::uint64_t>(360'000, corner.lon_milli + rng.below(extent))));
      nearest = std::min(nearest, distance_km(from, places.back()));
    }
    const std::uint32_t least = distance_at_least_km(globe_point(from), box_of(places));
    ASSERT_LE(least, nearest);
    if (least > 100) ++apart;
  }
  EXPECT_GT(apart, 10'000U);
}

}  // namespace
}  // namespace fog::market
