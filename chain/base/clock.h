// Clock and Rng: the only doors through which wall time and randomness enter a program, so that a
// test or the simulator can own them. The state machine takes neither.
#pragma once

#include <cstdint>
#include <span>

namespace fog {

class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since 1970-01-01 UTC.
  virtual std::uint64_t wall_ms() = 0;
  // Nanoseconds since some fixed point; never goes back.
  virtual std::uint64_t monotonic_ns() = 0;
};

class Rng {
 public:
  virtual ~Rng() = default;
  // Fills `out` with unpredictable bytes. The system's generator cannot fail once the machine is
  // up; if it does, the process stops.
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

// The operating system's; safe from any thread.
Clock& system_clock();
Rng& system_rng();

}  // namespace fog
