// Checked integer arithmetic for money and units: 128-bit intermediates, rounding in the name.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "chain/base/check.h"

namespace fog {

__extension__ typedef unsigned __int128 u128;

inline std::optional<std::uint64_t> checked_add(std::uint64_t a, std::uint64_t b) {
  std::uint64_t out = 0;
  if (__builtin_add_overflow(a, b, &out)) return std::nullopt;
  return out;
}
inline std::optional<std::uint64_t> checked_sub(std::uint64_t a, std::uint64_t b) {
  if (b > a) return std::nullopt;
  return a - b;
}
inline std::optional<std::uint64_t> checked_mul(std::uint64_t a, std::uint64_t b) {
  std::uint64_t out = 0;
  if (__builtin_mul_overflow(a, b, &out)) return std::nullopt;
  return out;
}
// Sums of 128-bit products (price x quantity): nothing on overflow.
inline std::optional<u128> checked_add(u128 a, u128 b) {
  u128 out = 0;
  if (__builtin_add_overflow(a, b, &out)) return std::nullopt;
  return out;
}
// a * b / divisor rounded down; nothing if the result exceeds 64 bits. divisor must not be 0.
inline std::optional<std::uint64_t> mul_div_floor(std::uint64_t a, std::uint64_t b,
                                                  std::uint64_t divisor) {
  CHECK(divisor != 0);
  const u128 result = static_cast<u128>(a) * b / divisor;
  if (result > std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  return static_cast<std::uint64_t>(result);
}
// As mul_div_floor, rounded up.
inline std::optional<std::uint64_t> mul_div_ceil(std::uint64_t a, std::uint64_t b,
                                                 std::uint64_t divisor) {
  CHECK(divisor != 0);
  const u128 product = static_cast<u128>(a) * b;
  const u128 result = product / divisor + (product % divisor != 0 ? 1U : 0U);
  if (result > std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  return static_cast<std::uint64_t>(result);
}

}  // namespace fog
