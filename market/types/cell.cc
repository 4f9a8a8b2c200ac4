#include "market/types/cell.h"

#include <algorithm>

#include "market/types/distance.h"

namespace fog::market {
namespace {

constexpr std::string_view kAlphabet = "0123456789bcdefghjkmnpqrstuvwxyz";
constexpr std::size_t kBitsEach = 5;
constexpr std::uint64_t kLatitudes = 180'000;
constexpr std::uint64_t kLongitudes = 360'000;

// Which of 2^bits equal parts of 0..range a coordinate lies in; its upper end in the last.
std::uint64_t part_of(std::uint64_t coordinate, std::uint64_t range, std::size_t bits) {
  const std::uint64_t parts = std::uint64_t{1} << bits;
  return std::min((coordinate << bits) / range, parts - 1);
}

// A cell's bits, and how many of them halve each coordinate: longitude begins.
struct Bits {
  std::uint64_t lat = 0;
  std::uint64_t lon = 0;
  std::size_t lat_count = 0;
  std::size_t lon_count = 0;
};

Bits counts_for(std::size_t characters) {
  const std::size_t all = characters * kBitsEach;
  return {0, 0, all / 2, all - all / 2};
}

Bits bits_of(const Location& place, std::size_t characters) {
  Bits out = counts_for(characters);
  out.lat = part_of(place.lat_milli, kLatitudes, out.lat_count);
  out.lon = part_of(place.lon_milli, kLongitudes, out.lon_count);
  return out;
}

Bits bits_of(std::string_view cell) {
  Bits out;
  for (const char c : cell) {
    const std::size_t digit = kAlphabet.find(c);
    CHECK(digit != std::string_view::npos);
    for (std::size_t bit = kBitsEach; bit-- > 0;) {
      const std::uint64_t half = digit >> bit & 1;
      if (out.lon_count == out.lat_count) {
        out.lon = out.lon << 1 | half;
        ++out.lon_count;
      } else {
        out.lat = out.lat << 1 | half;
        ++out.lat_count;
      }
    }
  }
  return out;
}

}  // namespace

bool is_cell(std::string_view text) {
  return !text.empty() && text.size() <= Cell::kMax &&
         text.find_first_not_of(kAlphabet) == std::string_view::npos;
}

Cell cell_of(const Location& place, std::size_t characters) {
  CHECK(characters >= 1 && characters <= Cell::kMax);
  const Bits bits = bits_of(place, characters);
  std::size_t lat_left = bits.lat_count;
  std::size_t lon_left = bits.lon_count;
  std::string out;
  for (std::size_t i = 0; i < characters; ++i) {
    std::size_t digit = 0;
    for (std::size_t bit = 0; bit < kBitsEach; ++bit) {
      const bool is_lon = (i * kBitsEach + bit) % 2 == 0;
      digit = digit << 1 | (is_lon ? bits.lon >> --lon_left & 1 : bits.lat >> --lat_left & 1);
    }
    out.push_back(kAlphabet[digit]);
  }
  return Cell(std::move(out));
}

bool holds(std::string_view cell, const Location& place) {
  const Bits wanted = bits_of(cell);
  const Bits has = bits_of(place, cell.size());
  return wanted.lat == has.lat && wanted.lon == has.lon;
}

// A cell that is no smaller than what is within reach: the corners lie in all cells that it meets.
std::vector<Cell> cells_around(const Location& middle, std::uint32_t km) {
  const std::optional<Reach> reach = reach_of(middle.lat_milli, km);
  if (!reach) return {};
  for (std::size_t characters = Cell::kMax; characters > 0; --characters) {
    const Bits counts = counts_for(characters);
    if (2 * reach->lat_milli + 1 > kLatitudes >> counts.lat_count ||
        2 * reach->lon_milli + 1 > kLongitudes >> counts.lon_count)
      continue;
    // Both ends of the range of longitudes are the same meridian.
    const std::uint32_t lon = middle.lon_milli;
    const auto turn = static_cast<std::uint32_t>(kLongitudes);
    const std::uint32_t west =
        lon > reach->lon_milli ? lon - reach->lon_milli : lon + turn - reach->lon_milli;
    const std::uint32_t east =
        lon + reach->lon_milli < turn ? lon + reach->lon_milli : lon + reach->lon_milli - turn;
    std::vector<Cell> cells;
    for (const std::uint32_t lat :
         {middle.lat_milli - reach->lat_milli, middle.lat_milli + reach->lat_milli}) {
      for (const std::uint32_t side : {west, east}) {
        const Cell cell = cell_of({{}, lat, side}, characters);
        if (std::find(cells.begin(), cells.end(), cell) == cells.end()) cells.push_back(cell);
      }
    }
    return cells;
  }
  return {};
}

Area area_of(std::string_view cell) {
  const Bits bits = bits_of(cell);
  const auto bound = [](std::uint64_t part, std::uint64_t range, std::size_t count) {
    return static_cast<std::uint32_t>((part * range) >> count);
  };
  // The upper ends are a little too high where a cell ends between two thousandths.
  return {bound(bits.lat, kLatitudes, bits.lat_count),
          bound(bits.lat + 1, kLatitudes, bits.lat_count),
          bound(bits.lon, kLongitudes, bits.lon_count),
          bound(bits.lon + 1, kLongitudes, bits.lon_count)};
}

}  // namespace fog::market
