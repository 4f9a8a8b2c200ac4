// Decision: what a thermostat should do now, and why. All arithmetic is on integers.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "contrib/examples/thermostat/question.h"

namespace thermostat {

enum class Action { kHeatOn, kHeatOff, kCoolOn, kCoolOff, kAllOff, kHold };

struct Decision {
  Action action = Action::kHold;
  // One sentence for a person.
  std::string reason;
  // Mean of all readings, rounded half away from zero.
  int64_t average_milli_c = 0;
  // Slope of the least-squares line through all readings; absent if they are all of one moment.
  std::optional<int64_t> trend_milli_c_per_hour;
};

// The band from target - hysteresis to target + hysteresis, edges included, is the place where
// nothing needs to change: `hold` keeps whatever runs. Below it heating starts and cooling stops,
// above it the other way round. In mode auto everything is off inside the band: there, to hold
// would let heating run on to the upper edge, where cooling starts, and so back and forth for ever.
Decision decide(const Question& question);

// The decision as a JSON object, ending with a newline.
std::string to_json(const Question& question, const Decision& decision);

// 19800 -> "19.8", -50 -> "-0.05": as few digits as say it exactly.
std::string format_milli(int64_t milli);

}  // namespace thermostat
