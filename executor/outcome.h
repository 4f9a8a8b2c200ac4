// RunOutcome: how one run of a workload ended, as the Fog-Outcome header, the logs and the bill say
// it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fog::executor {

enum class RunOutcome : std::uint8_t {
  kOk,          // ran to its end with exit code 0 and a well-formed answer
  kExit,        // ended with another exit code
  kTrap,        // a WebAssembly trap: unreachable, out of bounds, division by zero, ...
  kFuel,        // used up the fuel of one request
  kMemory,      // asked for more memory than its cap and stopped
  kWall,        // ran longer than wall_ms
  kOutput,      // wrote more than response_bytes_max
  kHeader,      // what it wrote has no well-formed head
  kStack,       // native stack overflow: unverifiable, bills no fuel
  kHostMemory,  // this computer had no memory for the run: unverifiable, bills no fuel
  kCrash,       // the worker process died: bills no fuel
  kNoAnswer,    // a container that does not answer, or not by HTTP
};
constexpr RunOutcome bcs_last(RunOutcome) {
  return RunOutcome::kNoAnswer;
}

// The stable word: ok, exit, trap, fuel, memory, wall, output, header, stack, host-memory, crash,
// no-answer.
std::string_view outcome_name(RunOutcome outcome);
// 502, or 504 where time or fuel ran out. 200 for kOk, which the workload's own status replaces.
std::uint16_t outcome_status(RunOutcome outcome);
// A plain sentence for the End User: what happened and who can mend it. `detail` (may be empty)
// says more, e.g. the exit code or the kind of trap.
std::string outcome_sentence(RunOutcome outcome, std::string_view detail);
// Whether an auditor who replays the request would measure the same fuel. Only such runs bill fuel.
bool bills_fuel(RunOutcome outcome);

}  // namespace fog::executor
