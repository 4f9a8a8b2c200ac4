#include "market/rules/bids.h"

#include <set>

#include "market/rules/capacity.h"
#include "market/rules/demand.h"
#include "market/rules/leases.h"
#include "market/rules/rules.h"
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

bool are_times(const BlockContext& block, const BidTerms& terms) {
  const bool has_length =
      terms.lease_ms == 0 || (terms.lease_ms >= kLeaseMsMin && terms.lease_ms <= kLeaseMsMax);
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

// Whether the price of the profile can be computed in every class.
bool is_profile(const MarketParams& params, const BidTerms& terms) {
  return std::all_of(params.classes.begin(), params.classes.end(), [&](const PriceClass& c) {
    return hourly_at_scale_one(c.prices, terms.resources, terms.profile).has_value();
  });
}

// The most that a Bid needs locked for the fewest replicas.
bool covers_slices(const MarketParams& params, const BidTerms& terms, Amount deposit) {
  const u128 replicas = std::max<std::uint16_t>(terms.replicas_min, 1);
  return deposit.droplets >= replicas * full_slice(params, terms).droplets;
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
  return are_times(block, terms) ? Fault::kNone : Fault::kBadLeaseTime;
}

void close_bid(Overlay& state, const BlockContext& block, const MarketParams& params, Bid bid,
               CloseReason reason) {
  bid.closed = reason;
  bid.closed_ms = block.time_ms;
  wake(state, bid);  // a closed Bid wants nothing: it leaves the demand
  auto service = must_load<Service>(state, service_key(bid.terms.service));
  CHECK(service.bids_open > 0);
  --service.bids_open;
  keep(state, service);
  for (const LeaseId& id : indexed_ids(state, leases_by_bid(bid.id))) {
    if (must_load_lease(state, id).state == LeaseState::kClosed) continue;
    end_term(state, block, params, id, reason, block.time_ms);
  }
  Bid closed = must_load_bid(state, bid.id);
  refund_when_unlocked(state, block, params, closed);
}

void settle_start_by(Overlay& state, const BlockContext& block, const MarketParams& params,
                     const Due& due) {
  Bid bid = must_load_bid(state, due.object);
  if (bid.closed != CloseReason::kOpen || bid.terms.start_by_ms != due.time_ms ||
      bid.terms.replicas_min == 0) {
    return;
  }
  const std::uint16_t started = started_replicas(state, bid.id);
  if (started == 0) return close_bid(state, block, params, bid, CloseReason::kNotStarted);
  bid.terms.replicas_min = std::min(bid.terms.replicas_min, started);
  wake(state, bid);
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const CreateBid& message) {
  const BidTerms& terms = message.terms;
  std::optional<Service> service = load<Service>(state, service_key(terms.service));
  if (!service) return Fault::kServiceNotFound;
  if (service->owner != tx.sender) return Fault::kNotServiceOwner;
  const MarketParams params = market_params(state);
  if (const Fault fault = check_terms(block, params, terms); fault != Fault::kNone) return fault;
  if (terms.resources.memory_mib < service->manifest.memory_mib) return Fault::kBadResources;
  if (const Fault fault = check_gateways(state, terms); fault != Fault::kNone) return fault;
  if (!covers_slices(params, terms, message.deposit)) return Fault::kDepositTooLow;
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
  bid.free = message.deposit;
  bid.deposits.push_back({tx.sender, message.deposit});
  if (terms.start_by_ms != 0) schedule(state, {terms.start_by_ms, DueKind::kStartBy, bid.id, 0});
  wake(state, bid);
  add_index(state, bids_by_owner(bid.owner), bid.id);
  add_index(state, bids_by_service(terms.service), bid.id);
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext&, const TxContext& tx, const TopUpBid& message) {
  std::optional<Bid> bid = load<Bid>(state, bid_key(message.bid));
  if (!bid) return Fault::kBidNotFound;
  if (bid->closed != CloseReason::kOpen) return Fault::kBidClosed;
  if (message.amount == Amount{}) return Fault::kZeroAmount;
  auto deposit = std::find_if(bid->deposits.begin(), bid->deposits.end(),
                              [&](const Deposit& d) { return d.from == tx.sender; });
  if (deposit == bid->deposits.end()) {
    if (bid->deposits.size() == decltype(bid->deposits)::kMax) return Fault::kTooManyDepositors;
    deposit = bid->deposits.insert(deposit, Deposit{tx.sender, {}});
  }
  // All deposits together must stay within 64 bits, or the figures of the Bid would not.
  Amount total = message.amount;
  for (const Deposit& d : bid->deposits) {
    const auto sum = checked_add(total, d.amount);
    if (!sum) return Fault::kAmountOverflow;
    total = *sum;
  }
  if (const Fault fault = debit(state, tx.sender, message.amount); fault != Fault::kNone) {
    return fault;
  }

  deposit->amount += message.amount;
  bid->free += message.amount;
  wake(state, *bid);
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
