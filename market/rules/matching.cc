// Matching: the batch auction at the end of a block. A block searches for so many replicas; Bids
// are served oldest first, within a block by hash(beacon, bid); each clears all the replicas that
// it lacks at once.
#include <tuple>

#include "chain/crypto/hash.h"
#include "market/rules/auction.h"
#include "market/rules/demand.h"
#include "market/rules/fresh_offers.h"
#include "market/rules/leases.h"
#include "market/rules/matching_index.h"
#include "market/rules/query.h"
#include "market/rules/renewals.h"
#include "market/rules/rules.h"
#include "market/rules/scaling.h"
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
    case CloseReason::kScaledDown:
    case CloseReason::kIdle:
    case CloseReason::kLeaseOver:
    case CloseReason::kHostLeaving:
      return false;
  }
  return false;
}

// So many terms of a replica are looked back at: more Hosts do not fail it within exclusion_ms,
// unless all of a network's do.
constexpr std::uint32_t kTermsLookedAt = 64;

// A Bid's leases as its clearing needs them.
struct Replicas {
  std::vector<HeldReplica> held;
  std::vector<LeaseId> waiting;  // closed terms whose replica is wanted again, by ordinal
  std::set<HostId> excluded;
  std::uint64_t excluded_until_ms = ~std::uint64_t{0};  // when the first of them may be asked again
};

// Whoever failed one of the replica's terms a moment ago, the present one or those before it: a
// lease that its Host gives back would else come back to it as soon as the next one gives it back.
void exclude_failed(const ReadView& state, const BlockContext& block, const MarketParams& params,
                    const Lease& latest, Replicas& replicas) {
  std::optional<Lease> term = latest;
  for (std::uint32_t looked = 0; term && looked < kTermsLookedAt; ++looked) {
    if (term->state == LeaseState::kClosed) {
      const std::uint64_t until_ms = term->closed_ms + exclusion_ms(params);
      // Those before it ended earlier.
      if (until_ms <= block.time_ms) return;
      if (host_failed(term->closed)) {
        replicas.excluded.insert(term->host);
        replicas.excluded_until_ms = std::min(replicas.excluded_until_ms, until_ms);
      }
    }
    if (term->term == 1) return;
    term = load<Lease>(state, past_term_key(latest.id, term->term - 1));
  }
}

// Neither those that others follow nor those that are cleared again count into the spread limits.
Replicas replicas_of(const ReadView& state, const BlockContext& block, const MarketParams& params,
                     const BidId& bid, const Renewals* renewals) {
  Replicas replicas;
  std::map<std::uint32_t, LeaseId> waiting;
  for (const LeaseId& id : indexed_ids(state, leases_by_bid(bid))) {
    const Lease lease = must_load_lease(state, id);
    exclude_failed(state, block, params, lease, replicas);
    if (lease.state != LeaseState::kClosed) {
      const bool leaves = lease.state == LeaseState::kClosing && is_followed(lease.closed);
      if (leaves || (renewals != nullptr && renewals->contains(id))) continue;
      const Host host = must_load_host(state, lease.host);
      replicas.held.push_back({host.id, host.owner, host.location.country});
      continue;
    }
    waiting.emplace(lease.ordinal, id);
  }
  for (const auto& [ordinal, id] : waiting) replicas.waiting.push_back(id);
  return replicas;
}

// One auction of a Bid: whether it found anybody, and when those that it did not ask may be.
struct Clearing {
  bool any_award = false;
  std::uint64_t excluded_until_ms = ~std::uint64_t{0};
};

AuctionTerms auction_terms(const BlockContext& block, const Bid& bid, std::uint64_t demand,
                           std::uint32_t per_host_max, std::vector<HeldReplica> held) {
  const Constraints& limits = bid.terms.constraints;
  return {bid.id,
          block.beacon,
          static_cast<std::uint32_t>(demand),
          cap_of_step(bid.terms.cap_step),
          per_host_max,
          limits.per_owner_max,
          limits.per_country_max,
          std::move(held)};
}

// Runs the auction for so many replicas, or reservations: one a Host, and none where the Bid holds
// anything. `renewals`: leases that take part in it; null for reservations.
Clearing clear(Overlay& state, const BlockContext& block, const MarketParams& params,
               OfferIndex& index, const Bid& bid, std::uint64_t demand, Renewals* renewals) {
  if (demand == 0) return {};
  const bool reserves = renewals == nullptr;
  Replicas replicas = replicas_of(state, block, params, bid.id, renewals);
  const OfferQuery query = query_of(state, block, bid, std::move(replicas.excluded));
  const AuctionTerms terms =
      auction_terms(block, bid, demand, reserves ? 1 : bid.terms.constraints.per_host_max,
                    std::move(replicas.held));
  OfferIndex::Search search(index, query, params);
  const auto [candidates, awards] = run_auction(terms, [&] { return search.next(); });
  bool short_of_money = false;
  auto waiting = replicas.waiting.begin();
  for (const Award& award : awards) {
    const HostId& host = candidates[award.candidate].host;
    if (!reserves && renewals->renew(host, award.scale)) continue;
    // Those before it have locked their slices, and so has the replica whose place it takes.
    if (slices_of(params, must_load_bid(state, bid.id)) == 0) {
      short_of_money = true;
      continue;
    }
    Proposal proposal{bid.id, host, award.scale, std::nullopt, reserves};
    if (waiting != replicas.waiting.end()) proposal.waiting = *waiting++;
    propose_lease(state, block, params, proposal);
    index.set_room(host, must_load<Offer>(state, offer_key(host)).free);
  }
  if (!reserves) renewals->finish(short_of_money);
  return {!awards.empty(), replicas.excluded_until_ms};
}

