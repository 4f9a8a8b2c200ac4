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
      if (bid.created_height < block_.height) bids.push_back(&bid);
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
  std::uint32_t wanted(const Bid& bid) const {
    if (bid.closed != CloseReason::kOpen) return 0;
    const u128 per_hour = bid.terms.spend_per_hour_max.droplets;
    const u128 span = params_.receipt_interval_ms + params_.notice_ms;
    const u128 slice = (per_hour * span + 3'599'999) / 3'600'000;
    const u128 missing =
        bid.terms.replicas_min > bid.replicas_held ? bid.terms.replicas_min - bid.replicas_held : 0;
    return static_cast<std::uint32_t>(std::min<u128>(missing, bid.free.droplets / slice));
  }
  bool serves(const Host& host, const Offer& offer, const Bid& bid, const Service& service,
              std::uint64_t hourly) const {
    const NaiveDemand demand{bid.terms, service.manifest.runtime, block_.height, block_.time_ms};
    const auto audit = r_.audits.find(host.id);
    return demand.place_fits(host, offer) &&
           demand.rest_fits(host, offer,
                            audit == r_.audits.end() ? std::nullopt : std::optional(audit->second),
                            params_.classes[offer.price_class].prices, hourly);
  }
  void serve(const Bid& bid) {
    AuctionTerms terms;
    terms.bid = bid.id;
    terms.beacon = block_.beacon;
    terms.demand = wanted(bid);
    if (terms.demand == 0) return;
    terms.cap = cap_of_step(bid.terms.cap_step);
    terms.per_host_max = bid.terms.constraints.per_host_max;
    terms.per_owner_max = bid.terms.constraints.per_owner_max;
    terms.per_country_max = bid.terms.constraints.per_country_max;
    std::vector<Lease> waiting;
    std::set<HostId> excluded;
    for (const Lease& lease : leases_of(bid.id)) {
      const Host& host = r_.hosts.at(lease.host);
      if (is_open_state(lease)) {
        terms.held.push_back({host.id, host.owner, host.location.country});
        continue;
      }
      waiting.push_back(lease);
      const bool failed = lease.closed == CloseReason::kByHost ||
                          lease.closed == CloseReason::kAckMissed ||
                          lease.closed == CloseReason::kHostSilent;
      if (failed && block_.time_ms < lease.closed_ms + params_.notice_ms) {
        excluded.insert(lease.host);
      }
    }
    const std::vector<Candidate> candidates = candidates_for(bid, excluded);
    const std::vector<std::size_t> winners = literal_winners(terms, candidates, nullptr);
    std::uint32_t ordinal = bid.leases_ever;
    for (std::size_t n = 0; n < winners.size(); ++n) {
      const Candidate& c = candidates[winners[n]];
      Match match{bid.id, {}, 1, c.host, literal_payment(terms, candidates, c.owner)};
      if (n < waiting.size()) {
        match.lease = waiting[n].id;
        match.term = waiting[n].term + 1;
      } else {
        match.lease = make_lease_id(bid.id, ordinal++);
      }
      matches_.push_back(match);
      r_.offers.at(c.host).free.take(bid.terms.resources);
    }
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
      if (bid.terms.near) {
        c.distance_cost =
            std::uint64_t{bid.terms.latency_weight} * distance_km(host.location, *bid.terms.near);
      }
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

// Terms that a block has proposed, by the records after it.
inline std::vector<Match> proposed_in(const MarketRecords& after, const BlockContext& block) {
  std::vector<Match> matches;
  for (const auto& [id, lease] : after.leases) {
    if (lease.proposed_ms != block.time_ms) continue;
    matches.push_back({lease.bid, id, lease.term, lease.host, lease.scale});
  }
  std::sort(matches.begin(), matches.end());
  return matches;
}

}  // namespace fog::market::testing
