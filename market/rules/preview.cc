#include "market/rules/preview.h"

#include <algorithm>
#include <array>
#include <bit>
#include <map>

#include "market/rules/standing.h"

namespace fog::market {
namespace {

OfferQuery query_of(const BlockContext& block, const std::optional<UseProfile>& metered,
                    const PreviewRequest& request) {
  OfferQuery query;
  query.terms = request.terms;
  query.runtime = request.runtime;
  query.profile = metered.value_or(request.terms.profile);
  query.beacon = block.beacon;
  query.height = block.height;
  query.time_ms = block.time_ms;
  return query;
}

// ---- matches ----

PreviewMatch match_of(const IndexedOffer& offer, const OfferQuery& query, const Candidate& c) {
  PreviewMatch match;
  match.host = offer.host;
  match.owner = offer.owner;
  match.location = offer.location;
  match.price_class = offer.price_class;
  match.hourly = c.hourly;
  match.asked = offer.scale;
  if (query.terms.near) match.distance_km = distance_km(offer.location, *query.terms.near);
  match.standing = healed_standing(offer.standing, offer.standing_as_of_ms, query.time_ms);
  return match;
}

void find_matches(const OfferIndex& index, const MarketParams& params, const OfferQuery& query,
                  std::size_t most, PreviewReport& report) {
  const Constraints& limits = query.terms.constraints;
  AuctionTerms terms;
  terms.beacon = query.beacon;
  terms.demand = report.wanted;
  terms.cap = cap_of_step(query.terms.cap_step);
  terms.per_host_max = limits.per_host_max;
  terms.per_owner_max = limits.per_owner_max;
  terms.per_country_max = limits.per_country_max;
  OfferIndex::Search search(index, query, params);
  auto [candidates, awards] = run_auction(terms, [&] { return search.next(); });
  // The auction has taken as many as it needed; the next ones are who would follow.
  bool is_over = false;
  while (candidates.size() <= most && !is_over) {
    if (std::optional<Candidate> next = search.next()) {
      candidates.push_back(*std::move(next));
    } else {
      is_over = true;
    }
  }
  report.found = static_cast<std::uint32_t>(awards.size());
  report.more_matches = candidates.size() > most;
  for (std::size_t i = 0; i < std::min(candidates.size(), most); ++i) {
    const IndexedOffer* offer = index.find_offer(candidates[i].host);
    CHECK(offer != nullptr);
    PreviewMatch match = match_of(*offer, query, candidates[i]);
    for (const Award& award : awards) {
      if (award.candidate != i) continue;
      ++match.replicas;
      match.cleared = std::max(match.cleared.value_or(0), award.scale);
    }
    report.matches.push_back(match);
  }
}

// ---- reasons ----

struct Unit {
  std::string_view name;
  std::uint64_t price = 0;
  std::optional<std::uint8_t> cap;
};
std::array<Unit, 7> units_of(const UnitPrices& p, const UnitCaps& c) {
  return {{{"cpu_core_hour", p.cpu_core_hour, c.cpu_core_hour},
           {"memory_gib_hour", p.memory_gib_hour, c.memory_gib_hour},
           {"storage_gib_month", p.storage_gib_month, c.storage_gib_month},
           {"gpu_hour", p.gpu_hour, c.gpu_hour},
           {"gfuel", p.gfuel, c.gfuel},
           {"egress_gib", p.egress_gib, c.egress_gib},
           {"million_requests", p.million_requests, c.million_requests}}};
}
std::uint64_t price_at(std::uint64_t price, Scale scale) {
  return mul_div_ceil(price, scale, kScaleOne).value_or(~std::uint64_t{0});
}
// The unit whose cap is the tightest.
Unit tightest_unit(const UnitPrices& prices, const UnitCaps& caps) {
  Unit tightest;
  Scale least = kScaleMax;
  for (const Unit& unit : units_of(prices, caps)) {
    if (!unit.cap || unit.price == 0) continue;
    const Scale most = cap_scale(cap_of_step(*unit.cap), unit.price);
    if (most < least) {
      least = most;
      tightest = unit;
    }
  }
  return tightest;
}

// How near a Host is to having what it lacks; less is better, or more (is_more).
struct Nearness {
  std::uint64_t value = 0;
  bool is_more = false;
  std::string what;
};

class Reasons {
 public:
  Reasons(const OfferQuery& query, const MarketParams& params) : query_(query) {
    for (const PriceClass& one : params.classes) {
      prices_.push_back(price_in(one, query));
      units_.push_back(tightest_unit(one.prices, query.terms.unit_caps));
    }
  }
  void look_at(const IndexedOffer& offer) {
    const std::optional<QueryPrice>& price = prices_[offer.price_class];
    if (!price) return add_first(Misfit::kPriceCap);
    const std::uint32_t all = all_misfits(offer, query_, *price);
    if (all == 0) {
      ++can_serve_;
      return;
    }
    const auto first = static_cast<Misfit>(std::countr_zero(all));
    add_first(first);
    if (std::has_single_bit(all)) add_alone(first, offer, *price);
  }
  void write(PreviewReport& report) const {
    report.can_serve = can_serve_;
    for (std::size_t i = 0; i < kMisfits; ++i) {
      if (all_[i].reason.hosts == 0) continue;
      PreviewReason reason = all_[i].reason;
      reason.why = static_cast<Misfit>(i);
      std::size_t most = 0;
      for (const auto& [what, count] : all_[i].whats) {
        if (count <= most) continue;
        most = count;
        reason.what = what;
      }
      report.reasons.push_back(reason);
    }
    std::stable_sort(
        report.reasons.begin(), report.reasons.end(),
        [](const PreviewReason& a, const PreviewReason& b) { return a.hosts > b.hosts; });
  }

