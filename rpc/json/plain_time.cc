#include "rpc/json/plain_time.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "chain/types/amount.h"

namespace fog::rpc {
namespace {

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct DurationUnit {
  std::string_view name;
  std::uint64_t us;
};
constexpr DurationUnit kUnits[] = {
    {"us", 1},         {"ms", 1'000},        {"s", 1'000'000},
    {"m", 60'000'000}, {"h", 3'600'000'000}, {"d", 86'400'000'000},
};

// Days from 1970-01-01 to a day of the Gregorian calendar.
std::int64_t days_to(std::int64_t year, std::int64_t month, std::int64_t day) {
  // Years that begin in March end with the day that leap years add.
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719'468;
}

std::int64_t days_in(std::int64_t year, std::int64_t month) {
  const auto [next_year, next] =
      month == 12 ? std::pair(year + 1, std::int64_t{1}) : std::pair(year, month + 1);
  return days_to(next_year, next, 1) - days_to(year, month, 1);
}

}  // namespace

std::optional<std::uint64_t> parse_duration_us(std::string_view text) {
  if (text.empty()) return std::nullopt;
  u128 total = 0;
  while (!text.empty()) {
    const std::size_t unit_at = text.find_first_not_of("0123456789");
    if (unit_at == 0 || unit_at == std::string_view::npos) return std::nullopt;
    const auto count = digits(text.substr(0, unit_at));
    text.remove_prefix(unit_at);
    const std::size_t unit_size = std::min(text.find_first_of("0123456789"), text.size());
    const auto unit =
        std::find_if(std::begin(kUnits), std::end(kUnits),
                     [&](const DurationUnit& u) { return u.name == text.substr(0, unit_size); });
    if (!count || unit == std::end(kUnits)) return std::nullopt;
    text.remove_prefix(unit_size);
    total += u128{*count} * unit->us;
    if (total > ~std::uint64_t{0}) return std::nullopt;
  }
  return static_cast<std::uint64_t>(total);
}

std::optional<std::uint64_t> parse_utc_ms(std::string_view text) {
  // 2026-12-24T18:00Z or 2026-12-24T18:00:30Z
  const bool has_seconds = text.size() == 20;
  if (text.size() != 17 && !has_seconds) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text.back() != 'Z' || (has_seconds && text[16] != ':')) {
    return std::nullopt;
  }
  const auto year = digits(text.substr(0, 4));
  const auto month = digits(text.substr(5, 2));
  const auto day = digits(text.substr(8, 2));
  const auto hour = digits(text.substr(11, 2));
  const auto minute = digits(text.substr(14, 2));
  const auto second = has_seconds ? digits(text.substr(17, 2)) : std::optional<std::uint64_t>(0);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (*year < 1970 || *month < 1 || *month > 12 || *day < 1 || *hour > 23 || *minute > 59 ||
      *second > 59) {
    return std::nullopt;
  }
  const auto y = static_cast<std::int64_t>(*year);
  const auto m = static_cast<std::int64_t>(*month);
  const auto d = static_cast<std::int64_t>(*day);
  if (d > days_in(y, m)) return std::nullopt;
  const auto days = static_cast<std::uint64_t>(days_to(y, m, d));
  return (((days * 24 + *hour) * 60 + *minute) * 60 + *second) * 1'000;
}

std::string duration_text(std::uint64_t us) {
  for (std::size_t i = std::size(kUnits); i-- > 0;) {
    if (us >= kUnits[i].us && us % kUnits[i].us == 0)
      return std::to_string(us / kUnits[i].us) + std::string(kUnits[i].name);
  }
  return "0s";
}

}  // namespace fog::rpc
