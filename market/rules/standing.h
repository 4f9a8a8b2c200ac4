// Standing: 10 000 for a Host without failures. Failures lower it, time heals it, volume never
// raises it (volume could be bought from oneself).
#pragma once

#include "market/types/objects.h"

namespace fog::market {

constexpr std::uint16_t kMissedAckLowers = 500;
constexpr std::uint16_t kLostLeaseLowers = 2'000;
constexpr std::uint16_t kReleaseLowers = 200;
// One point heals in this long: a lost lease is forgotten after 33 hours.
constexpr std::uint64_t kStandingPointHealsMs = 60'000;

// What a standing, as it was at a block time, has healed to at a later one.
inline std::uint16_t healed_standing(std::uint16_t standing, std::uint64_t as_of_ms,
                                     std::uint64_t time_ms) {
  CHECK(time_ms >= as_of_ms);
  if (standing == kStandingOne) return standing;
  const std::uint64_t healed = (time_ms - as_of_ms) / kStandingPointHealsMs;
  return static_cast<std::uint16_t>(std::min<std::uint64_t>(
      kStandingOne, standing + std::min<std::uint64_t>(healed, kStandingOne)));
}
inline std::uint16_t standing_at(const Host& host, std::uint64_t time_ms) {
  return healed_standing(host.standing, host.standing_as_of_ms, time_ms);
}
inline void lower_standing(Host& host, std::uint16_t by, std::uint64_t time_ms) {
  const std::uint16_t now = standing_at(host, time_ms);
  host.standing = static_cast<std::uint16_t>(now > by ? now - by : 0);
  host.standing_as_of_ms = time_ms;
}
// By how much a standing raises a score, in 1/10 000: 10 000 for a full one, 20 000 for none left.
inline std::uint32_t standing_factor(std::uint16_t standing) {
  return 2U * kStandingOne - standing;
}

}  // namespace fog::market
