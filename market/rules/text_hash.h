// A fast hash of short texts, for the marks by which the indexes in memory pass over what cannot
// fit. Two texts may share one: it never decides who is served.
#pragma once

#include <cstdint>
#include <string_view>

namespace fog::market {

// FNV-1a of 64 bits (Fowler, Noll, Vo).
inline std::uint64_t text_hash(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3U;
  return hash;
}

}  // namespace fog::market
