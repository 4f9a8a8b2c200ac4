// A reproducible random source for tests: the same seed gives the same bytes on every platform.
#pragma once

#include <cstdint>
#include <span>

#include "chain/base/bytes.h"
#include "chain/base/clock.h"

namespace fog::testing {

// SplitMix64 (Steele, Lea, Flood 2014). Not for keys that guard anything.
class SeededRng final : public Rng {
 public:
  explicit SeededRng(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  // Uniform enough for tests; `bound` must not be 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(next());
  }
  Bytes bytes(std::size_t size) {
    Bytes out(size);
    fill(out);
    return out;
  }

 private:
  std::uint64_t state_;
};

}  // namespace fog::testing