// Clears the replicas that the Bid lacks together with those whose lease is over.
Clearing clear_replicas(Overlay& state, const BlockContext& block, const MarketParams& params,
                        OfferIndex& index, const BidId& id) {
  Renewals renewals(state, block, params, index, id);
  const Bid bid = must_load_bid(state, id);
  const std::uint64_t new_ones =
      std::min<std::uint64_t>(missing_replicas(bid), slices_of(params, bid));
  return clear(state, block, params, index, bid, new_ones + renewals.count(), &renewals);
}

Clearing clear_reservations(Overlay& state, const BlockContext& block, const MarketParams& params,
                            OfferIndex& index, const BidId& id) {
  const Bid bid = must_load_bid(state, id);
  const std::uint64_t demand =
      std::min<std::uint64_t>(missing_reservations(bid), slices_of(params, bid));
  return clear(state, block, params, index, bid, demand, nullptr);
}

void clear_bid(Overlay& state, const BlockContext& block, const MarketParams& params,
               OfferIndex& index, const BidId& id) {
  open_reservations(state, block, params, id);
  Bid bid = must_load_bid(state, id);
  if (bid.replicas_renewing == 0 && !can_pay_any(params, bid)) {
    return lacks_any(bid) ? sleep_without_money(state, block, bid) : wake(state, block, bid);
  }
  const Clearing serving = clear_replicas(state, block, params, index, id);
  const Clearing reserved = clear_reservations(state, block, params, index, id);
  bid = must_load_bid(state, id);
  const bool any_award = serving.any_award || reserved.any_award;
  if (any_award) bid.asleep_since_ms = 0;
  if (!lacks_any(bid)) {
    wake(state, block, bid);  // holds all it wants: leaves the demand
  } else if (bid.replicas_renewing > 0) {
    wait_again(state, block, bid);  // an Offer takes part in the next block
  } else if (!can_pay_any(params, bid)) {
    sleep_without_money(state, block, bid);
  } else {
    put_to_sleep(state, block, params, bid,
                 std::min(serving.excluded_until_ms, reserved.excluded_until_ms));
  }
}

// The awake Bids that this block searches for: those that have waited longest, of those that wait
// since the same block the oldest, of the oldest by hash(beacon, bid), until they make up so many
// searches; the last one whole. They are served oldest first, however long they have waited.
std::vector<BidId> bids_to_serve(const ReadView& state, const BlockContext& block,
                                 const MarketParams& params) {
  static const HashTag kTag("fog/bid-order");
  struct Place {
    std::uint64_t turn_height;
    std::uint64_t created_height;
    Hash32 tie;
    BidId id;
    std::uint32_t searches;
  };
  std::vector<Place> places;
  std::uint64_t found = 0;
  each_awake(state, [&](const DemandTurn& turn) {
    if (found >= params.searches_per_block && turn.height != places.back().turn_height)
      return false;
    const Bid bid = must_load_bid(state, turn.id);
    if (bid.since_height >= block.height) return true;
    places.push_back({turn.height, bid.created_height, tagged_hash(kTag, {block.beacon, bid.id}),
                      bid.id, searches_of(bid)});
    found += places.back().searches;
    return true;
  });
  const auto is_older = [](const Place& a, const Place& b) {
    return std::tie(a.created_height, a.tie) < std::tie(b.created_height, b.tie);
  };
  std::sort(places.begin(), places.end(), [&](const Place& a, const Place& b) {
    return a.turn_height != b.turn_height ? a.turn_height < b.turn_height : is_older(a, b);
  });
  found = 0;
  const auto end = std::find_if(places.begin(), places.end(), [&](const Place& place) {
    return std::exchange(found, found + place.searches) >= params.searches_per_block;
  });
  places.erase(end, places.end());
  std::sort(places.begin(), places.end(), is_older);
  std::vector<BidId> ids;
  for (const Place& place : places) ids.push_back(place.id);
  return ids;
}

}  // namespace

void clear_market(Overlay& state, const BlockContext& block, MatchingIndex& index) {
  index.touch(state.changes());
  if (!any_awake(state) && !any_fresh_offer(state)) return;
  const MarketParams params = market_params(state);
  index.refresh(state, params);
  show_fresh_offers(state, block, params, index);
  for (const BidId& id : bids_to_serve(state, block, params)) {
    clear_bid(state, block, params, index.offers, id);
    index.sleepers.touch(id);
  }
}

}  // namespace fog::market
