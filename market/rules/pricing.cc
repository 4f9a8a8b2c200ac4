#include "market/rules/pricing.h"

namespace fog::market {
namespace {

constexpr Amount kMost{std::numeric_limits<std::uint64_t>::max()};

Amount sum(Amount a, Amount b) {
  return checked_add(a, b).value_or(kMost);
}

Counters difference(const Counters& later, const Counters& earlier) {
  return {later.requests - earlier.requests, later.fuel - earlier.fuel,
          later.egress_bytes - earlier.egress_bytes};
}

Amount use_at(const UnitPrices& prices, Scale scale, const Counters& later,
              const Counters& earlier) {
  return use_due(prices, scale, difference(later, earlier)).value_or(kMost);
}

}  // namespace

void start_pricing(Lease& lease, std::uint64_t time_ms) {
  lease.active_since_ms = time_ms;
  lease.billed_until_ms = time_ms;
  lease.priced_since_ms = time_ms;
}

void change_price(Lease& lease, std::uint64_t time_ms, const UnitPrices& prices, Scale scale) {
  CHECK(!lease.past_price.has_value());
  const Amount rent = rent_due_at(lease, time_ms);
  lease.past_price = PastPrice{lease.prices, lease.scale, lease.priced_since_ms, lease.rent_before};
  lease.rent_before = rent;
  lease.priced_since_ms = time_ms;
  lease.prices = prices;
  lease.scale = scale;
}

Amount rent_due_at(const Lease& lease, std::uint64_t until_ms) {
  const auto since = [&](Amount before, const UnitPrices& prices, Scale scale,
                         std::uint64_t since_ms) {
    CHECK(until_ms >= since_ms);
    return sum(before,
               rent_due(prices, scale, lease.resources, until_ms - since_ms).value_or(kMost));
  };
  // A lease that was lost bills until the last sign of life, which may be before its renewal.
  if (until_ms < lease.priced_since_ms) {
    CHECK(lease.past_price.has_value());
    const PastPrice& past = *lease.past_price;
    return since(past.rent_before, past.prices, past.scale, past.since_ms);
  }
  return since(lease.rent_before, lease.prices, lease.scale, lease.priced_since_ms);
}

void bill_use(Lease& lease, const Counters& total_before, const Counters& total,
              std::uint64_t until_ms) {
  if (!lease.past_price) {
    lease.use_due =
        sum(lease.use_before, use_at(lease.prices, lease.scale, total, lease.used_before));
    return;
  }
  const PastPrice& past = *lease.past_price;
  const Amount as_before =
      sum(lease.use_before, use_at(past.prices, past.scale, total, lease.used_before));
  const Amount as_now = sum(lease.use_due, use_at(lease.prices, lease.scale, total, total_before));
  lease.use_due = std::min(as_before, as_now);
  if (until_ms < lease.priced_since_ms) return;
  lease.use_before = lease.use_due;
  lease.used_before = total;
  lease.past_price.reset();
}

}  // namespace fog::market
