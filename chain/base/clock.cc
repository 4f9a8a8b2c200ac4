#include "chain/base/clock.h"

#include <cerrno>
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
    while (!out.empty()) {
      const ssize_t got = getrandom(out.data(), out.size(), 0);
      // A signal may interrupt a large request, and any request while the machine is starting.
      if (got < 0 && errno == EINTR) continue;
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
