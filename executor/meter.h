// Meter: what a run used, and what of it is billed (DESIGN 9, Verification).
//
// Billed fuel is what an auditor's replay measures too:
//   ran to its end, ran out of fuel, wrote too much: the fuel used
//   trap, memory, wall time: the fuel at the last host call plus kBrokenRunFuel, because where
//     inside the code a run broke off is not the same everywhere
//   stack overflow, a Host without memory, a dead worker: none ("unverifiable")
// and in all but the last row instantiation_fuel, a constant of the artifact.
#pragma once

#include <cstdint>
#include <tuple>

#include "executor/outcome.h"
#include "market/types/host_link.h"

namespace fog::executor {

constexpr std::uint64_t kBrokenRunFuel = 100'000;

struct RunMeter {
  std::uint64_t fuel_used = 0;
  std::uint64_t fuel_at_last_call = 0;
  std::uint64_t memory_peak_bytes = 0;
  static constexpr auto kFields = std::make_tuple(
      &RunMeter::fuel_used, &RunMeter::fuel_at_last_call, &RunMeter::memory_peak_bytes);
  bool operator==(const RunMeter&) const = default;
};

// 50 000, and one for every 16 bytes of the artifact.
constexpr std::uint64_t instantiation_fuel(std::uint64_t artifact_bytes) {
  return 50'000 + artifact_bytes / 16;
}
// The part of it that depends on the run: the fuel used or at the last host call, as above; 0 where
// nothing is billed. A replay measures the same.
std::uint64_t measured_fuel(RunOutcome outcome, const RunMeter& meter);
// With the constants: of an outcome that bills, and what was measured.
std::uint64_t billed_fuel(RunOutcome outcome, std::uint64_t measured, std::uint64_t artifact_bytes);

// The guest's random numbers in one request: the tagged hash "fog/guest-seed" of beacon, lease,
// term (be64), gateway and index (be64). The gateway is in it because each numbers its own
// requests.
Hash32 guest_seed(const Hash32& beacon, const market::LeaseId& lease, std::uint32_t term,
                  const Address& gateway, std::uint64_t index);

}  // namespace fog::executor
