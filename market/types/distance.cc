#include "market/types/distance.h"

#include <algorithm>
#include <bit>

namespace fog::market {
namespace {

constexpr std::uint64_t kOne = 1ULL << 32;
constexpr std::uint64_t kHalfPi = 6'746'518'852;  // pi / 2
constexpr std::uint64_t kEarthDiameterKm = 2 * 6'371;

std::uint64_t mul_q32(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>((static_cast<u128>(a) * b) >> 32);
}

// The largest integer whose square does not exceed n, for n below 2^126.
std::uint64_t isqrt(u128 n) {
  if (n == 0) return 0;
  const auto high = static_cast<std::uint64_t>(n >> 64);
  const int bits = high != 0 ? 128 - std::countl_zero(high)
                             : 64 - std::countl_zero(static_cast<std::uint64_t>(n));
  // Newton from above: it falls until it is there.
  std::uint64_t root = std::uint64_t{1} << ((bits + 1) / 2);
  for (;;) {
    const std::uint64_t quotient =
        high != 0 ? static_cast<std::uint64_t>(n / root) : static_cast<std::uint64_t>(n) / root;
    const std::uint64_t next = (root + quotient) / 2;
    if (next >= root) return root;
    root = next;
  }
}

// sin of an angle of 0..90 degrees, in thousandths of a degree. Taylor to x^13: exact to 10^-9.
std::uint64_t sin_q32(std::uint64_t angle_milli) {
  CHECK(angle_milli <= 90'000);
  const auto x = static_cast<std::uint64_t>(static_cast<u128>(kHalfPi) * angle_milli / 90'000);
  const std::uint64_t x2 = mul_q32(x, x);
  // Horner from the smallest term: 1 - x2/(2*3) (1 - x2/(4*5) (1 - ...)). Each bracket stays
  // positive, since x2 / 6 < 1.
  const auto bracket = [x2](std::uint64_t inner, std::uint64_t k) {
    return kOne - mul_q32(x2, inner) / (k * (k + 1));
  };
  std::uint64_t series = bracket(kOne, 12);
  series = bracket(series, 10);
  series = bracket(series, 8);
  series = bracket(series, 6);
  series = bracket(series, 4);
  series = bracket(series, 2);
  return std::min(mul_q32(x, series), kOne);
}
std::uint64_t cos_q32(std::uint64_t angle_milli) {
  return sin_q32(90'000 - angle_milli);
}

// asin for 0 <= s <= 1/2: s + s^3/6 + 3 s^5/40 + ..., each term from the one before.
std::uint64_t asin_small_q32(std::uint64_t s) {
  const std::uint64_t s2 = mul_q32(s, s);
  std::uint64_t power = s;  // s^(2k+1) times the central coefficient
  std::uint64_t sum = s;
  for (std::uint64_t k = 1; k <= 16 && power != 0; ++k) {
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

// sin^2 of half of each angle, joined as the haversine formula has them: h in Q64.
u128 haversine_q64(std::uint32_t lat_apart, std::uint32_t lon_apart, std::uint64_t cosines) {
  // Half a thousandth of a degree is lost on odd differences: 60 m, below the stated precision.
  const u128 sin_lat = sin_q32(lat_apart / 2);
  const u128 sin_lon = sin_q32(lon_apart / 2);
  return sin_lat * sin_lat + (sin_lon * sin_lon * cosines >> 32);
}

std::uint32_t lon_apart(std::uint32_t a, std::uint32_t b) {
  const std::uint32_t direct = apart(a, b);
  return std::min(direct, 360'000 - direct);
}

std::uint64_t cos_of_latitude(std::uint32_t lat_milli) {
  return cos_q32(apart(lat_milli, 90'000));
}

// ---- bounds ----

constexpr int kPointBits = 14;  // of a component's fraction
constexpr std::uint32_t kRadiusKm = 6'371;
// By what a bound may be too high: 0.7 km that two rounded points are nearer to each other than
// they say, 0.2 km that distance_km() loses on odd differences, and 0.5 km of its own rounding.
constexpr std::uint32_t kSlackKm = 2;

// floor(2^8 sqrt(m)) of what has eight bits.
constexpr std::array<std::uint16_t, 256> make_roots() {
  std::array<std::uint16_t, 256> roots{};
  std::uint32_t root = 0;
  for (std::uint32_t m = 0; m < 256; ++m) {
    while ((root + 1) * (root + 1) <= m << 16) ++root;
    roots[m] = static_cast<std::uint16_t>(root);
  }
  return roots;
}
constexpr std::array<std::uint16_t, 256> kRoots = make_roots();

// The arc is no shorter than the chord, whose square this is, in 2^-28 of the radius's. Its root is
// taken of the first seven or eight bits.
std::uint32_t arc_at_least_km(std::uint32_t chord_square) {
  const int bits = 32 - std::countl_zero(chord_square);
  const int drop = bits > 8 ? (bits - 7) / 2 * 2 : 0;
  const std::uint64_t root = std::uint64_t{kRoots[chord_square >> drop]} << (drop / 2);
  const auto km = static_cast<std::uint32_t>(root * kRadiusKm >> (8 + kPointBits));
  return km > kSlackKm ? km - kSlackKm : 0;
}

// sin of any angle, with its sign.
std::int64_t signed_sin_q32(std::uint32_t angle_milli) {
  const std::uint32_t turn = angle_milli % 360'000;
  const std::uint32_t half = turn % 180'000;
  const auto sine = static_cast<std::int64_t>(sin_q32(half <= 90'000 ? half : 180'000 - half));
  return turn < 180'000 ? sine : -sine;
}

std::int16_t to_component(std::int64_t q32) {
  constexpr int kDropped = 32 - kPointBits;
  return static_cast<std::int16_t>((q32 + (std::int64_t{1} << (kDropped - 1))) >> kDropped);
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

// East and west the farthest is sin(lon) = sin(distance) / cos(latitude).
std::optional<Reach> reach_of(std::uint32_t lat_milli, std::uint32_t km) {
  CHECK(lat_milli <= 180'000);
  // A thousandth of a degree is more than 0.111 km. Added: a kilometre of rounding, and what the
  // arithmetic loses.
  const std::uint64_t angle = (std::uint64_t{km} + 1) * 1'000 / 111 + 10;
  if (angle >= std::min(lat_milli, 180'000 - lat_milli)) return std::nullopt;
  const std::uint64_t cosine = cos_of_latitude(lat_milli);
  const std::uint64_t sine = (sin_q32(angle) << 30) / (cosine >> 2);
  if (sine >= kOne) return std::nullopt;
  const std::uint64_t lon = asin_q32(sine) * 90'000 / kHalfPi + 10;
  return Reach{static_cast<std::uint32_t>(angle), static_cast<std::uint32_t>(lon)};
}

GlobePoint globe_point(const Location& location) {
  CHECK(location.lat_milli <= 180'000 && location.lon_milli <= 360'000);
  const auto cosine = static_cast<std::int64_t>(cos_of_latitude(location.lat_milli));
  const auto times_cosine = [cosine](std::int64_t q32) {
    const auto size = mul_q32(static_cast<std::uint64_t>(q32 < 0 ? -q32 : q32),
                              static_cast<std::uint64_t>(cosine));
    return q32 < 0 ? -static_cast<std::int64_t>(size) : static_cast<std::int64_t>(size);
  };
  return {to_component(times_cosine(signed_sin_q32(location.lon_milli + 90'000))),
          to_component(times_cosine(signed_sin_q32(location.lon_milli))),
          to_component(signed_sin_q32(location.lat_milli + 270'000))};
}

std::uint32_t distance_at_least_km(const GlobePoint& from, const GlobePoint& to) {
  std::uint32_t square = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::int32_t apart = from[i] - to[i];
    square += static_cast<std::uint32_t>(apart * apart);
  }
  return arc_at_least_km(square);
}

std::uint32_t distance_at_least_km(const GlobePoint& from, const GlobeBox& box) {
  GlobePoint nearest;
  for (std::size_t i = 0; i < from.size(); ++i)
    nearest[i] = std::min(std::max(from[i], box.min[i]), box.max[i]);
  return distance_at_least_km(from, nearest);
}

std::array<std::uint32_t, 16> distances_at_least_km(const GlobePoint& from, const GlobeColumns& min,
                                                    const GlobeColumns& max) {
  // By components of 16 and squares of 32 bits, without a branch: the compiler takes them together.
  std::array<std::int32_t, 16> squares{};
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::int32_t at = from[i];
    for (std::size_t n = 0; n < squares.size(); ++n) {
      const std::int32_t below = min[i][n] - at;
      const std::int32_t above = at - max[i][n];
      const std::int32_t outside = below > above ? below : above;
      const std::int32_t apart = outside > 0 ? outside : 0;
      squares[n] += apart * apart;
    }
  }
  std::array<std::uint32_t, 16> out{};
  for (std::size_t n = 0; n < out.size(); ++n)
    out[n] = arc_at_least_km(static_cast<std::uint32_t>(squares[n]));
  return out;
}

}  // namespace fog::market
