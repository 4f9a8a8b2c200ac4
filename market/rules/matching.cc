// Matching: the batch auction at the end of a block. Bids are served oldest first, within a block
// by hash(beacon, bid); each clears all the replicas that it lacks at once.
#include "chain/crypto/hash.h"
#include "market/rules/auction.h"
#include "market/rules/demand.h"
#include "market/rules/leases.h"
#include "market/rules/offer_index.h"
#include "market/rules/rules.h"
#include "market/rules/settlement.h"

namespace fog::market {
namespace {

// A Host that failed or left this Bid so recently is not asked again; at least within the block.
std::uint64_t exclusion_ms(const MarketParams& params) {
  return std::max<std::uint64_t>(params.notice_ms, 1);
}

bool host_failed(CloseReason reason) {
  switch (reason) {
    case CloseReason::kByHost:
    case CloseReason::kAckMissed:
    case CloseReason::kHostSilent:
      return true;
    case CloseReason::kOpen:
    case CloseReason::kByPublisher:
    case CloseReason::kEscrowExhausted:
    case CloseReason::kServiceRetired:
    case CloseReason::kHostRetired:
    case CloseReason::kNotStarted:
      return false;
  }
  return false;
}

// A Bid's leases as its clearing needs them.
struct Replicas {
  std::vector<HeldReplica> held;
  std::vector<LeaseId> waiting;  // closed terms whose replica is wanted again, by ordinal
  std::set<HostId> excluded;
  std::uint64_t excluded_until_ms = ~std::uint64_t{0};  // when the first of them may be asked again
};

Replicas replicas_of(const ReadView& state, const BlockContext& block, const MarketParams& params,
                     const BidId& bid) {
  Replicas replicas;
  std::map<std::uint32_t, LeaseId> waiting;
  for (const LeaseId& id : indexed_ids(state, leases_by_bid(bid))) {
    const Lease lease = must_load_lease(state, id);
    if (lease.state != LeaseState::kClosed) {
      const Host host = must_load_host(state, lease.host);
      replicas.held.push_back({host.id, host.owner, host.location.country});
      continue;
    }
    waiting.emplace(lease.ordinal, id);
    const std::uint64_t until_ms = lease.closed_ms + exclusion_ms(params);
    if (until_ms <= block.time_ms || !host_failed(lease.closed)) continue;
    replicas.excluded.insert(lease.host);
    replicas.excluded_until_ms = std::min(replicas.excluded_until_ms, until_ms);
  }
  for (const auto& [ordinal, id] : waiting) replicas.waiting.push_back(id);
  return replicas;
}

OfferQuery query_of(const ReadView& state, const BlockContext& block, const Bid& bid,
                    std::set<HostId> excluded) {
  const auto service = must_load<Service>(state, service_key(bid.terms.service));
  OfferQuery query;
  query.terms = bid.terms;
  query.bid = bid.id;
  query.runtime = service.manifest.runtime;
  query.profile = service.metered.value_or(bid.terms.profile);
  query.excluded = std::move(excluded);
  query.beacon = block.beacon;
  query.height = block.height;
  query.time_ms = block.time_ms;
  return query;
}

// Replicas that the Bid lacks and can lock a slice for.
std::uint32_t fundable(const MarketParams& params, const Bid& bid) {
  const std::uint64_t slices = bid.free.droplets / full_slice(params, bid.terms).droplets;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(missing_replicas(bid), slices));
}

void clear_bid(Overlay& state, const BlockContext& block, const MarketParams& params,
               OfferIndex& index, const BidId& id) {
  Bid bid = must_load_bid(state, id);
  const std::uint32_t demand = fundable(params, bid);
  if (demand == 0) return sleep_without_money(state, bid);

  Replicas replicas = replicas_of(state, block, params, id);
  const OfferQuery query = query_of(state, block, bid, std::move(replicas.excluded));
  const Constraints& limits = bid.terms.constraints;
  const AuctionTerms terms{id,
                           block.beacon,
                           demand,
                           cap_of_step(bid.terms.cap_step),
                           limits.per_host_max,
                           limits.per_owner_max,
                           limits.per_country_max,
                           std::move(replicas.held)};
  OfferIndex::Search search(index, query, params);
  const auto [candidates, awards] = run_auction(terms, [&] { return search.next(); });
  for (std::size_t i = 0; i < awards.size(); ++i) {
    const std::optional<LeaseId> waiting =
        i < replicas.waiting.size() ? std::optional(replicas.waiting[i]) : std::nullopt;
    const HostId& host = candidates[awards[i].candidate].host;
    propose_lease(state, block, params, id, host, awards[i].scale, waiting);
    index.set_room(host, must_load<Offer>(state, offer_key(host)).free);
  }
  bid = must_load_bid(state, id);
  if (!awards.empty()) bid.asleep_since_ms = 0;
  if (missing_replicas(bid) == 0) {
    wake(state, bid);  // holds all it wants: leaves the demand
  } else if (fundable(params, bid) == 0) {
    sleep_without_money(state, bid);
  } else if (!awards.empty() && !query.excluded.empty()) {
    keep(state, bid);  // a replica that moved on no longer excludes the Host it left: look again
  } else {
    put_to_sleep(state, block, params, bid, replicas.excluded_until_ms);
  }
}

// Shows the Offers that have changed to the sleeping Bids and wakes those that one could serve.
void wake_sleepers(Overlay& state, const BlockContext& block, const MarketParams& params,
                   const OfferIndex& index) {
  std::vector<HostId> fresh;
  for (const HostId& host : fresh_offers(state)) {
    const std::optional<Offer> offer = load<Offer>(state, offer_key(host));
    if (offer && offer->since_height >= block.height) continue;  // takes part from the next block
    forget_fresh_offer(state, host);
    fresh.push_back(host);
  }
  if (fresh.empty()) return;
  for (const BidId& id : sleeping_bids(state)) {
    Bid bid = must_load_bid(state, id);
    if (fundable(params, bid) == 0) continue;
    const OfferQuery query = query_of(state, block, bid, {});
    const bool wanted = std::any_of(fresh.begin(), fresh.end(), [&](const HostId& host) {
      return index.can_serve(host, query, params);
    });
    if (wanted) wake(state, bid);
  }
}

// The awake Bids that take part in this block, in the order in which they are served.
std::vector<BidId> bids_to_serve(const ReadView& state, const BlockContext& block) {
  static const HashTag kTag("fog/bid-order");
  struct Place {
    std::uint64_t created_height;
    Hash32 tie;
    BidId id;
  };
  std::vector<Place> places;
  for (const AwakeBid& bid : awake_bids(state)) {
    if (bid.created_height >= block.height) continue;
    places.push_back({bid.created_height, tagged_hash(kTag, {block.beacon, bid.id}), bid.id});
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return a.created_height != b.created_height ? a.created_height < b.created_height
                                                : a.tie < b.tie;
  });
  std::vector<BidId> ids;
  for (const Place& place : places) ids.push_back(place.id);
  return ids;
}

}  // namespace

void clear_market(Overlay& state, const BlockContext& block, OfferIndex* index) {
  if (!any_awake(state) && !any_fresh_offer(state)) return;
  const MarketParams params = market_params(state);
  OfferIndex own;
  if (index == nullptr) {
    index = &own;
    index->touch_all(state);
  } else {
    index->touch(state.changes());
  }
  index->refresh(state);
  wake_sleepers(state, block, params, *index);
  for (const BidId& id : bids_to_serve(state, block)) clear_bid(state, block, params, *index, id);
}

}  // namespace fog::market
