#include "market/rules/bids.h"

#include <set>

#include "market/rules/capacity.h"
#include "market/rules/demand.h"
#include "market/rules/deposits.h"
#include "market/rules/events.h"
#include "market/rules/gateway_demand.h"
#include "market/rules/leases.h"
#include "market/rules/rules.h"
#include "market/rules/scaling.h"
#include "market/rules/settlement.h"
#include "market/types/cell.h"

namespace fog::market {
namespace {

constexpr std::uint16_t kReplicasMax = 1'024;

bool is_country(const BoundedText<2>& country) {
  Location location;
  location.country = country;
  return is_location(location);
}

template <class List>
bool has_countries(const List& list) {
  return std::all_of(list.begin(), list.end(), is_country);
}

bool are_rules(const Constraints& c) {
  const auto is_rule = [&](const AttributeRule& rule) {
    return rule.is_well_formed() && (!rule.audited || !c.auditors.empty());
  };
  const std::set<Address> distinct(c.auditors.begin(), c.auditors.end());
  return std::all_of(c.attributes.begin(), c.attributes.end(), is_rule) &&
         distinct.size() == c.auditors.size();
}

Fault check_constraints(const BidTerms& terms) {
  const Constraints& c = terms.constraints;
  const bool has_spread = c.per_host_max != 0 && c.per_owner_max != 0 && c.per_country_max != 0;
  const bool has_cells = std::all_of(c.cells.begin(), c.cells.end(), is_cell);
  const bool from_somewhere = terms.near || (c.distance_max_km == 0 && c.latency_max_us == 0);
  return has_spread && has_cells && from_somewhere && c.standing_min <= kStandingOne &&
                 has_countries(c.countries) && has_countries(c.not_countries) && are_rules(c)
             ? Fault::kNone
             : Fault::kBadConstraint;
}

// Whether the steps of the caps are on the ladder.
bool are_caps(const BidTerms& terms) {
  const auto is_step = [](const auto&... step) { return (... && (!step || *step < kCapSteps)); };
  const UnitCaps& u = terms.unit_caps;
  return terms.cap_step < kCapSteps &&
         is_step(u.cpu_core_hour, u.memory_gib_hour, u.storage_gib_month, u.gpu_hour, u.gfuel,
                 u.egress_gib, u.million_requests);
}

// A lease is long enough for its Host to report between two auctions.
bool are_times(const BlockContext& block, const MarketParams& params, const BidTerms& terms) {
  const std::uint64_t shortest_ms = std::max(kLeaseMsMin, 2 * params.receipt_interval_ms);
  const bool has_length =
      terms.lease_ms == 0 || (terms.lease_ms >= shortest_ms && terms.lease_ms <= kLeaseMsMax);
  const bool starts =
      terms.start_by_ms == 0 ||
      (terms.start_by_ms > block.time_ms && terms.start_by_ms - block.time_ms <= kStartAheadMsMax);
  return has_length && starts;
}

Fault check_gateways(const ReadView& state, const BidTerms& terms) {
  const std::set<Address> distinct(terms.gateways.begin(), terms.gateways.end());
  if (distinct.size() != terms.gateways.size()) return Fault::kBadConstraint;
  for (const Address& gateway : terms.gateways) {
    if (!load<Gateway>(state, gateway_key(gateway))) return Fault::kGatewayNotFound;
  }
  return Fault::kNone;
}

// Whether they fit the service, and its gateways are there.
Fault check_for(const ReadView& state, const BidTerms& terms, const Service& service) {
  if (terms.resources.memory_mib < service.manifest.memory_mib) return Fault::kBadResources;
  if (terms.resources.storage_mib < service.manifest.keyvalue_mib) return Fault::kBadResources;
  return check_gateways(state, terms);
}

// Whether the price of the profile can be computed in every class.
bool is_profile(const MarketParams& params, const BidTerms& terms) {
  return std::all_of(params.classes.begin(), params.classes.end(), [&](const PriceClass& c) {
    return hourly_at_scale_one(c.prices, terms.resources, terms.profile).has_value();
  });
}

// What a Bid needs for the slices of its fewest replicas and its reservations, of one at least.
u128 slices_needed(const MarketParams& params, const BidTerms& terms) {
  const u128 replicas = std::max<u128>(u128{terms.replicas_min} + terms.warm, 1);
  return replicas * full_slice(params, terms.spend_per_hour_max).droplets;
}

// The gateways that the new terms leave out may vouch a while longer for what they forwarded.
Fault change_gateways(Overlay& state, const BlockContext& block, const MarketParams& params,
                      Bid& bid, const BidTerms& terms) {
  std::vector<Address> removed;
  for (const Address& gateway : bid.terms.gateways) {
    if (std::find(terms.gateways.begin(), terms.gateways.end(), gateway) == terms.gateways.end()) {
      removed.push_back(gateway);
    }
  }
  if (removed.empty()) return Fault::kNone;
  if (block.time_ms <= bid.gateways_before_until_ms) return Fault::kGatewaysTooSoon;
  bid.gateways_before = bid.terms.gateways;
  bid.gateways_before_until_ms =
      block.time_ms + params.receipt_interval_ms + params.final_receipt_window_ms;
  for (const Address& gateway : removed) forget_demand(state, bid, gateway);
  return Fault::kNone;
}

void tell_deposit(Overlay& state, const BlockContext& block, const MarketParams& params,
                  const Bid& bid, EventKind kind, Amount amount) {
  MarketEvent event;
  event.kind = kind;
  event.amount = amount;
  event.replicas = bid.terms.replicas_min;
  event.reason = bid.closed;
  tell_bid(state, block, params, bid, event);
}

// Replicas that a Host holds, or held before it failed.
std::uint16_t started_replicas(const ReadView& state, const BidId& id) {
  std::uint16_t started = 0;
  for (const LeaseId& lease_id : indexed_ids(state, leases_by_bid(id))) {
    const Lease lease = must_load_lease(state, lease_id);
    if (lease.state != LeaseState::kClosed || lease.active_since_ms != 0 ||
        lease.receipts_ever != 0) {
      ++started;
    }
  }
  return started;
}

}  // namespace

Fault check_terms(const BlockContext& block, const MarketParams& params, const BidTerms& terms) {
  if (terms.replicas_max == 0 || terms.replicas_max > kReplicasMax ||
      terms.replicas_min > terms.replicas_max) {
    return Fault::kBadReplicas;
  }
  if (!terms.resources.within_bounds() || terms.resources.cpu_milli == 0) {
    return Fault::kBadResources;
  }
  if (!is_profile(params, terms)) return Fault::kBadProfile;
  // Below the cap, a lease that cleared at it could not even be paid its expected use.
  if (!are_caps(terms) || terms.spend_per_hour_max.droplets < cap_of_step(terms.cap_step)) {
    return Fault::kBadCap;
  }
  if (terms.near && !is_location(*terms.near)) return Fault::kBadLocation;
  // Audits are not part of the rules yet, so nobody may be led to think that they happen.
  if (terms.verification != Verification::kNone) return Fault::kBadConstraint;
  if (const Fault fault = check_constraints(terms); fault != Fault::kNone) return fault;
  return are_times(block, params, terms) ? Fault::kNone : Fault::kBadLeaseTime;
}

void close_bid(Overlay& state, const BlockContext& block, const MarketParams& params, Bid bid,
               CloseReason reason) {
  bid.closed = reason;
  bid.closed_ms = block.time_ms;
  for (const Address& gateway : bid.terms.gateways) forget_demand(state, bid, gateway);
  wake(state, block, bid);  // a closed Bid wants nothing: it leaves the demand
  auto service = must_load<Service>(state, service_key(bid.terms.service));
  CHECK(service.bids_open > 0);
  --service.bids_open;
  keep(state, service);
  for (const LeaseId& id : indexed_ids(state, leases_by_bid(bid.id))) {
    if (must_load_lease(state, id).state == LeaseState::kClosed) continue;
    end_term(state, block, params, id, reason, block.time_ms);
  }
  Bid closed = must_load_bid(state, bid.id);
  closed.low_since_ms = 0;
  tell_deposit(state, block, params, closed, EventKind::kBidClosed, {});
  refund_when_unlocked(state, block, params, closed);
}

void settle_start_by(Overlay& state, const BlockContext& block, const MarketParams& params,
                     const Due& due) {
  std::optional<Bid> found = load<Bid>(state, bid_key(due.object));
  if (!found || found->closed != CloseReason::kOpen) return;
  Bid& bid = *found;
  if (bid.terms.start_by_ms != due.time_ms || bid.terms.replicas_min == 0) return;
  const std::uint16_t started = started_replicas(state, bid.id);
  if (started == 0) return close_bid(state, block, params, bid, CloseReason::kNotStarted);
  bid.terms.replicas_min = std::min(bid.terms.replicas_min, started);
  wake(state, block, bid);
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const CreateBid& message) {
  const BidTerms& terms = message.terms;
  std::optional<Service> service = load<Service>(state, service_key(terms.service));
  if (!service) return Fault::kServiceNotFound;
  if (service->owner != tx.sender) return Fault::kNotServiceOwner;
  const MarketParams params = market_params(state);
  if (const Fault fault = check_terms(block, params, terms); fault != Fault::kNone) return fault;
  if (const Fault fault = check_for(state, terms, *service); fault != Fault::kNone) return fault;
  if (message.deposit.droplets < slices_needed(params, terms)) return Fault::kDepositTooLow;
  if (const Fault fault = debit(state, tx.sender, message.deposit); fault != Fault::kNone) {
    return fault;
  }

  ++service->bids_open;
  keep(state, *service);
  Bid bid;
  bid.id = make_bid_id(tx.id, tx.message);
  bid.owner = tx.sender;
  bid.terms = terms;
  bid.created_height = block.height;
  bid.created_ms = block.time_ms;
  bid.since_height = block.height;
  bid.free = message.deposit;
  bid.deposited = message.deposit;
  bid.deposits.push_back({tx.sender, message.deposit});
  if (terms.start_by_ms != 0) schedule(state, {terms.start_by_ms, DueKind::kStartBy, bid.id, 0});
  wake(state, block, bid);
  add_index(state, bids_by_owner(bid.owner), bid.id);
  add_index(state, bids_by_service(terms.service), bid.id);
  tell_deposit(state, block, params, bid, EventKind::kBidCreated, message.deposit);
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const UpdateBid& message) {
  std::optional<Bid> bid = load<Bid>(state, bid_key(message.bid));
  if (!bid) return Fault::kBidNotFound;
  if (bid->owner != tx.sender) return Fault::kNotBidOwner;
  if (bid->closed != CloseReason::kOpen) return Fault::kBidClosed;
  if (message.terms.service != bid->terms.service) return Fault::kOtherService;
  const MarketParams params = market_params(state);
  BidTerms terms = message.terms;
  // A time to start by that stands already may have passed.
  const bool starts_anew = terms.start_by_ms != bid->terms.start_by_ms;
  if (!starts_anew) terms.start_by_ms = 0;
  if (const Fault fault = check_terms(block, params, terms); fault != Fault::kNone) return fault;
  const auto service = must_load<Service>(state, service_key(terms.service));
  if (const Fault fault = check_for(state, terms, service); fault != Fault::kNone) return fault;
  // Who asks for less need not pay in first.
  const u128 needed = slices_needed(params, message.terms);
  if (needed > slices_needed(params, bid->terms) &&
      u128{bid->free.droplets} + bid->locked.droplets < needed) {
    return Fault::kDepositTooLow;
  }
  if (const Fault fault = change_gateways(state, block, params, *bid, message.terms);
      fault != Fault::kNone) {
    return fault;
  }

  bid->terms = message.terms;
  if (starts_anew && terms.start_by_ms != 0) {
    schedule(state, {terms.start_by_ms, DueKind::kStartBy, bid->id, 0});
  }
  bid->since_height = block.height;
  bid->asleep_since_ms = 0;
  wake(state, block, *bid);
  keep_escrow(state, block, params, *bid);
  tell_deposit(state, block, params, *bid, EventKind::kBidUpdated, {});
  rescale(state, block, params, bid->id, CloseReason::kScaledDown);
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const TopUpBid& message) {
  std::optional<Bid> bid = load<Bid>(state, bid_key(message.bid));
  if (!bid) return Fault::kBidNotFound;
  if (bid->closed != CloseReason::kOpen) return Fault::kBidClosed;
  if (const Fault fault = deposit_into(state, *bid, tx.sender, message.amount);
      fault != Fault::kNone) {
    return fault;
  }

  const MarketParams params = market_params(state);
  wake(state, block, *bid);
  keep_escrow(state, block, params, *bid);
  tell_deposit(state, block, params, *bid, EventKind::kBidFunded, message.amount);
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const CloseBid& message) {
  std::optional<Bid> bid = load<Bid>(state, bid_key(message.bid));
  if (!bid) return Fault::kBidNotFound;
  if (bid->owner != tx.sender) return Fault::kNotBidOwner;
  if (bid->closed != CloseReason::kOpen) return Fault::kBidClosed;

  close_bid(state, block, market_params(state), *bid, CloseReason::kByPublisher);
  return Fault::kNone;
}

}  // namespace fog::market
