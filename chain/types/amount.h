// Amount: a count of droplets; 1 FOG = 10^9. Never negative; arithmetic is checked.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "chain/base/math.h"

namespace fog {

constexpr std::uint64_t kDropletsPerFog = 1'000'000'000;

struct Amount {
  std::uint64_t droplets = 0;

  static constexpr auto kFields = std::make_tuple(&Amount::droplets);
  constexpr auto operator<=>(const Amount&) const = default;
};

inline std::optional<Amount> checked_add(Amount a, Amount b) {
  const auto sum = checked_add(a.droplets, b.droplets);
  if (!sum) return std::nullopt;
  return Amount{*sum};
}
inline std::optional<Amount> checked_sub(Amount a, Amount b) {
  const auto difference = checked_sub(a.droplets, b.droplets);
  if (!difference) return std::nullopt;
  return Amount{*difference};
}
// For sums that the supply invariant bounds: overflow or underflow is our own bug and stops the
// node.
inline Amount operator+(Amount a, Amount b) {
  const auto sum = checked_add(a, b);
  CHECK(sum.has_value());
  return *sum;
}
inline Amount operator-(Amount a, Amount b) {
  const auto difference = checked_sub(a, b);
  CHECK(difference.has_value());
  return *difference;
}
inline Amount& operator+=(Amount& a, Amount b) {
  return a = a + b;
}
inline Amount& operator-=(Amount& a, Amount b) {
  return a = a - b;
}

// "12.5 FOG": the shortest exact decimal, always with the unit.
std::string format_fog(Amount amount);
// Accepts "12", "12.5", "0.000000001", with or without " FOG", or "500 droplets". Nothing for
// anything else: a sign, an exponent, more than nine decimals, more than 64 bits of droplets.
std::optional<Amount> parse_fog(std::string_view text);

}  // namespace fog