 private:
  struct Tally {
    PreviewReason reason;
    std::map<std::string, std::size_t> whats;
  };
  Tally& tally(Misfit misfit) { return all_[static_cast<std::size_t>(misfit)]; }
  void add_first(Misfit misfit) { ++tally(misfit).reason.hosts; }
  void add_alone(Misfit misfit, const IndexedOffer& offer, const QueryPrice& price) {
    Tally& at = tally(misfit);
    Nearness near = nearness(misfit, offer, price);
    std::uint64_t& nearest = at.reason.nearest;
    const bool is_nearer = near.is_more ? near.value > nearest : near.value < nearest;
    if (at.reason.alone++ == 0 || is_nearer) nearest = near.value;
    // Countries and attributes come from Hosts; no more of them are counted than fit on a screen.
    if (!near.what.empty() && (at.whats.size() < 1'000 || at.whats.contains(near.what))) {
      ++at.whats[std::move(near.what)];
    }
  }
  Nearness nearness(Misfit misfit, const IndexedOffer& offer, const QueryPrice& price) const {
    const auto km = [&] {
      return query_.terms.near ? distance_km(offer.location, *query_.terms.near) : 0U;
    };
    switch (misfit) {
      case Misfit::kCountry:
        return {0, false, offer.country};
      case Misfit::kDistance:
        return {km(), false, {}};
      case Misfit::kLatency:
        return {round_trip_us(km()), false, {}};
      case Misfit::kGpu: {
        const bool has = offer.free.gpu && query_.terms.resources.gpu &&
                         offer.free.gpu->model == query_.terms.resources.gpu->model;
        return {has ? offer.free.gpu->milli : 0U, true, {}};
      }
      case Misfit::kCpu:
        return {offer.free.cpu_milli, true, {}};
      case Misfit::kMemory:
        return {offer.free.memory_mib, true, {}};
      case Misfit::kStorage:
        return {offer.free.storage_mib, true, {}};
      case Misfit::kEgress:
        return {offer.free.egress_mbps, true, {}};
      case Misfit::kAttribute:
      case Misfit::kAttestation: {
        const auto rule = failing_rule(offer, query_);
        return {0, false, rule ? query_.terms.constraints.attributes[*rule].key : AttributeName()};
      }
      case Misfit::kStanding:
        return {healed_standing(offer.standing, offer.standing_as_of_ms, query_.time_ms), true, {}};
      case Misfit::kPriceCap:
        return {price_at(price.hourly, offer.scale), false, {}};
      case Misfit::kUnitCap: {
        const Unit& unit = units_[offer.price_class];
        return {price_at(unit.price, offer.scale), false, std::string(unit.name)};
      }
      case Misfit::kNone:
      case Misfit::kTooNew:
      case Misfit::kRuntimeKind:
      case Misfit::kRuntimeProfile:
      case Misfit::kCell:
      case Misfit::kHostUnlisted:
      case Misfit::kHostDenied:
      case Misfit::kOwnerUnlisted:
      case Misfit::kOwnerDenied:
      case Misfit::kFailedBefore:
        return {};
    }
    return {};
  }

  const OfferQuery& query_;
  std::vector<std::optional<QueryPrice>> prices_;
  std::vector<Unit> units_;
  std::array<Tally, kMisfits> all_;
  std::uint64_t can_serve_ = 0;
};

}  // namespace

PreviewReport preview(const OfferIndex& index, const BlockContext& block,
                      const MarketParams& params, const std::optional<UseProfile>& metered,
                      const PreviewRequest& request) {
  const OfferQuery query = query_of(block, metered, request);
  PreviewReport report;
  report.height = block.height - 1;
  report.time_ms = block.time_ms;
  report.offers = index.size();
  report.wanted = std::max<std::uint32_t>(request.terms.replicas_min, 1);
  find_matches(index, params, query, request.matches_max, report);
  Reasons reasons(query, params);
  index.each_cheapest(kPreviewLooksMax, [&](const IndexedOffer& offer) {
    reasons.look_at(offer);
    ++report.looked_at;
  });
  reasons.write(report);
  return report;
}

}  // namespace fog::market
