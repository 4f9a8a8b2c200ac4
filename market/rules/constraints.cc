#include "market/rules/constraints.h"

#include <algorithm>
#include <utility>

#include "market/rules/standing.h"
#include "market/types/cell.h"
#include "market/types/distance.h"

namespace fog::market {
namespace {

static_assert(kMisfits <= 32, "all_misfits() has a bit for each");

template <class List, class Item>
bool contains(const List& list, const Item& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}
template <class List, class Item>
bool leaves_out(const List& list, const Item& item) {
  return !list.empty() && !contains(list, item);
}

bool is_of_kind(const Attributes& attributes, const OfferQuery& query) {
  const std::string_view name = runtime_attribute(query.runtime);
  if (name.empty()) return true;
  const auto found = attributes.find(AttributeName(std::string(name)));
  return found != attributes.end() && found->second == "1";
}
bool has_profile(const std::vector<RuntimeProfile>& runtimes, const OfferQuery& query) {
  const auto& wanted = query.terms.constraints.runtime;
  return !wanted || contains(runtimes, *wanted);
}

bool is_attested(const IndexedOffer& offer, const OfferQuery& query, const AttributeRule& rule) {
  if (!offer.audit) return false;
  const auto& all = offer.audit->attestations;
  return std::any_of(all.begin(), all.end(), [&](const Attestation& one) {
    return query.time_ms < one.expires_ms && !one.attributes.empty() &&
           contains(query.terms.constraints.auditors, one.auditor) && rule.holds(one.attributes);
  });
}

std::uint32_t kilometres(const IndexedOffer& offer, const OfferQuery& query) {
  // Terms that ask for a distance from nowhere do not come through bids.cc.
  if (!query.terms.near) return ~std::uint32_t{0};
  return distance_km(offer.location, *query.terms.near);
}

struct Case {
  const IndexedOffer& offer;
  const OfferQuery& query;
  const QueryPrice& price;
  const BidTerms& terms = query.terms;
  const Constraints& constraints = query.terms.constraints;
};

// Whether the reason holds: one small function a reason.
template <Misfit misfit>
bool holds_for(const Case& c);

template <>
bool holds_for<Misfit::kTooNew>(const Case& c) {
  return c.offer.since_height >= c.query.height;
}
template <>
bool holds_for<Misfit::kRuntimeKind>(const Case& c) {
  return !is_of_kind(*c.offer.attributes, c.query);
}
template <>
bool holds_for<Misfit::kRuntimeProfile>(const Case& c) {
  return !has_profile(*c.offer.runtimes, c.query);
}
template <>
bool holds_for<Misfit::kCountry>(const Case& c) {
  return leaves_out(c.constraints.countries, c.offer.country) ||
         contains(c.constraints.not_countries, c.offer.country);
}
template <>
bool holds_for<Misfit::kCell>(const Case& c) {
  const auto& cells = c.constraints.cells;
  return !cells.empty() && std::none_of(cells.begin(), cells.end(), [&](const Cell& cell) {
    return holds(cell, c.offer.location);
  });
}
template <>
bool holds_for<Misfit::kDistance>(const Case& c) {
  const std::uint32_t most = c.constraints.distance_max_km;
  return most != 0 && kilometres(c.offer, c.query) > most;
}
template <>
bool holds_for<Misfit::kLatency>(const Case& c) {
  const std::uint32_t most = c.constraints.latency_max_us;
  return most != 0 && round_trip_us(kilometres(c.offer, c.query)) > most;
}
template <>
bool holds_for<Misfit::kGpu>(const Case& c) {
  const std::optional<Gpu>& need = c.terms.resources.gpu;
  const std::optional<Gpu>& free = c.offer.free.gpu;
  return need && (!free || free->model != need->model || free->milli < need->milli);
}
template <>
bool holds_for<Misfit::kCpu>(const Case& c) {
  return c.offer.free.cpu_milli < c.terms.resources.cpu_milli;
}
template <>
bool holds_for<Misfit::kMemory>(const Case& c) {
  return c.offer.free.memory_mib < c.terms.resources.memory_mib;
}
template <>
bool holds_for<Misfit::kStorage>(const Case& c) {
  return c.offer.free.storage_mib < c.terms.resources.storage_mib;
}
template <>
bool holds_for<Misfit::kEgress>(const Case& c) {
  return c.offer.free.egress_mbps < c.terms.resources.egress_mbps;
}
template <>
bool holds_for<Misfit::kAttribute>(const Case& c) {
  return !says_enough(*c.offer.attributes, c.query);
}
template <>
bool holds_for<Misfit::kAttestation>(const Case& c) {
  const auto& rules = c.constraints.attributes;
  return std::any_of(rules.begin(), rules.end(), [&](const AttributeRule& rule) {
    return rule.audited && !is_attested(c.offer, c.query, rule);
  });
}
template <>
bool holds_for<Misfit::kHostUnlisted>(const Case& c) {
  return leaves_out(c.constraints.only_hosts, c.offer.host);
}
template <>
bool holds_for<Misfit::kHostDenied>(const Case& c) {
  return contains(c.constraints.not_hosts, c.offer.host);
}
template <>
bool holds_for<Misfit::kOwnerUnlisted>(const Case& c) {
  return leaves_out(c.constraints.only_owners, c.offer.owner);
}
template <>
bool holds_for<Misfit::kOwnerDenied>(const Case& c) {
  return contains(c.constraints.not_owners, c.offer.owner);
}
template <>
bool holds_for<Misfit::kFailedBefore>(const Case& c) {
  return c.query.excluded.contains(c.offer.host);
}
template <>
bool holds_for<Misfit::kStanding>(const Case& c) {
  return healed_standing(c.offer.standing, c.offer.standing_as_of_ms, c.query.time_ms) <
         c.constraints.standing_min;
}
template <>
bool holds_for<Misfit::kPriceCap>(const Case& c) {
  return c.offer.scale > c.price.cap;
}
template <>
bool holds_for<Misfit::kUnitCap>(const Case& c) {
  return c.offer.scale > c.price.unit_cap;
}

template <Misfit... misfits>
bool holds_for_any(const Case& c) {
  return (holds_for<misfits>(c) || ...);
}

constexpr auto kFirst = static_cast<std::size_t>(Misfit::kTooNew);
constexpr auto kFirstOfRest = static_cast<std::size_t>(Misfit::kAttribute);

template <std::size_t from, std::size_t... i>
Misfit first_from(const Case& c, std::index_sequence<i...>) {
  Misfit first = Misfit::kNone;
  const auto is = [&]<Misfit misfit>(std::integral_constant<Misfit, misfit>) {
    if (!holds_for<misfit>(c)) return false;
    first = misfit;
    return true;
  };
  (void)(is(std::integral_constant<Misfit, static_cast<Misfit>(from + i)>{}) || ...);
  return first;
}

template <std::size_t... i>
std::uint32_t all_of(const Case& c, std::index_sequence<i...>) {
  return ((holds_for<static_cast<Misfit>(kFirst + i)>(c) ? 1U << (kFirst + i) : 0U) | ...);
}

}  // namespace

std::string_view runtime_attribute(RuntimeKind kind) {
  switch (kind) {
    case RuntimeKind::kWasmCommand:
      return {};
    case RuntimeKind::kWasmHttp:
      return "runtime.wasm-http";
    case RuntimeKind::kContainer:
      return "runtime.container";
  }
  return {};
}

std::optional<QueryPrice> price_in(const PriceClass& price_class, const OfferQuery& query) {
  const BidTerms& terms = query.terms;
  const auto hourly = hourly_at_scale_one(price_class.prices, terms.resources, query.profile);
  if (!hourly) return std::nullopt;
  return QueryPrice{*hourly, cap_scale(cap_of_step(terms.cap_step), *hourly),
                    unit_cap_scale(terms.unit_caps, price_class.prices)};
}

bool runs(const Attributes& attributes, const std::vector<RuntimeProfile>& runtimes,
          const OfferQuery& query) {
  return has_profile(runtimes, query) && is_of_kind(attributes, query);
}

bool says_enough(const Attributes& attributes, const OfferQuery& query) {
  const auto& rules = query.terms.constraints.attributes;
  return std::all_of(rules.begin(), rules.end(), [&](const AttributeRule& rule) {
    return rule.audited || rule.holds(attributes);
  });
}

Misfit first_misfit_of_place(const IndexedOffer& offer, const OfferQuery& query) {
  const QueryPrice no_price;  // not looked at
  return first_from<kFirst>({offer, query, no_price},
                            std::make_index_sequence<kFirstOfRest - kFirst>{});
}

Misfit first_misfit_of_rest(const IndexedOffer& offer, const OfferQuery& query,
                            const QueryPrice& price) {
  return first_from<kFirstOfRest>({offer, query, price},
                                  std::make_index_sequence<kMisfits - kFirstOfRest>{});
}

bool fails_for_good(const IndexedOffer& offer, const OfferQuery& query) {
  using enum Misfit;
  const QueryPrice no_price;  // not looked at
  return holds_for_any<kRuntimeProfile, kCountry, kGpu, kCpu, kMemory, kStorage, kEgress,
                       kHostUnlisted, kHostDenied, kOwnerUnlisted, kOwnerDenied, kAttribute,
                       kAttestation, kCell, kDistance, kLatency>({offer, query, no_price});
}

Misfit first_misfit(const IndexedOffer& offer, const OfferQuery& query, const QueryPrice& price) {
  const Misfit misfit = first_misfit_of_place(offer, query);
  return misfit != Misfit::kNone ? misfit : first_misfit_of_rest(offer, query, price);
}

std::uint32_t all_misfits(const IndexedOffer& offer, const OfferQuery& query,
                          const QueryPrice& price) {
  return all_of({offer, query, price}, std::make_index_sequence<kMisfits - kFirst>{});
}

std::optional<std::size_t> failing_rule(const IndexedOffer& offer, const OfferQuery& query) {
  const auto& rules = query.terms.constraints.attributes;
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const AttributeRule& rule) {
    return rule.audited ? !is_attested(offer, query, rule) : !rule.holds(*offer.attributes);
  });
  if (found == rules.end()) return std::nullopt;
  return static_cast<std::size_t>(found - rules.begin());
}

}  // namespace fog::market
