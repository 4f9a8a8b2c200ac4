// Bids: a Publisher's standing demand, its escrow, and its end.
#include <set>

#include "market/rules/capacity.h"
#include "market/rules/demand.h"
#include "market/rules/leases.h"
#include "market/rules/rules.h"
#include "market/rules/settlement.h"

namespace fog::market {
namespace {

constexpr std::uint16_t kReplicasMax = 1'024;

bool is_country(const BoundedText<2>& country) {
  Location location;
  location.country = country;
  return is_location(location);
}

Fault check_constraints(const Constraints& c) {
  if (c.per_host_max == 0 || c.per_owner_max == 0 || c.per_country_max == 0) {
    return Fault::kBadConstraint;
  }
  if (c.standing_min > kStandingOne) return Fault::kBadConstraint;
  if (!std::all_of(c.countries.begin(), c.countries.end(), is_country)) {
    return Fault::kBadConstraint;
  }
  return Fault::kNone;
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

Fault check_terms(const ReadView& state, const MarketParams& params, const BidTerms& terms,
                  const Manifest& manifest) {
  if (terms.replicas_max == 0 || terms.replicas_max > kReplicasMax ||
      terms.replicas_min > terms.replicas_max) {
    return Fault::kBadReplicas;
  }
  const Resources& need = terms.resources;
  if (!need.within_bounds() || need.cpu_milli == 0 || need.memory_mib < manifest.memory_mib) {
    return Fault::kBadResources;
  }
  if (!is_profile(params, terms)) return Fault::kBadProfile;
  // Below the cap, a lease that cleared at it could not even be paid its expected use.
  if (terms.cap_step >= kCapSteps ||
      terms.spend_per_hour_max.droplets < cap_of_step(terms.cap_step)) {
    return Fault::kBadCap;
  }
  if (terms.near && !is_location(*terms.near)) return Fault::kBadLocation;
  // Audits are not part of the rules yet, so nobody may be led to think that they happen.
  if (terms.verification != Verification::kNone) return Fault::kBadConstraint;
  if (const Fault fault = check_constraints(terms.constraints); fault != Fault::kNone) {
    return fault;
  }
  return check_gateways(state, terms);
}

// The most that a Bid needs locked for the fewest replicas.
bool covers_slices(const MarketParams& params, const BidTerms& terms, Amount deposit) {
  const u128 replicas = std::max<std::uint16_t>(terms.replicas_min, 1);
  return deposit.droplets >= replicas * full_slice(params, terms).droplets;
}

}  // namespace

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const CreateBid& message) {
  const BidTerms& terms = message.terms;
  std::optional<Service> service = load<Service>(state, service_key(terms.service));
  if (!service) return Fault::kServiceNotFound;
  if (service->owner != tx.sender) return Fault::kNotServiceOwner;
  const MarketParams params = market_params(state);
  if (const Fault fault = check_terms(state, params, terms, service->manifest);
      fault != Fault::kNone) {
    return fault;
  }
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

  const MarketParams params = market_params(state);
  bid->closed = CloseReason::kByPublisher;
  bid->closed_ms = block.time_ms;
  wake(state, *bid);  // a closed Bid wants nothing: it leaves the demand
  auto service = must_load<Service>(state, service_key(bid->terms.service));
  CHECK(service.bids_open > 0);
  --service.bids_open;
  keep(state, service);
  for (const LeaseId& id : indexed_ids(state, leases_by_bid(message.bid))) {
    if (must_load_lease(state, id).state == LeaseState::kClosed) continue;
    end_term(state, block, params, id, CloseReason::kByPublisher, block.time_ms);
  }
  Bid closed = must_load_bid(state, message.bid);
  refund_when_unlocked(state, block, params, closed);
  return Fault::kNone;
}

}  // namespace fog::market
