#include "chain/base/clock.h"

#include <time.h>

#include <sys/random.h>

#include "chain/base/check.h"

namespace fog {
namespace {

std::uint64_t read_ns(clockid_t id) {
  timespec now{};
  CHECK(clock_gettime(id, &now) == 0);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

class SystemClock final : public Clock {
 public:
  std::uint64_t wall_ms() override { return read_ns(CLOCK_REALTIME) / 1'000'000U; }
  std::uint64_t monotonic_ns() override { return read_ns(CLOCK_MONOTONIC); }
};

class SystemRng final : public Rng {
 public:
  void fill(std::span<std::uint8_t> out) override {
    // getrandom returns at most 256 bytes without a chance of interruption.
    while (!out.empty()) {
      const std::size_t chunk = out.size() < 256 ? out.size() : 256;
      const ssize_t got = getrandom(out.data(), chunk, 0);
      CHECK(got > 0);
      out = out.subspan(static_cast<std::size_t>(got));
    }
  }
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

Rng& system_rng() {
  static SystemRng rng;
  return rng;
}

}  // namespace fog
