// Where Hosts are: a country, and a point on the globe in thousandths of a degree.
#pragma once

#include <cstdint>

#include "chain/base/bcs.h"

namespace fog::market {

// Where a Host is, in its own words. Degrees in thousandths.
struct Location {
  BoundedText<2> country;             // ISO 3166-1 alpha-2, upper case
  std::uint32_t lat_milli = 90'000;   // latitude + 90 000: 0..180 000
  std::uint32_t lon_milli = 180'000;  // longitude + 180 000: 0..360 000
  static constexpr auto kFields =
      std::make_tuple(&Location::country, &Location::lat_milli, &Location::lon_milli);
  bool operator==(const Location&) const = default;
};

// A cell of the globe: a geohash of 1 to 8 characters, e.g. "u33" (about 156 km across) around
// Berlin. Every longer one that begins with it lies inside. See cell.h.
using Cell = BoundedText<8>;

// The least time there and back over a distance, in microseconds: light in fibre goes about 200 km
// in a millisecond. A lower bound: real paths are longer, and machines add to it.
constexpr std::uint64_t round_trip_us(std::uint32_t distance_km) {
  return std::uint64_t{distance_km} * 10;
}
// The farthest that a round trip of so long can reach.
constexpr std::uint32_t farthest_km(std::uint32_t round_trip) {
  return round_trip / 10;
}

}  // namespace fog::market
