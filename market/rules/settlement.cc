#include "market/rules/settlement.h"

#include <algorithm>
#include <set>

#include "market/rules/events.h"

namespace fog::market {
namespace {

constexpr std::uint64_t kHourMs = 3'600'000;
constexpr std::uint64_t kPermille = 1'000;

// To the Publisher, and to whoever runs something for the Bid.
void tell_escrow(Overlay& state, const BlockContext& block, const MarketParams& params,
                 const Bid& bid, MarketEvent event) {
  std::set<Address> to{bid.owner};
  for (const LeaseId& id : indexed_ids(state, leases_by_bid(bid.id))) {
    const std::optional<Lease> lease = load<Lease>(state, lease_key(id));
    if (!lease || lease->state == LeaseState::kClosed) continue;
    const Host host = must_load_host(state, lease->host);
    to.insert(host.owner);
    to.insert(host.operator_account);
  }
  event.bid = bid.id;
  event.service = bid.terms.service;
  event.amount = bid.free;
  emit(state, block, params, std::move(event), {to.begin(), to.end()});
}

// What is burned of the last payment of those that add up to `ever`. Burned of each sum, so that it
// does not depend on how a bill is cut; at the share that is voted now, whatever it was before.
Amount burn_of(const MarketParams& params, Amount ever, Amount last) {
  const auto burned = [&](Amount sum) {
    const auto part = mul_div_floor(sum.droplets, params.burn_permille, kPermille);
    CHECK(part.has_value());
    return Amount{*part};
  };
  return burned(ever) - burned(ever - last);
}

}  // namespace

Amount full_slice(const MarketParams& params, Amount spend_per_hour_max) {
  const std::uint64_t span_ms = params.receipt_interval_ms + params.notice_ms;
  const auto slice = mul_div_ceil(spend_per_hour_max.droplets, span_ms, kHourMs);
  return Amount{
      std::max<std::uint64_t>(slice.value_or(std::numeric_limits<std::uint64_t>::max()), 1)};
}

bool fill_slice(Bid& bid, Lease& lease, Amount full) {
  if (lease.slice >= full) {
    const Amount back = lease.slice - full;
    bid.locked -= back;
    bid.free += back;
    lease.slice = full;
    return true;
  }
  const Amount wanted = full - lease.slice;
  const Amount moved = std::min(wanted, bid.free);
  bid.free -= moved;
  bid.locked += moved;
  lease.slice += moved;
  return moved == wanted;
}

void unlock_slice(Bid& bid, Lease& lease) {
  bid.locked -= lease.slice;
  bid.free += lease.slice;
  lease.slice = {};
}

Payment pay_from_slice(const MarketParams& params, Bid& bid, Lease& lease, Amount owed) {
  const Amount paid = std::min({owed, lease.slice, lease.allowance});
  lease.slice -= paid;
  lease.allowance -= paid;
  bid.locked -= paid;
  bid.spent += paid;
  lease.paid += paid;

  Payment payment;
  payment.short_by = owed - paid;
  payment.burned = burn_of(params, lease.paid, paid);
  const Amount rest = paid - payment.burned;
  const auto held = mul_div_floor(rest.droplets, params.holdback_permille, kPermille);
  CHECK(held.has_value());
  payment.held = Amount{*held};
  payment.to_host = rest - payment.held;
  lease.burned += payment.burned;
  lease.held += payment.held;
  return payment;
}

void keep_escrow(Overlay& state, const BlockContext& block, const MarketParams& params, Bid& bid) {
  const u128 needed = u128{bid.terms.spend_per_hour_max.droplets} * bid.replicas_held;
  const bool open = bid.closed == CloseReason::kOpen;
  // needed is below 2^80, and times are below 2^35 (check_market_params).
  const bool low = open && u128{bid.free.droplets} * kHourMs < needed * params.escrow_low_ms;
  if (low && bid.low_since_ms == 0) {
    bid.low_since_ms = block.time_ms;
    MarketEvent event;
    event.kind = EventKind::kEscrowLow;
    const auto lasts_ms = static_cast<std::uint64_t>(u128{bid.free.droplets} * kHourMs / needed);
    event.at_ms = block.time_ms + lasts_ms;
    tell_escrow(state, block, params, bid, event);
  } else if (!low && bid.low_since_ms != 0) {
    bid.low_since_ms = 0;
    MarketEvent event;
    event.kind = EventKind::kEscrowFilled;
    if (open) tell_escrow(state, block, params, bid, event);
  }
  keep(state, bid);
}

}  // namespace fog::market
