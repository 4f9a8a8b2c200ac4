// Question: what a thermostat asks, read from JSON. Temperatures are thousandths of a degree
// Celsius (milli_c), times are milliseconds since 1970-01-01T00:00:00Z: integers, so that the same
// question gets the same answer on every machine.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thermostat {

inline constexpr size_t kReadingsMax = 10'000;
inline constexpr int64_t kMilliCMin = -100'000;
inline constexpr int64_t kMilliCMax = 150'000;
inline constexpr int64_t kHysteresisMilliCMax = 20'000;
// Readings must lie within a leap year; this also bounds the sums that the trend needs.
inline constexpr int64_t kSpanMsMax = int64_t{366} * 24 * 3600 * 1000;
inline constexpr int64_t kMaxAgeSMax = 366 * 24 * 3600;

enum class Mode { kHeat, kCool, kAuto, kOff };

struct Reading {
  int64_t at_ms = 0;
  int64_t milli_c = 0;
};

struct Question {
  Mode mode = Mode::kHeat;
  int64_t target_milli_c = 0;
  int64_t hysteresis_milli_c = 500;
  // When the question is asked. With it, a newest reading older than max_age_s is not acted upon.
  std::optional<int64_t> now_ms;
  int64_t max_age_s = 900;
  // Never empty, in order of time.
  std::vector<Reading> readings;
};

// Reads a question. Returns "" or a sentence that tells the sender what to change; `question` is
// then unspecified. Names at the top level must be known (a misspelt "hysteresis_c" must not go
// unnoticed); a reading may carry more members than "at" and "celsius", since sensors do.
std::string read_question(std::string_view json, Question* question);

// An RFC 3339 time such as 2026-01-01T06:30:00.250+01:00, years 1970 to 9999; digits beyond the
// millisecond are dropped. False if `text` is anything else.
bool read_time(std::string_view text, int64_t* at_ms);

}  // namespace thermostat
