#include "market/rules/gateway_demand.h"

#include <algorithm>

#include "market/rules/capacity.h"
#include "market/rules/demand.h"
#include "market/rules/events.h"
#include "market/rules/rules.h"
#include "market/rules/scaling.h"
#include "market/rules/settlement.h"

namespace fog::market {
namespace {

constexpr std::uint64_t kHourMs = 3'600'000;

void keep_demand(Overlay& state, const Demand& demand) {
  store(state, demand_key(demand.bid, demand.gateway), demand);
}

bool are_round_trips(const RoundTrips& trips) {
  return std::is_sorted(trips.begin(), trips.end(),
                        [](const RoundTrip& a, const RoundTrip& b) { return a.host < b.host; }) &&
         std::adjacent_find(trips.begin(), trips.end(), [](const RoundTrip& a, const RoundTrip& b) {
           return a.host == b.host;
         }) == trips.end();
}

// Another number of replicas for one gateway.
void set_replicas(Bid& bid, Demand& demand, std::uint16_t replicas) {
  CHECK(bid.replicas_demanded >= demand.replicas);
  bid.replicas_demanded =
      static_cast<std::uint16_t>(bid.replicas_demanded - demand.replicas + replicas);
  demand.replicas = replicas;
}

void tell_demand(Overlay& state, const BlockContext& block, const MarketParams& params,
                 const Bid& bid, const Demand& demand) {
  MarketEvent event;
  event.kind = EventKind::kDemandChanged;
  event.gateway = demand.gateway;
  event.replicas = demand.replicas;
  event.at_ms = demand.until_ms;
  tell_bid(state, block, params, bid, event);
}

// Counts into the gateway's hour, and takes the fee: burned in part, so that nobody earns by asking
// himself.
Fault charge_demand(Overlay& state, const BlockContext& block, const MarketParams& params, Bid& bid,
                    Demand& demand) {
  if (demand.raised_in_hour == 0 || block.time_ms - demand.hour_since_ms >= kHourMs) {
    demand.hour_since_ms = block.time_ms;
    demand.raised_in_hour = 0;
  }
  if (demand.raised_in_hour >= bid.terms.demands_per_hour) return Fault::kDemandTooOften;
  const Amount fee = params.demand_fee;
  if (bid.free < fee) return Fault::kEscrowTooLow;
  ++demand.raised_in_hour;
  const auto burned = mul_div_floor(fee.droplets, params.burn_permille, 1'000);
  CHECK(burned.has_value());
  bid.free -= fee;
  bid.spent += fee;
  burn(state, Amount{*burned});
  credit(state, demand.gateway, fee - Amount{*burned});
  return Fault::kNone;
}

}  // namespace

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const RaiseDemand& message) {
  std::optional<Bid> bid = load<Bid>(state, bid_key(message.bid));
  if (!bid) return Fault::kBidNotFound;
  if (bid->closed != CloseReason::kOpen) return Fault::kBidClosed;
  const auto& allowed = bid->terms.gateways;
  if (std::find(allowed.begin(), allowed.end(), tx.sender) == allowed.end()) {
    return Fault::kGatewayNotAuthorized;
  }
  if (message.for_ms == 0 || message.for_ms > kDemandMsMax || !is_location(message.location) ||
      !are_round_trips(message.round_trips)) {
    return Fault::kBadDemand;
  }
  if (message.replicas > bid->terms.replicas_max - bid->terms.replicas_min) {
    return Fault::kDemandBeyondBid;
  }
  const MarketParams params = market_params(state);
  Demand demand = load<Demand>(state, demand_key(message.bid, tx.sender)).value_or(Demand{});
  demand.bid = message.bid;
  demand.gateway = tx.sender;
  const bool raises = message.replicas > 0 && message.replicas >= demand.replicas;
  if (raises) {
    const Fault fault = charge_demand(state, block, params, *bid, demand);
    if (fault != Fault::kNone) return fault;
  }

  set_replicas(*bid, demand, message.replicas);
  demand.location = message.location;
  demand.round_trips = message.round_trips;
  demand.raised_ms = block.time_ms;
  demand.until_ms = block.time_ms + message.for_ms;
  keep_demand(state, demand);
  schedule(state, {demand.until_ms, DueKind::kDemandOver, bid->id, 0});
  keep_escrow(state, block, params, *bid);
  tell_demand(state, block, params, *bid, demand);
  rescale(state, block, params, bid->id, CloseReason::kIdle);
  return Fault::kNone;
}

void add_opened(Overlay& state, const BlockContext& block, Bid& bid, const Address& gateway) {
  Demand demand = load<Demand>(state, demand_key(bid.id, gateway)).value_or(Demand{});
  demand.bid = bid.id;
  demand.gateway = gateway;
  set_replicas(bid, demand, static_cast<std::uint16_t>(demand.replicas + 1));
  if (demand.until_ms < block.time_ms + kTicketServesMs) {
    demand.until_ms = block.time_ms + kTicketServesMs;
    schedule(state, {demand.until_ms, DueKind::kDemandOver, bid.id, 0});
  }
  keep_demand(state, demand);
}

void forget_demand(Overlay& state, Bid& bid, const Address& gateway) {
  std::optional<Demand> demand = load<Demand>(state, demand_key(bid.id, gateway));
  if (!demand) return;
  set_replicas(bid, *demand, 0);
  state.erase(demand_key(bid.id, gateway));
}

std::optional<Demand> leading_demand(const ReadView& state, const Bid& bid) {
  std::optional<Demand> leading;
  if (bid.replicas_demanded == 0) return leading;
  for (const Address& gateway : bid.terms.gateways) {
    std::optional<Demand> demand = load<Demand>(state, demand_key(bid.id, gateway));
    // A Demand that only tickets have made names no place.
    if (!demand || demand->replicas == 0 || demand->raised_ms == 0) continue;
    const bool leads = !leading || demand->raised_ms > leading->raised_ms ||
                       (demand->raised_ms == leading->raised_ms && gateway < leading->gateway);
    if (leads) leading = std::move(demand);
  }
  return leading;
}

void settle_demands(Overlay& state, const BlockContext& block, const MarketParams& params,
                    const Due& due) {
  std::optional<Bid> bid = load<Bid>(state, bid_key(due.object));
  if (!bid || bid->closed != CloseReason::kOpen) return;
  for (const Address& gateway : bid->terms.gateways) {
    std::optional<Demand> demand = load<Demand>(state, demand_key(bid->id, gateway));
    if (!demand || demand->until_ms > block.time_ms) continue;
    if (demand->replicas > 0) {
      set_replicas(*bid, *demand, 0);
      keep_demand(state, *demand);
      tell_demand(state, block, params, *bid, *demand);
    }
    // The count of its hour outlives it.
    const std::uint64_t counted_until_ms = demand->hour_since_ms + kHourMs;
    if (demand->raised_in_hour > 0 && counted_until_ms > block.time_ms) {
      schedule(state, {counted_until_ms, DueKind::kDemandOver, bid->id, 0});
    } else {
      state.erase(demand_key(bid->id, gateway));
    }
  }
  keep(state, *bid);
  rescale(state, block, params, bid->id, CloseReason::kIdle);
}

}  // namespace fog::market
