// Matching once more, the slow way and from the records alone: every open Bid that lacks replicas
// and can pay for them is searched for in every block, asleep or not. What the rules do with their
// indexes and sleep must come to the same.
#pragma once

#include "chain/crypto/hash.h"
#include "market/types/distance.h"
#include "tests/support/auction_reference.h"
#include "tests/support/constraints_reference.h"
#include "tests/support/market_invariants.h"

namespace fog::market::testing {

struct Match {
  BidId bid;
  LeaseId lease;
  std::uint32_t term = 1;
  HostId host;
  Scale scale = 0;
  auto operator<=>(const Match&) const = default;
};

// Markets in which no owner has two Hosts and no country limit binds (see literal_payment).
class NaiveMarket {
 public:
  NaiveMarket(const MarketRecords& records, const MarketParams& params, const BlockContext& block)
      : r_(records), params_(params), block_(block) {}

  std::vector<Match> clear() {
    std::vector<const Bid*> bids;
    for (const auto& [id, bid] : r_.bids) {
      if (bid.created_height < block_.height && bid.since_height < block_.height) {
        bids.push_back(&bid);
      }
    }
    const auto tie = [&](const Bid* bid) {
      return tagged_hash("fog/bid-order", {block_.beacon, bid->id});
    };
    std::sort(bids.begin(), bids.end(), [&](const Bid* a, const Bid* b) {
      if (a->created_height != b->created_height) return a->created_height < b->created_height;
      return tie(a) < tie(b);
    });
    for (const Bid* bid : bids) serve(*bid);
    std::sort(matches_.begin(), matches_.end());
    return matches_;
  }

