#include "rpc/gateway/trace.h"

#include <algorithm>

#include "chain/base/bytes.h"

namespace fog::gateway {
namespace {

// Lower-case digits, not all zero (3.2.2.3, 3.2.2.4).
bool is_id(std::string_view text) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return std::all_of(text.begin(), text.end(), is_digit) &&
         std::any_of(text.begin(), text.end(), [](char c) { return c != '0'; });
}
bool is_hex_byte(std::string_view text) {
  return is_id(text) || text == "00";
}

// version-trace-parent-flags. A version from the future may have more after that (3.2.1).
bool is_traceparent(std::string_view text) {
  constexpr std::size_t kSize = 55;
  if (text.size() < kSize || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const std::string_view version = text.substr(0, 2);
  if (!is_hex_byte(version) || version == "ff") return false;
  if (text.size() > kSize && (version == "00" || text[kSize] != '-')) return false;
  return is_id(text.substr(3, 32)) && is_id(text.substr(36, 16)) && is_hex_byte(text.substr(53, 2));
}

template <std::size_t size>
std::string random_id(Rng& rng) {
  FixedBytes<size> bytes;
  do rng.fill(bytes.data);
  while (bytes == FixedBytes<size>{});
  return to_hex(bytes);
}

}  // namespace

Trace continue_trace(std::string_view traceparent, Rng& rng) {
  const bool goes_on = is_traceparent(traceparent);
  Trace out;
  out.id = goes_on ? std::string(traceparent.substr(3, 32)) : random_id<16>(rng);
  const std::string flags = goes_on ? std::string(traceparent.substr(53, 2)) : "01";
  out.traceparent = "00-" + out.id + "-" + random_id<8>(rng) + "-" + flags;
  return out;
}

}  // namespace fog::gateway
