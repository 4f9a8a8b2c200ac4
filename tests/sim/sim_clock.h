// SimClock: one node's clock in the simulation. It runs a little fast or slow, and its wall clock
// can be set.
#pragma once

#include "chain/base/clock.h"

namespace fog::sim {

// The simulation's own time, in nanoseconds from its start.
struct SimTime {
  std::uint64_t now_ns = 0;
};

constexpr std::uint64_t kMs = 1'000'000;
// When simulations start.
constexpr std::uint64_t kStartMs = 1'700'000'000'000;

class SimClock final : public Clock {
 public:
  explicit SimClock(const SimTime& time) : time_(time) {}

  std::uint64_t wall_ms() override {
    const auto ms = static_cast<std::int64_t>(kStartMs + monotonic_ns() / kMs) + wall_offset_ms_;
    return static_cast<std::uint64_t>(ms);
  }
  std::uint64_t monotonic_ns() override { return scale(time_.now_ns, 1'000'000 + drift_ppm_); }

  // When the simulation gets to a moment of this clock.
  std::uint64_t sim_ns(std::uint64_t monotonic) const {
    const std::uint64_t at = monotonic / (1'000'000 + drift_ppm_) * 1'000'000;
    return at + (monotonic - scale(at, 1'000'000 + drift_ppm_)) + 1;
  }

  void set_drift_ppm(std::uint64_t ppm) { drift_ppm_ = ppm; }
  void set_wall_offset_ms(std::int64_t ms) { wall_offset_ms_ = ms; }
  void jump_wall_ms(std::int64_t ms) { wall_offset_ms_ += ms; }

 private:
  static std::uint64_t scale(std::uint64_t ns, std::uint64_t per_million) {
    return ns / 1'000'000 * per_million + ns % 1'000'000 * per_million / 1'000'000;
  }

  const SimTime& time_;
  std::uint64_t drift_ppm_ = 0;
  std::int64_t wall_offset_ms_ = 0;
};

}  // namespace fog::sim
