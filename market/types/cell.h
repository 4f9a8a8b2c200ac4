// Cells of the globe by geohash, in integers, so that every node puts a place into the same one.
//
// A geohash halves longitude and latitude in turn, longitude first; five halvings make a character
// of the alphabet 0123456789bcdefghjkmnpqrstuvwxyz. Pure functions.
#pragma once

#include <string_view>
#include <vector>

#include "market/types/place.h"

namespace fog::market {

// 1 to 8 characters of the alphabet, lower case.
bool is_cell(std::string_view text);
// The cell of this many characters (1..8) that holds the place.
Cell cell_of(const Location& place, std::size_t characters);
// Whether the cell (is_cell) holds the place.
bool holds(std::string_view cell, const Location& place);

// Cells, as small as can be, of which no more than four hold every place within so many kilometres
// (distance_km); none where it takes the whole globe.
std::vector<Cell> cells_around(const Location& middle, std::uint32_t km);

// All places between two latitudes and two longitudes, in the units of Location.
struct Area {
  std::uint32_t lat_min = 0;
  std::uint32_t lat_max = 0;
  std::uint32_t lon_min = 0;
  std::uint32_t lon_max = 0;
};
// What no place of the cell lies outside of.
Area area_of(std::string_view cell);

}  // namespace fog::market
