// Distances on the globe, by integer arithmetic, so that every node finds the same.
#pragma once

#include "market/types/objects.h"

namespace fog::market {

// Great-circle distance in whole kilometres (within 1 % and 1 km).
std::uint32_t distance_km(const Location& a, const Location& b);

// All places between two latitudes and two longitudes, in the units of Location; it does not reach
// across the date line.
struct Area {
  std::uint32_t lat_min = 0;
  std::uint32_t lat_max = 0;
  std::uint32_t lon_min = 0;
  std::uint32_t lon_max = 0;
};
// Kilometres that every place of the area is away, at least; often less than the nearest is.
std::uint32_t distance_at_least_km(const Location& from, const Area& area);

}  // namespace fog::market
