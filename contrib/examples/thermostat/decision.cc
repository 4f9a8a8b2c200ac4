#include "contrib/examples/thermostat/decision.h"

namespace thermostat {
namespace {

// The trend's sums reach about 10^30: readings (10^4) squared, times span in ms (3 * 10^10), times
// milli-degrees (3 * 10^5), times ms in an hour (4 * 10^6).
__extension__ typedef __int128 Int128;

constexpr int64_t kMsPerHour = 3'600'000;

int64_t divide_half_away(Int128 numerator, Int128 denominator) {
  const Int128 half = denominator / 2;
  const Int128 adjusted = numerator >= 0 ? numerator + half : numerator - half;
  return static_cast<int64_t>(adjusted / denominator);
}

int64_t sum_milli_c(const std::vector<Reading>& readings) {
  int64_t sum = 0;
  for (const Reading& reading : readings) sum += reading.milli_c;
  return sum;
}

std::optional<int64_t> trend(const std::vector<Reading>& readings) {
  const Int128 count = static_cast<Int128>(readings.size());
  Int128 sum_t = 0;
  Int128 sum_tt = 0;
  Int128 sum_tc = 0;
  for (const Reading& reading : readings) {
    const Int128 t = reading.at_ms - readings.front().at_ms;
    sum_t += t;
    sum_tt += t * t;
    sum_tc += t * reading.milli_c;
  }
  const Int128 spread = count * sum_tt - sum_t * sum_t;
  if (spread == 0) return std::nullopt;
  const Int128 rise = count * sum_tc - sum_t * sum_milli_c(readings);
  return divide_half_away(rise * kMsPerHour, spread);
}

std::string describe_trend(const Decision& decision) {
  const std::optional<int64_t>& slope = decision.trend_milli_c_per_hour;
  if (!slope) return "";
  if (*slope == 0) return ", steady";
  return (*slope > 0 ? ", rising by " : ", falling by ") +
         format_milli(*slope > 0 ? *slope : -*slope) + " an hour";
}

Action action_below(Mode mode) {
  return mode == Mode::kCool ? Action::kCoolOff : Action::kHeatOn;
}

Action action_above(Mode mode) {
  return mode == Mode::kHeat ? Action::kHeatOff : Action::kCoolOn;
}

void decide_by_band(const Question& question, Decision* decision) {
  const int64_t count = static_cast<int64_t>(question.readings.size());
  const int64_t sum = sum_milli_c(question.readings);
  const int64_t low = question.target_milli_c - question.hysteresis_milli_c;
  const int64_t high = question.target_milli_c + question.hysteresis_milli_c;
  const std::string average = "The average of " + format_milli(decision->average_milli_c);
  // The sum is compared, not the rounded average, so that the edges are exact.
  if (sum < low * count) {
    decision->action = action_below(question.mode);
    decision->reason = average + " is below " + format_milli(low);
  } else if (sum > high * count) {
    decision->action = action_above(question.mode);
    decision->reason = average + " is above " + format_milli(high);
  } else {
    decision->action = question.mode == Mode::kAuto ? Action::kAllOff : Action::kHold;
    decision->reason = average + " is within " + format_milli(low) + " to " + format_milli(high);
  }
  decision->reason += describe_trend(*decision) + ".";
}

const char* name_of(Action action) {
  switch (action) {
    case Action::kHeatOn:
      return "heat_on";
    case Action::kHeatOff:
      return "heat_off";
    case Action::kCoolOn:
      return "cool_on";
    case Action::kCoolOff:
      return "cool_off";
    case Action::kAllOff:
      return "all_off";
    case Action::kHold:
      return "hold";
  }
  return "hold";
}

}  // namespace

Decision decide(const Question& question) {
  Decision decision;
  const std::vector<Reading>& readings = question.readings;
  decision.average_milli_c =
      divide_half_away(sum_milli_c(readings), static_cast<Int128>(readings.size()));
  decision.trend_milli_c_per_hour = trend(readings);
  if (question.mode == Mode::kOff) {
    decision.action = Action::kAllOff;
    decision.reason = "The mode is off.";
    return decision;
  }
  if (question.now_ms) {
    const int64_t age_ms = *question.now_ms - readings.back().at_ms;
    if (age_ms > question.max_age_s * 1000) {
      decision.action = Action::kHold;
      decision.reason = "The newest reading is " + std::to_string(age_ms / 1000) +
                        " seconds old: too old to act upon.";
      return decision;
    }
  }
  decide_by_band(question, &decision);
  return decision;
}

std::string format_milli(int64_t milli) {
  const int64_t magnitude = milli < 0 ? -milli : milli;
  std::string text = milli < 0 ? "-" : "";
  text += std::to_string(magnitude / 1000);
  std::string fraction = std::to_string(1000 + magnitude % 1000).substr(1);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  return fraction.empty() ? text : text + "." + fraction;
}

std::string to_json(const Question& question, const Decision& decision) {
  const std::optional<int64_t>& slope = decision.trend_milli_c_per_hour;
  std::string json = "{\"action\":\"";
  json += name_of(decision.action);
  // The reason is made of our own words and digits, so nothing in it needs escaping.
  json += "\",\"reason\":\"" + decision.reason;
  json += "\",\"average_c\":" + format_milli(decision.average_milli_c);
  json += ",\"trend_c_per_hour\":" + (slope ? format_milli(*slope) : "null");
  json += ",\"readings\":" + std::to_string(question.readings.size()) + "}\n";
  return json;
}

}  // namespace thermostat
