#include "market/types/price.h"

#include <array>

namespace fog::market {
namespace {

constexpr std::uint64_t kHourMs = 3'600'000;
constexpr std::uint64_t kMonthMs = 30 * 24 * kHourMs;
constexpr std::uint64_t kMonthHours = 30 * 24;
constexpr std::uint64_t kMilli = 1'000;
constexpr std::uint64_t kMibPerGib = 1'024;
constexpr std::uint64_t kFuelPerGfuel = 1'000'000'000;
constexpr std::uint64_t kBytesPerGib = 1ULL << 30;
constexpr std::uint64_t kRequestsPerMillion = 1'000'000;

// rate * quantity / divisor rounded down. rate below 2^96, divisor below 2^60, so that splitting
// off the whole multiples of the divisor keeps every product within 128 bits.
std::optional<std::uint64_t> share_floor(u128 rate, std::uint64_t quantity, u128 divisor) {
  const u128 whole = rate / divisor;
  const u128 rest = rate % divisor;
  if (quantity != 0 && whole > (~u128{0} >> 1) / quantity) return std::nullopt;
  const u128 result = whole * quantity + rest * quantity / divisor;
  if (result > std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  return static_cast<std::uint64_t>(result);
}

// Adds parts of which any may be missing (it overflowed).
std::optional<std::uint64_t> sum_of(
    std::initializer_list<std::optional<std::uint64_t>> components) {
  std::uint64_t sum = 0;
  for (const std::optional<std::uint64_t>& component : components) {
    if (!component) return std::nullopt;
    const auto next = checked_add(sum, *component);
    if (!next) return std::nullopt;
    sum = *next;
  }
  return sum;
}

constexpr std::array<std::uint64_t, kCapSteps> make_ladder() {
  std::array<std::uint64_t, kCapSteps> ladder{};
  std::uint64_t cap = 1'024;
  for (std::uint64_t& step : ladder) {
    step = cap;
    cap += cap / 4;
  }
  return ladder;
}
constexpr std::array<std::uint64_t, kCapSteps> kLadder = make_ladder();

}  // namespace

bool Resources::within_bounds() const {
  if (cpu_milli > (1U << 20) || memory_mib > (1U << 24) || storage_mib > (1U << 30)) return false;
  if (!gpu) return true;
  return !gpu->model.empty() && gpu->milli >= 1 && gpu->milli <= 64'000;
}

bool Resources::fits(const Resources& need) const {
  if (need.cpu_milli > cpu_milli || need.memory_mib > memory_mib ||
      need.storage_mib > storage_mib || need.egress_mbps > egress_mbps) {
    return false;
  }
  if (!need.gpu) return true;
  return gpu && gpu->model == need.gpu->model && gpu->milli >= need.gpu->milli;
}

void Resources::take(const Resources& need) {
  CHECK(fits(need));
  cpu_milli -= need.cpu_milli;
  memory_mib -= need.memory_mib;
  storage_mib -= need.storage_mib;
  egress_mbps -= need.egress_mbps;
  if (need.gpu) gpu->milli -= need.gpu->milli;
}

void Resources::give_back(const Resources& need) {
  cpu_milli += need.cpu_milli;
  memory_mib += need.memory_mib;
  storage_mib += need.storage_mib;
  egress_mbps += need.egress_mbps;
  if (need.gpu) {
    CHECK(gpu && gpu->model == need.gpu->model);
    gpu->milli += need.gpu->milli;
  }
}

std::optional<Counters> checked_add(const Counters& a, const Counters& b) {
  const auto requests = checked_add(a.requests, b.requests);
  const auto fuel = checked_add(a.fuel, b.fuel);
  const auto egress_bytes = checked_add(a.egress_bytes, b.egress_bytes);
  if (!requests || !fuel || !egress_bytes) return std::nullopt;
  return Counters{*requests, *fuel, *egress_bytes};
}

std::optional<Amount> rent_due(const UnitPrices& prices, Scale scale, const Resources& resources,
                               std::uint64_t elapsed_ms) {
  const auto component = [&](std::uint64_t price, std::uint64_t quantity, u128 divisor) {
    return share_floor(static_cast<u128>(price) * quantity * scale, elapsed_ms,
                       divisor * kScaleOne);
  };
  const auto sum = sum_of({
      component(prices.cpu_core_hour, resources.cpu_milli, u128{kMilli} * kHourMs),
      component(prices.memory_gib_hour, resources.memory_mib, u128{kMibPerGib} * kHourMs),
      component(prices.storage_gib_month, resources.storage_mib, u128{kMibPerGib} * kMonthMs),
      component(prices.gpu_hour, resources.gpu ? resources.gpu->milli : 0, u128{kMilli} * kHourMs),
  });
  if (!sum) return std::nullopt;
  return Amount{*sum};
}

std::optional<Amount> use_due(const UnitPrices& prices, Scale scale, const Counters& counters) {
  const auto component = [&](std::uint64_t price, std::uint64_t quantity, u128 divisor) {
    return share_floor(static_cast<u128>(price) * scale, quantity, divisor * kScaleOne);
  };
  const auto sum = sum_of({
      component(prices.gfuel, counters.fuel, kFuelPerGfuel),
      component(prices.egress_gib, counters.egress_bytes, kBytesPerGib),
      component(prices.million_requests, counters.requests, kRequestsPerMillion),
  });
  if (!sum) return std::nullopt;
  return Amount{*sum};
}

std::optional<std::uint64_t> hourly_at_scale_one(const UnitPrices& prices,
                                                 const Resources& resources,
                                                 const UseProfile& profile) {
  const auto sum = sum_of({
      mul_div_ceil(prices.cpu_core_hour, resources.cpu_milli, kMilli),
      mul_div_ceil(prices.memory_gib_hour, resources.memory_mib, kMibPerGib),
      mul_div_ceil(prices.storage_gib_month, resources.storage_mib, kMibPerGib * kMonthHours),
      mul_div_ceil(prices.gpu_hour, resources.gpu ? resources.gpu->milli : 0, kMilli),
      mul_div_ceil(prices.gfuel, profile.fuel, kFuelPerGfuel),
      mul_div_ceil(prices.egress_gib, profile.egress_bytes, kBytesPerGib),
      mul_div_ceil(prices.million_requests, profile.requests, kRequestsPerMillion),
  });
  if (!sum) return std::nullopt;
  return std::max<std::uint64_t>(*sum, 1);
}

std::uint64_t cap_of_step(std::uint8_t step) {
  CHECK(step < kCapSteps);
  return kLadder[step];
}

std::optional<std::uint8_t> step_for(std::uint64_t droplets_per_hour) {
  for (std::uint8_t step = 0; step < kCapSteps; ++step) {
    if (kLadder[step] >= droplets_per_hour) return step;
  }
  return std::nullopt;
}

Scale cap_scale(std::uint64_t cap, std::uint64_t price) {
  CHECK(price > 0);
  const u128 scale = u128{cap} * kScaleOne / price;
  return scale > kScaleMax ? kScaleMax : static_cast<Scale>(scale);
}

}  // namespace fog::market
