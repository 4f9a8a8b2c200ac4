#include "market/types/distance.h"

#include <algorithm>

namespace fog::market {
namespace {

constexpr std::uint64_t kOne = 1ULL << 32;
constexpr std::uint64_t kHalfPi = 6'746'518'852;  // pi / 2
constexpr std::uint64_t kEarthDiameterKm = 2 * 6'371;

std::uint64_t mul_q32(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>((static_cast<u128>(a) * b) >> 32);
}

// The largest integer whose square does not exceed n.
std::uint64_t isqrt(u128 n) {
  u128 root = 0;
  for (u128 bit = u128{1} << 62; bit != 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= n) root += bit;
  }
  return static_cast<std::uint64_t>(root);
}

// sin of an angle of 0..90 degrees, in thousandths of a degree. Taylor to x^13: exact to 10^-9.
std::uint64_t sin_q32(std::uint64_t angle_milli) {
  CHECK(angle_milli <= 90'000);
  const auto x = static_cast<std::uint64_t>(static_cast<u128>(kHalfPi) * angle_milli / 90'000);
  const std::uint64_t x2 = mul_q32(x, x);
  // Horner from the smallest term: 1 - x2/(2*3) (1 - x2/(4*5) (1 - ...)). Each bracket stays
  // positive, since x2 / 6 < 1.
  std::uint64_t bracket = kOne;
  for (std::uint64_t k = 12; k >= 2; k -= 2) bracket = kOne - mul_q32(x2, bracket) / (k * (k + 1));
  return std::min(mul_q32(x, bracket), kOne);
}
std::uint64_t cos_q32(std::uint64_t angle_milli) {
  return sin_q32(90'000 - angle_milli);
}

// asin for 0 <= s <= 1/2: s + s^3/6 + 3 s^5/40 + ..., each term from the one before.
std::uint64_t asin_small_q32(std::uint64_t s) {
  const std::uint64_t s2 = mul_q32(s, s);
  std::uint64_t power = s;  // s^(2k+1) times the central coefficient
  std::uint64_t sum = s;
  for (std::uint64_t k = 1; k <= 16; ++k) {
    power = mul_q32(power, s2) * (2 * k - 1) / (2 * k);
    sum += power / (2 * k + 1);
  }
  return sum;
}
std::uint64_t asin_q32(std::uint64_t s) {
  if (s <= kOne / 2) return asin_small_q32(s);
  // asin(s) = pi/2 - 2 asin(sqrt((1 - s) / 2))
  const std::uint64_t complement = isqrt(static_cast<u128>((kOne - s) / 2) << 32);
  return kHalfPi - 2 * asin_small_q32(complement);
}

std::uint32_t apart(std::uint32_t a, std::uint32_t b) {
  return a > b ? a - b : b - a;
}

// sin^2 of half of each angle, in Q64 and Q32, joined as the haversine formula has them: h in Q64.
u128 haversine_q64(std::uint32_t lat_apart, std::uint32_t lon_apart, std::uint64_t cosines) {
  // Half a thousandth of a degree is lost on odd differences: 60 m, below the stated precision.
  const u128 sin_lat = sin_q32(lat_apart / 2);
  const u128 sin_lon = sin_q32(lon_apart / 2);
  return sin_lat * sin_lat + ((sin_lon * sin_lon) >> 32) * cosines;
}

std::uint32_t lon_apart(std::uint32_t a, std::uint32_t b) {
  const std::uint32_t direct = apart(a, b);
  return std::min(direct, 360'000 - direct);
}

std::uint64_t cos_of_latitude(std::uint32_t lat_milli) {
  return cos_q32(apart(lat_milli, 90'000));
}

// How far a number is from a range.
std::uint32_t outside(std::uint32_t x, std::uint32_t low, std::uint32_t high) {
  if (x < low) return low - x;
  return x > high ? x - high : 0;
}

}  // namespace

// The haversine formula: h = sin^2(dlat / 2) + cos(lat1) cos(lat2) sin^2(dlon / 2).
std::uint32_t distance_km(const Location& a, const Location& b) {
  CHECK(a.lat_milli <= 180'000 && b.lat_milli <= 180'000);
  CHECK(a.lon_milli <= 360'000 && b.lon_milli <= 360'000);
  const std::uint64_t cosines = mul_q32(cos_of_latitude(a.lat_milli), cos_of_latitude(b.lat_milli));
  // h at most 1; its root in Q32.
  const u128 h =
      haversine_q64(apart(a.lat_milli, b.lat_milli), lon_apart(a.lon_milli, b.lon_milli), cosines);
  const std::uint64_t root = std::min(isqrt(h), kOne);
  const u128 km_q32 = static_cast<u128>(asin_q32(root)) * kEarthDiameterKm;
  return static_cast<std::uint32_t>((km_q32 + kOne / 2) >> 32);
}

// Each term of the haversine formula at its least over the area, and the chord for the arc.
std::uint32_t distance_at_least_km(const Location& from, const Area& area) {
  const std::uint32_t lat = outside(from.lat_milli, area.lat_min, area.lat_max);
  const std::uint32_t lon = from.lon_milli >= area.lon_min && from.lon_milli <= area.lon_max
                                ? 0
                                : std::min(lon_apart(from.lon_milli, area.lon_min),
                                           lon_apart(from.lon_milli, area.lon_max));
  if (lat == 0 && lon == 0) return 0;
  const std::uint64_t cosines =
      mul_q32(cos_of_latitude(from.lat_milli),
              std::min(cos_of_latitude(area.lat_min), cos_of_latitude(area.lat_max)));
  const std::uint64_t root = isqrt(haversine_q64(lat, lon, cosines));
  const auto km = static_cast<std::uint32_t>((u128{root} * kEarthDiameterKm) >> 32);
  // What the arithmetic may be wrong by.
  const std::uint32_t slack = km / 100 + 2;
  return km > slack ? km - slack : 0;
}

}  // namespace fog::market