 private:
  std::vector<Lease> leases_of(const BidId& bid) const {
    std::vector<Lease> out;
    for (const auto& [id, lease] : r_.leases) {
      if (lease.bid == bid) out.push_back(lease);
    }
    std::sort(out.begin(), out.end(),
              [](const Lease& a, const Lease& b) { return a.ordinal < b.ordinal; });
    return out;
  }
  std::uint64_t slice_of(const Bid& bid) const {
    const u128 per_hour = bid.terms.spend_per_hour_max.droplets;
    const u128 span = params_.receipt_interval_ms + params_.notice_ms;
    return static_cast<std::uint64_t>((per_hour * span + 3'599'999) / 3'600'000);
  }
  // How many replicas what is free could lock a slice for.
  std::uint64_t affordable(const Bid& bid) const { return bid.free.droplets / slice_of(bid); }
  bool serves(const Host& host, const Offer& offer, const Bid& bid, const Service& service,
              std::uint64_t hourly) const {
    const NaiveDemand demand{bid.terms, service.manifest.runtime, block_.height, block_.time_ms};
    const auto audit = r_.audits.find(host.id);
    return demand.place_fits(host, offer) &&
           demand.rest_fits(host, offer,
                            audit == r_.audits.end() ? std::nullopt : std::optional(audit->second),
                            params_.classes[offer.price_class].prices, hourly);
  }
  // First the reservations that are needed serve, the lowest ordinals first, those that are ready
  // before those that are proposed; then replicas are cleared, then reservations.
  void serve(const Bid& before) {
    Bid bid = before;
    if (const Demand* demand = leading(bid)) bid.terms.near = demand->location;
    std::vector<Lease> leases = leases_of(bid.id);
    for (const bool ready : {true, false}) {
      for (Lease& lease : leases) {
        if (!is_open_state(lease) || !lease.reserved) continue;
        if ((lease.state == LeaseState::kReserved) != ready) continue;
        if (replicas_to_stay(bid) >= replicas_to_serve(bid)) continue;
        lease.reserved = false;
        --bid.replicas_reserved;
      }
    }
    clear_replicas(bid, leases);
    clear_reservations(bid, leases);
  }
  AuctionTerms terms_of(const Bid& bid) const {
    AuctionTerms terms;
    terms.bid = bid.id;
    terms.beacon = block_.beacon;
    terms.cap = cap_of_step(bid.terms.cap_step);
    terms.per_host_max = bid.terms.constraints.per_host_max;
    terms.per_owner_max = bid.terms.constraints.per_owner_max;
    terms.per_country_max = bid.terms.constraints.per_country_max;
    return terms;
  }
  void clear_replicas(Bid& bid, std::vector<Lease>& leases) {
    AuctionTerms terms = terms_of(bid);
    std::vector<Lease*> renewed;
    std::vector<Lease*> given_up;
    for (Lease& lease : leases) {
      if (!lease.renewing) continue;
      const auto offer = r_.offers.find(lease.host);
      if (offer != r_.offers.end() && offer->second.since_height >= block_.height &&
          block_.time_ms < lease.renews_ms + params_.notice_ms) {
        continue;  // with the next block
      }
      lease.renewing = false;
      --bid.replicas_renewing;
      const bool may_go_on =
          offer != r_.offers.end() && !lease.past_price && lease.resources == bid.terms.resources;
      if (may_go_on) offer->second.free.give_back(lease.resources);
      (may_go_on ? renewed : given_up).push_back(&lease);
    }
    const std::uint64_t missing =
        replicas_to_serve(bid) - std::min(replicas_to_serve(bid), replicas_to_stay(bid));
    terms.demand = static_cast<std::uint32_t>(std::min(missing, affordable(bid)) + renewed.size() +
                                              given_up.size());
    const auto is_in = [](const std::vector<Lease*>& list, const Lease& lease) {
      return std::find(list.begin(), list.end(), &lease) != list.end();
    };
    std::vector<Lease*> waiting;
    std::set<HostId> excluded;
    for (Lease& lease : leases) {
      if (is_open_state(lease)) {
        if (is_followed_later(lease) || is_in(renewed, lease) || is_in(given_up, lease)) continue;
        const Host& host = r_.hosts.at(lease.host);
        terms.held.push_back({host.id, host.owner, host.location.country});
      } else {
        note_closed(lease, waiting, excluded);
      }
    }
    const std::vector<Candidate> candidates = candidates_for(bid, excluded);
    bool short_of_money = false;
    for (const std::size_t winner : literal_winners(terms, candidates, nullptr)) {
      const Candidate& c = candidates[winner];
      const Scale scale = literal_payment(terms, candidates, c.owner);
      const auto own = std::find_if(renewed.begin(), renewed.end(),
                                    [&](const Lease* lease) { return lease->host == c.host; });
      if (own != renewed.end()) {
        matches_.push_back({bid.id, (*own)->id, (*own)->term, c.host, scale});
        r_.offers.at(c.host).free.take((*own)->resources);
        const std::uint64_t all = bid.free.droplets + (*own)->slice.droplets;
        bid.free.droplets = all - std::min(all, slice_of(bid));
        renewed.erase(own);
      } else if (affordable(bid) > 0) {
        propose(bid, waiting, c, scale);
        ++bid.replicas_held;
      } else {
        short_of_money = true;
      }
    }
    for (Lease* lease : renewed) r_.offers.at(lease->host).free.take(lease->resources);
    for (const std::vector<Lease*>* list : {&renewed, &given_up}) {
      for (Lease* lease : *list) {
        lease->state = LeaseState::kClosing;
        lease->closed = short_of_money ? CloseReason::kEscrowExhausted : CloseReason::kLeaseOver;
        if (!short_of_money) ++bid.replicas_leaving;
      }
    }
  }
  void clear_reservations(Bid& bid, std::vector<Lease>& leases) {
    AuctionTerms terms = terms_of(bid);
    terms.per_host_max = 1;
    const std::uint64_t missing =
        reservations_to_keep(bid) -
        std::min<std::uint32_t>(reservations_to_keep(bid), bid.replicas_reserved);
    terms.demand = static_cast<std::uint32_t>(std::min(missing, affordable(bid)));
    if (terms.demand == 0) return;
    std::vector<Lease*> waiting;
    std::set<HostId> excluded;
    for (Lease& lease : leases) {
      if (is_open_state(lease)) {
        if (is_followed_later(lease)) continue;
        const Host& host = r_.hosts.at(lease.host);
        terms.held.push_back({host.id, host.owner, host.location.country});
      } else if (!matched(lease.id)) {
        note_closed(lease, waiting, excluded);
      }
    }
    for (const Match& match : matches_) {
      if (match.bid != bid.id) continue;
      const bool goes_on = std::any_of(leases.begin(), leases.end(), [&](const Lease& lease) {
        return lease.id == match.lease && lease.term == match.term;
      });
      if (goes_on) continue;  // counted among the leases
      const Host& host = r_.hosts.at(match.host);
      terms.held.push_back({host.id, host.owner, host.location.country});
    }
    const std::vector<Candidate> candidates = candidates_for(bid, excluded);
    for (const std::size_t winner : literal_winners(terms, candidates, nullptr)) {
      const Candidate& c = candidates[winner];
      propose(bid, waiting, c, literal_payment(terms, candidates, c.owner));
    }
  }
  bool matched(const LeaseId& id) const {
    return std::any_of(matches_.begin(), matches_.end(),
                       [&](const Match& match) { return match.lease == id; });
  }
  void note_closed(Lease& lease, std::vector<Lease*>& waiting, std::set<HostId>& excluded) const {
    waiting.push_back(&lease);
    const bool failed = lease.closed == CloseReason::kByHost ||
                        lease.closed == CloseReason::kAckMissed ||
                        lease.closed == CloseReason::kHostSilent;
    if (failed && block_.time_ms < lease.closed_ms + params_.notice_ms) {
      excluded.insert(lease.host);
    }
  }
  void propose(Bid& bid, std::vector<Lease*>& waiting, const Candidate& c, Scale scale) {
    Match match{bid.id, {}, 1, c.host, scale};
    if (!waiting.empty()) {
      match.lease = waiting.front()->id;
      match.term = waiting.front()->term + 1;
      waiting.erase(waiting.begin());
    } else {
      match.lease = make_lease_id(bid.id, bid.leases_ever++);
    }
    matches_.push_back(match);
    r_.offers.at(c.host).free.take(bid.terms.resources);
    bid.free -= Amount{slice_of(bid)};
  }
  // The Demand that was raised last says where the End Users are.
  const Demand* leading(const Bid& bid) const {
    const Demand* best = nullptr;
    for (const Demand& demand : r_.demands) {
      if (demand.bid != bid.id || demand.replicas == 0 || demand.raised_ms == 0) continue;
      const bool later = best == nullptr || demand.raised_ms > best->raised_ms ||
                         (demand.raised_ms == best->raised_ms && demand.gateway < best->gateway);
      if (later) best = &demand;
    }
    return best;
  }
  std::uint64_t distance_cost(const Bid& bid, const Host& host) const {
    const Demand* demand = leading(bid);
    if (demand == nullptr && !bid.terms.near) return 0;
    const Location& from = demand != nullptr ? demand->location : *bid.terms.near;
    std::uint64_t km = distance_km(host.location, from);
    if (demand != nullptr) {
      for (const RoundTrip& trip : demand->round_trips) {
        if (trip.host == host.id) {
          km = std::max<std::uint64_t>(km, std::min<std::uint64_t>(trip.micros / 10, 20'038));
        }
      }
    }
    return bid.terms.latency_weight * km;
  }
  std::vector<Candidate> candidates_for(const Bid& bid, const std::set<HostId>& excluded) const {
    std::vector<Candidate> candidates;
    const Service& service = r_.services.at(bid.terms.service);
    for (const auto& [id, offer] : r_.offers) {
      const Host& host = r_.hosts.at(id);
      const auto hourly =
          hourly_at_scale_one(params_.classes[offer.price_class].prices, bid.terms.resources,
                              service.metered.value_or(bid.terms.profile));
      if (!hourly || !serves(host, offer, bid, service, *hourly) || excluded.contains(id)) continue;
      Candidate c;
      c.host = id;
      c.owner = host.owner;
      c.country = host.location.country;
      c.scale = offer.scale;
      c.hourly = *hourly;
      c.unit_cap = NaiveDemand::unit_cap(bid.terms, params_.classes[offer.price_class].prices);
      const std::uint64_t healed = (block_.time_ms - host.standing_as_of_ms) / 60'000;
      const std::uint64_t standing = std::min<std::uint64_t>(10'000, host.standing + healed);
      c.factor = static_cast<std::uint32_t>(20'000 - standing);
      c.distance_cost = distance_cost(bid, host);
      c.copies = 0;
      for (Resources left = offer.free; left.fits(bid.terms.resources) && c.copies < 300;) {
        left.take(bid.terms.resources);
        ++c.copies;
      }
      candidates.push_back(c);
    }
    return candidates;
  }

  MarketRecords r_;
  MarketParams params_;
  BlockContext block_;
  std::vector<Match> matches_;
};

// Terms that a block has proposed or renewed, by the records after it.
inline std::vector<Match> proposed_in(const MarketRecords& after, const BlockContext& block) {
  std::vector<Match> matches;
  for (const auto& [id, lease] : after.leases) {
    const bool renewed = lease.renewals > 0 && lease.priced_since_ms == block.time_ms;
    if (lease.proposed_ms != block.time_ms && !renewed) continue;
    matches.push_back({lease.bid, id, lease.term, lease.host, lease.scale});
  }
  std::sort(matches.begin(), matches.end());
  return matches;
}

}  // namespace fog::market::testing
