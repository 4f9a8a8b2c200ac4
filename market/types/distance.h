// Distances on the globe, by integer arithmetic, so that every node finds the same.
#pragma once

#include <array>
#include <optional>

#include "market/types/objects.h"

namespace fog::market {

// Great-circle distance on a globe of radius 6 371 km, by the haversine formula with halves of the
// differences in whole thousandths of a degree, rounded to the nearest kilometre; within a metre
// before it is rounded, within half a kilometre for places that are nearly opposite.
std::uint32_t distance_km(const Location& a, const Location& b);
// How far a place within so many kilometres of one at this latitude (distance_km) can be from it,
// at most, on the map; nothing where a pole or half the globe lies within.
struct Reach {
  std::uint32_t lat_milli = 0;
  std::uint32_t lon_milli = 0;
};
std::optional<Reach> reach_of(std::uint32_t lat_milli, std::uint32_t km);
// How far away a Host can be thought by a measured round trip: light in fibre, 100 km there and
// back in a millisecond, at most half around the globe.
inline std::uint32_t round_trip_km(std::uint32_t micros) {
  constexpr std::uint32_t kHalfGlobeKm = 20'038;
  return std::min(micros / 10, kHalfGlobeKm);
}

// A place as a vector from the globe's centre, in 2^-14 of its radius (390 m), rounded. It serves
// for bounds alone: two subtractions and a look into a table instead of trigonometry.
using GlobePoint = std::array<std::int16_t, 3>;
GlobePoint globe_point(const Location& location);

// All points between two of each component: what encloses a region.
struct GlobeBox {
  GlobePoint min{};
  GlobePoint max{};
  bool operator==(const GlobeBox&) const = default;
};
// Kilometres that distance_km() finds at least between the two places; for near ones within 1 %
// and 3 km of it.
std::uint32_t distance_at_least_km(const GlobePoint& from, const GlobePoint& to);
// To every place in the box; 0 from within.
std::uint32_t distance_at_least_km(const GlobePoint& from, const GlobeBox& box);
// The same for sixteen boxes at once, given component by component.
using GlobeColumns = std::array<std::array<std::int16_t, 16>, 3>;
std::array<std::uint32_t, 16> distances_at_least_km(const GlobePoint& from, const GlobeColumns& min,
                                                    const GlobeColumns& max);

}  // namespace fog::market
