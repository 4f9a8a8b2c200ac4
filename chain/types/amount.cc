#include "chain/types/amount.h"

namespace fog {
namespace {

// Decimal digits only, at least one, at most 64 bits.
std::optional<std::uint64_t> parse_digits(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto tenfold = checked_mul(value, 10);
    if (!tenfold) return std::nullopt;
    const auto next = checked_add(*tenfold, static_cast<std::uint64_t>(c - '0'));
    if (!next) return std::nullopt;
    value = *next;
  }
  return value;
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  while (text.ends_with(' ')) text.remove_suffix(1);
  return true;
}

}  // namespace

std::string format_fog(Amount amount) {
  std::string out = std::to_string(amount.droplets / kDropletsPerFog);
  std::string decimals = std::to_string(amount.droplets % kDropletsPerFog);
  decimals.insert(0, 9 - decimals.size(), '0');
  while (!decimals.empty() && decimals.back() == '0') decimals.pop_back();
  if (!decimals.empty()) out += "." + decimals;
  return out + " FOG";
}

std::optional<Amount> parse_fog(std::string_view text) {
  if (take_suffix(text, "droplets")) {
    const auto droplets = parse_digits(text);
    if (!droplets) return std::nullopt;
    return Amount{*droplets};
  }
  take_suffix(text, "FOG");
  const std::size_t point = text.find('.');
  const auto whole = parse_digits(text.substr(0, point));
  if (!whole) return std::nullopt;
  std::uint64_t fraction = 0;
  if (point != std::string_view::npos) {
    std::string decimals(text.substr(point + 1));
    if (decimals.empty() || decimals.size() > 9) return std::nullopt;
    decimals.append(9 - decimals.size(), '0');
    const auto parsed = parse_digits(decimals);
    if (!parsed) return std::nullopt;
    fraction = *parsed;
  }
  const auto scaled = checked_mul(*whole, kDropletsPerFog);
  const auto total = scaled ? checked_add(*scaled, fraction) : std::nullopt;
  if (!total) return std::nullopt;
  return Amount{*total};
}

}  // namespace fog
