#include "chain/base/seeded_hash.h"

#include <cstring>

#include "chain/base/clock.h"
#include "chain/base/math.h"

namespace fog {
namespace {

struct Seeds {
  Seeds() {
    std::array<std::uint8_t, 16> bytes{};
    system_rng().fill(bytes);
    std::memcpy(&start, bytes.data(), 8);
    std::memcpy(&factor, bytes.data() + 8, 8);
    factor |= 1;
  }
  std::uint64_t start = 0;
  std::uint64_t factor = 0;
};

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const u128 product = static_cast<u128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

// Multiply and fold, eight bytes at a time (after wyhash).
std::size_t seeded_hash(ByteView bytes) {
  static const Seeds kSeeds;
  std::uint64_t hash = kSeeds.start ^ bytes.size();
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    hash = fold(hash ^ word, kSeeds.factor);
  }
  std::uint64_t rest = 0;
  if (at < bytes.size()) std::memcpy(&rest, bytes.data() + at, bytes.size() - at);
  return static_cast<std::size_t>(fold(hash ^ rest, kSeeds.factor));
}

}  // namespace fog
