// Which Offers can serve a Bid, once more: from contrib/doc/auction.md and publisher.md and the
// records alone, one demand after the other, looking at all of them.
#pragma once

#include <set>

#include "tests/support/reference_auction.h"

namespace fog::market::testing {

inline bool reference_number(const std::string& text, u128& number) {
  if (text.empty() || text.size() > 20) return false;
  number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  return number <= ~std::uint64_t{0};
}

inline bool reference_rule(const AttributeRule& rule, const Attributes& of) {
  const auto at = of.find(rule.key);
  const bool has = at != of.end();
  switch (rule.op) {
    case AttributeOp::kEquals:
      return has && at->second == rule.values.front();
    case AttributeOp::kDiffers:
      return !has || at->second != rule.values.front();
    case AttributeOp::kIn: {
      bool any = false;
      for (const auto& value : rule.values) any = any || (has && at->second == value);
      return any;
    }
    case AttributeOp::kAtLeast: {
      u128 wanted = 0;
      u128 got = 0;
      return has && reference_number(rule.values.front(), wanted) &&
             reference_number(at->second, got) && got >= wanted;
    }
    case AttributeOp::kExists:
      return has;
  }
  return false;
}

// A Bid that looks for Offers in a block.
struct Seeker {
  BidId bid;
  BidTerms terms;  // where a Demand leads, its place is `near`
  UseProfile profile;
  RuntimeKind runtime = RuntimeKind::kWasmCommand;
  std::set<HostId> excluded;          // failed it a moment ago
  std::map<HostId, u128> round_trip;  // microseconds, of the Demand that leads
  Hash32 beacon;
  std::uint64_t height = 0;
  std::uint64_t time_ms = 0;

  // Whether the Offer fits runtime, region and room.
  bool fits(const Host& host, const Offer& offer) const {
    const Constraints& c = terms.constraints;
    if (offer.since_height >= height) return false;
    if (host.retired_at_ms != 0 || host.down_since_ms != 0) return false;
    if (host.runtimes.empty()) return false;
    if (runtime == RuntimeKind::kWasmHttp && !says_one(host, "runtime.wasm-http")) return false;
    if (runtime == RuntimeKind::kContainer && !says_one(host, "runtime.container")) return false;
    if (c.runtime && !among(host.runtimes, *c.runtime)) return false;
    if (!c.countries.empty() && !among(c.countries, host.location.country)) return false;
    if (among(c.not_countries, host.location.country)) return false;
    bool in_cell = c.cells.empty();
    for (const Cell& cell : c.cells) {
      if (reference_geohash(host.location, cell.size()) == std::string(cell)) in_cell = true;
    }
    if (!in_cell) return false;
    if (terms.near) {
      const std::uint64_t km = reference_distance_km(host.location, *terms.near);
      if (c.distance_max_km != 0 && km > c.distance_max_km) return false;
      if (c.latency_max_us != 0 && km * 10 > c.latency_max_us) return false;
    }
    return reference_copies(offer.free, terms.resources) > 0;
  }
  // Whether it satisfies everything else, the caps included.
  bool satisfies(const Host& host, const HostAudit* audit, const Ask& ask) const {
    const Constraints& c = terms.constraints;
    for (const AttributeRule& rule : c.attributes) {
      bool holds = false;
      if (!rule.audited) {
        holds = reference_rule(rule, host.attributes);
      } else if (audit != nullptr) {
        for (const Attestation& one : audit->attestations) {
          const bool counts =
              among(c.auditors, one.auditor) && time_ms < one.expires_ms && !one.attributes.empty();
          if (counts && reference_rule(rule, one.attributes)) holds = true;
        }
      }
      if (!holds) return false;
    }
    if (!c.only_hosts.empty() && !among(c.only_hosts, host.id)) return false;
    if (!c.only_owners.empty() && !among(c.only_owners, host.owner)) return false;
    if (among(c.not_hosts, host.id) || among(c.not_owners, host.owner)) return false;
    if (excluded.contains(host.id)) return false;
    if (reference_standing(host, time_ms) < c.standing_min) return false;
    return ask.scale <= ask.scale_max;
  }
  Ask ask_of(const Host& host, const Offer& offer, const UnitPrices& prices,
             const Hash32& tie_mask) const {
    Ask ask;
    ask.host = host.id;
    ask.owner = host.owner;
    ask.country = std::string(host.location.country);
    ask.scale = offer.scale;
    ask.hourly = reference_hourly(prices, terms.resources, profile);
    ask.factor = 20'000 - reference_standing(host, time_ms);
    if (terms.near) {
      u128 km = reference_distance_km(host.location, *terms.near);
      const auto trip = round_trip.find(host.id);
      if (trip != round_trip.end()) km = std::max(km, std::min<u128>(trip->second / 10, 20'038));
      ask.distance_cost = km * terms.latency_weight;
    }
    ask.scale_max = reference_largest_scale([&](u128 scale) {
      return scale * ask.hourly <= reference_cap(terms.cap_step) * 10'000 &&
             reference_units_within(terms.unit_caps, prices, scale);
    });
    ask.copies = reference_copies(offer.free, terms.resources);
    ask.tie = reference_tie(tie_mask, host.id);
    return ask;
  }

 private:
  template <class List, class Item>
  static bool among(const List& list, const Item& item) {
    for (const auto& one : list) {
      if (one == item) return true;
    }
    return false;
  }
  static bool says_one(const Host& host, const std::string& name) {
    const auto at = host.attributes.find(AttributeName(name));
    return at != host.attributes.end() && at->second == "1";
  }
};

// What can be asked, lowest first: of the Offers that fit the first `tested_max` by score are
// tested against the rest.
inline std::vector<Ask> reference_asks(const Seeker& seeker, const std::map<HostId, Host>& hosts,
                                       const std::map<HostId, Offer>& offers,
                                       const std::map<HostId, HostAudit>& audits,
                                       const MarketParams& params, std::size_t tested_max = 2'048) {
  const Hash32 tie_mask = reference_tie_mask(seeker.beacon, seeker.bid);
  std::vector<Ask> fitting;
  for (const auto& [id, offer] : offers) {
    const Host& host = hosts.at(id);
    if (!seeker.fits(host, offer)) continue;
    const UnitPrices& prices = params.classes[offer.price_class].prices;
    const Ask ask = seeker.ask_of(host, offer, prices, tie_mask);
    if (ask.hourly <= ~std::uint64_t{0}) fitting.push_back(ask);
  }
  std::sort(fitting.begin(), fitting.end(), [](const Ask& a, const Ask& b) { return a.before(b); });
  if (fitting.size() > tested_max) fitting.resize(tested_max);
  std::vector<Ask> asks;
  for (const Ask& ask : fitting) {
    const auto audit = audits.find(ask.host);
    const HostAudit* attested = audit == audits.end() ? nullptr : &audit->second;
    if (seeker.satisfies(hosts.at(ask.host), attested, ask)) asks.push_back(ask);
  }
  return asks;
}

}  // namespace fog::market::testing
