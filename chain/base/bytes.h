// Byte strings: owned (Bytes), borrowed (ByteView) and of a fixed size (FixedBytes<N>), with hex.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fog {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

// N raw bytes, ordered lexicographically. BCS writes them without a length.
template <std::size_t N>
struct FixedBytes {
  std::array<std::uint8_t, N> data{};

  static constexpr std::size_t kSize = N;
  constexpr auto operator<=>(const FixedBytes&) const = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a fixed byte string is a view of bytes.
  operator ByteView() const { return {data.data(), N}; }
  constexpr std::uint8_t operator[](std::size_t i) const { return data[i]; }
  bool is_zero() const { return *this == FixedBytes{}; }
};

using Hash32 = FixedBytes<32>;

// The bytes of a string, borrowed.
inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(ByteView view) {
  return Bytes(view.begin(), view.end());
}
inline void append(Bytes& out, ByteView view) {
  out.insert(out.end(), view.begin(), view.end());
}

// Lower-case hex without a prefix.
std::string to_hex(ByteView bytes);
// Lower-case hex with the prefix 0x, the form in which JSON carries bytes.
std::string to_hex0x(ByteView bytes);
// Accepts upper and lower case, with or without 0x; nothing for an odd length or a foreign
// character.
std::optional<Bytes> from_hex(std::string_view hex);
// As from_hex, and exactly N bytes.
template <std::size_t N>
std::optional<FixedBytes<N>> fixed_from_hex(std::string_view hex) {
  const std::optional<Bytes> bytes = from_hex(hex);
  if (!bytes || bytes->size() != N) return std::nullopt;
  FixedBytes<N> out;
  std::copy(bytes->begin(), bytes->end(), out.data.begin());
  return out;
}
// Exactly N bytes of a view; nothing for another length.
template <std::size_t N>
std::optional<FixedBytes<N>> fixed_from(ByteView view) {
  if (view.size() != N) return std::nullopt;
  FixedBytes<N> out;
  std::copy(view.begin(), view.end(), out.data.begin());
  return out;
}

// Big-endian, so that the order of the bytes is the order of the numbers (used in state keys).
inline void append_be64(Bytes& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(value >> shift));
}
std::uint64_t read_be64(ByteView eight_bytes);

}  // namespace fog
