#include "market/rules/metered.h"

namespace fog::market {
namespace {

std::uint64_t next_value(std::uint64_t old, std::uint64_t use, std::uint64_t elapsed_ms) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  if (elapsed_ms >= kMeteredTimeMs) {
    return mul_div_floor(use, kMeteredTimeMs, elapsed_ms).value_or(kMost);
  }
  const auto stays = mul_div_floor(old, kMeteredTimeMs - elapsed_ms, kMeteredTimeMs);
  return checked_add(stays.value_or(kMost), use).value_or(kMost);
}

}  // namespace

UseProfile next_average(const UseProfile& old, const Counters& use, std::uint64_t elapsed_ms) {
  return {next_value(old.fuel, use.fuel, elapsed_ms),
          next_value(old.egress_bytes, use.egress_bytes, elapsed_ms),
          next_value(old.requests, use.requests, elapsed_ms)};
}

void update_metered(Overlay& state, const Bid& bid, const Counters& use, std::uint64_t elapsed_ms) {
  std::optional<Service> service = load<Service>(state, service_key(bid.terms.service));
  if (!service || service->owner != bid.owner) return;
  service->metered = next_average(service->metered.value_or(bid.terms.profile), use, elapsed_ms);
  keep(state, *service);
}

}  // namespace fog::market
