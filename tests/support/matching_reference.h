// A block's matching once more, the slow way and from the records alone: every open Bid that lacks
// replicas and can pay for them is searched for in every block, asleep or not. What the rules do
// with their indexes and sleep must come to the same. Who wins and at what price is said by
// reference_auction.h; here stands what is asked for in which order (contrib/doc/market.md).
#pragma once

#include "tests/support/market_invariants.h"
#include "tests/support/reference_offers.h"

namespace fog::market::testing {

struct Match {
  BidId bid;
  LeaseId lease;
  std::uint32_t term = 1;
  HostId host;
  Scale scale = 0;
  auto operator<=>(const Match&) const = default;
};

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
      return reference_tagged("fog/bid-order", block_.beacon, bid->id);
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
    return static_cast<std::uint64_t>(reference_slice(bid.terms, params_));
  }
  // How many replicas what is free could lock a slice for.
  std::uint64_t affordable(const Bid& bid) const { return bid.free.droplets / slice_of(bid); }
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
  static Wish wish_of(const Bid& bid) {
    Wish wish;
    wish.per_host = bid.terms.constraints.per_host_max;
    wish.per_owner = bid.terms.constraints.per_owner_max;
    wish.per_country = bid.terms.constraints.per_country_max;
    return wish;
  }
  void hold(Wish& wish, const HostId& id) const {
    const Host& host = r_.hosts.at(id);
    wish.hold(host.id, host.owner, std::string(host.location.country));
  }
  void clear_replicas(Bid& bid, std::vector<Lease>& leases) {
    Wish wish = wish_of(bid);
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
    wish.replicas = static_cast<std::uint32_t>(std::min(missing, affordable(bid)) + renewed.size() +
                                               given_up.size());
    const auto is_in = [](const std::vector<Lease*>& list, const Lease& lease) {
      return std::find(list.begin(), list.end(), &lease) != list.end();
    };
    std::vector<Lease*> waiting;
    for (Lease& lease : leases) {
      if (is_open_state(lease)) {
        if (is_followed_later(lease) || is_in(renewed, lease) || is_in(given_up, lease)) continue;
        hold(wish, lease.host);
      } else {
        waiting.push_back(&lease);
      }
    }
    const std::vector<Ask> asks = asks_for(bid);
    bool short_of_money = false;
    for (const Win& win : reference_auction(wish, asks)) {
      const HostId& host = asks[win.ask].host;
      const auto own = std::find_if(renewed.begin(), renewed.end(),
                                    [&](const Lease* lease) { return lease->host == host; });
      if (own != renewed.end()) {
        matches_.push_back({bid.id, (*own)->id, (*own)->term, host, win.scale});
        r_.offers.at(host).free.take((*own)->resources);
        const std::uint64_t all = bid.free.droplets + (*own)->slice.droplets;
        bid.free.droplets = all - std::min(all, slice_of(bid));
        renewed.erase(own);
      } else if (affordable(bid) > 0) {
        propose(bid, waiting, host, win.scale);
        ++bid.replicas_held;
      } else {
        short_of_money = true;
      }
    }
    for (Lease* lease : renewed) r_.offers.at(lease->host).free.take(lease->resources);
    std::map<std::uint32_t, Lease*> over;  // by ordinal
    for (const std::vector<Lease*>* list : {&renewed, &given_up}) {
      for (Lease* lease : *list) over[lease->ordinal] = lease;
    }
    for (const auto& [ordinal, lease] : over) {
      // Where money is short, those are followed whose place somebody has taken.
      const bool followed = !short_of_money || replicas_to_stay(bid) > replicas_to_serve(bid);
      lease->state = LeaseState::kClosing;
      lease->closed = followed ? CloseReason::kLeaseOver : CloseReason::kEscrowExhausted;
      if (followed) ++bid.replicas_leaving;
    }
  }
  void clear_reservations(Bid& bid, std::vector<Lease>& leases) {
    Wish wish = wish_of(bid);
    wish.per_host = 1;
    const std::uint64_t missing =
        reservations_to_keep(bid) -
        std::min<std::uint32_t>(reservations_to_keep(bid), bid.replicas_reserved);
    wish.replicas = static_cast<std::uint32_t>(std::min(missing, affordable(bid)));
    if (wish.replicas == 0) return;
    std::vector<Lease*> waiting;
    for (Lease& lease : leases) {
      if (is_open_state(lease)) {
        if (is_followed_later(lease)) continue;
        hold(wish, lease.host);
      } else if (!matched(lease.id)) {
        waiting.push_back(&lease);
      }
    }
    for (const Match& match : matches_) {
      if (match.bid != bid.id) continue;
      const bool goes_on = std::any_of(leases.begin(), leases.end(), [&](const Lease& lease) {
        return lease.id == match.lease && lease.term == match.term;
      });
      if (goes_on) continue;  // counted among the leases
      hold(wish, match.host);
    }
    const std::vector<Ask> asks = asks_for(bid);
    for (const Win& win : reference_auction(wish, asks))
      propose(bid, waiting, asks[win.ask].host, win.scale);
  }
  bool matched(const LeaseId& id) const {
    return std::any_of(matches_.begin(), matches_.end(),
                       [&](const Match& match) { return match.lease == id; });
  }
  // Whoever failed the Bid a moment ago, in whichever term.
  std::set<HostId> failed_of(const Bid& bid) const {
    std::set<HostId> out;
    for (const Lease& lease : r_.all_terms) {
      const bool failed = lease.closed == CloseReason::kByHost ||
                          lease.closed == CloseReason::kAckMissed ||
                          lease.closed == CloseReason::kHostSilent;
      if (lease.bid != bid.id || lease.state != LeaseState::kClosed || !failed) continue;
      if (block_.time_ms < lease.closed_ms + params_.notice_ms) out.insert(lease.host);
    }
    return out;
  }
  void propose(Bid& bid, std::vector<Lease*>& waiting, const HostId& host, Scale scale) {
    Match match{bid.id, {}, 1, host, scale};
    if (!waiting.empty()) {
      match.lease = waiting.front()->id;
      match.term = waiting.front()->term + 1;
      waiting.erase(waiting.begin());
    } else {
      match.lease = make_lease_id(bid.id, bid.leases_ever++);
    }
    matches_.push_back(match);
    r_.offers.at(host).free.take(bid.terms.resources);
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
  std::vector<Ask> asks_for(const Bid& bid) const {
    const Service& service = r_.services.at(bid.terms.service);
    Seeker seeker;
    seeker.bid = bid.id;
    seeker.terms = bid.terms;
    seeker.profile = service.metered.value_or(bid.terms.profile);
    seeker.runtime = service.manifest.runtime;
    seeker.excluded = failed_of(bid);
    seeker.beacon = block_.beacon;
    seeker.height = block_.height;
    seeker.time_ms = block_.time_ms;
    if (const Demand* demand = leading(bid)) {
      for (const RoundTrip& trip : demand->round_trips) seeker.round_trip[trip.host] = trip.micros;
    }
    return reference_asks(seeker, r_.hosts, r_.offers, r_.audits, params_);
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
