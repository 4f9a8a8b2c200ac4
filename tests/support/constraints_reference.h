// What a Bid may demand of a Host, once more: from the text of contrib/doc/publisher.md and the
// records alone, one demand after the other, sharing nothing with market/rules/constraints.cc.
#pragma once

#include <optional>

#include "market/types/distance.h"
#include "market/types/objects.h"

namespace fog::market::testing {

// Halves the globe as geohash says, on a scale on which every half is a whole number.
inline std::string reference_geohash(const Location& at, std::size_t characters) {
  static const std::string kDigits = "0123456789bcdefghjkmnpqrstuvwxyz";
  constexpr std::uint64_t kFine = 1ULL << 21;
  std::uint64_t low[2] = {0, 0};
  std::uint64_t high[2] = {360'000 * kFine, 180'000 * kFine};
  const std::uint64_t place[2] = {at.lon_milli * kFine, at.lat_milli * kFine};
  std::string out;
  std::size_t turn = 0;
  while (out.size() < characters) {
    std::size_t digit = 0;
    for (int bit = 0; bit < 5; ++bit, turn = 1 - turn) {
      const std::uint64_t middle = (low[turn] + high[turn]) / 2;
      digit *= 2;
      if (place[turn] >= middle) {
        digit += 1;
        low[turn] = middle;
      } else {
        high[turn] = middle;
      }
    }
    out += kDigits[digit];
  }
  return out;
}

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

struct NaiveDemand {
  const BidTerms& terms;
  RuntimeKind runtime = RuntimeKind::kWasmCommand;
  std::uint64_t height = 0;
  std::uint64_t time_ms = 0;

  // Runtime, region and room.
  bool place_fits(const Host& host, const Offer& offer) const {
    const Constraints& c = terms.constraints;
    if (host.retired_at_ms != 0 || host.down_since_ms != 0 || host.runtimes.empty()) return false;
    if (offer.since_height >= height || !offer.free.fits(terms.resources)) return false;
    if (runtime == RuntimeKind::kWasmHttp && !says(host, "runtime.wasm-http")) return false;
    if (runtime == RuntimeKind::kContainer && !says(host, "runtime.container")) return false;
    if (c.runtime && !among(host.runtimes, *c.runtime)) return false;
    if (!c.countries.empty() && !among(c.countries, host.location.country)) return false;
    if (among(c.not_countries, host.location.country)) return false;
    bool in_cell = c.cells.empty();
    for (const Cell& cell : c.cells) {
      in_cell = in_cell || reference_geohash(host.location, cell.size()) == cell;
    }
    if (!in_cell) return false;
    if (c.distance_max_km == 0 && c.latency_max_us == 0) return true;
    const std::uint64_t km = distance_km(host.location, *terms.near);
    return (c.distance_max_km == 0 || km <= c.distance_max_km) &&
           (c.latency_max_us == 0 || 2 * km * 1'000 / 200 <= c.latency_max_us);
  }
  // Everything else; `prices` of the Offer's class.
  bool rest_fits(const Host& host, const Offer& offer, const std::optional<HostAudit>& audit,
                 const UnitPrices& prices, std::uint64_t hourly) const {
    const Constraints& c = terms.constraints;
    for (const AttributeRule& rule : c.attributes) {
      bool holds = !rule.audited && reference_rule(rule, host.attributes);
      for (std::size_t i = 0; rule.audited && audit && i < audit->attestations.size(); ++i) {
        const Attestation& one = audit->attestations[i];
        if (among(c.auditors, one.auditor) && one.expires_ms > time_ms && !one.attributes.empty()) {
          holds = holds || reference_rule(rule, one.attributes);
        }
      }
      if (!holds) return false;
    }
    if (!c.only_hosts.empty() && !among(c.only_hosts, host.id)) return false;
    if (!c.only_owners.empty() && !among(c.only_owners, host.owner)) return false;
    if (among(c.not_hosts, host.id) || among(c.not_owners, host.owner)) return false;
    if (standing(host) < c.standing_min) return false;
    if (u128{offer.scale} * hourly > u128{cap_of_step(terms.cap_step)} * 10'000) return false;
    const UnitCaps& u = terms.unit_caps;
    return within(u.cpu_core_hour, prices.cpu_core_hour, offer.scale) &&
           within(u.memory_gib_hour, prices.memory_gib_hour, offer.scale) &&
           within(u.storage_gib_month, prices.storage_gib_month, offer.scale) &&
           within(u.gpu_hour, prices.gpu_hour, offer.scale) &&
           within(u.gfuel, prices.gfuel, offer.scale) &&
           within(u.egress_gib, prices.egress_gib, offer.scale) &&
           within(u.million_requests, prices.million_requests, offer.scale);
  }
  std::uint64_t standing(const Host& host) const {
    const std::uint64_t healed = (time_ms - host.standing_as_of_ms) / 60'000;
    return std::min<std::uint64_t>(10'000, host.standing + std::min<std::uint64_t>(healed, 10'000));
  }
  static bool within(const std::optional<std::uint8_t>& step, std::uint64_t price, u128 scale) {
    return !step || price * scale <= u128{cap_of_step(*step)} * 10'000;
  }
  // The largest scale that keeps every cap per unit.
  static Scale unit_cap(const BidTerms& terms, const UnitPrices& prices) {
    Scale low = 0;
    Scale high = 1'000'000;
    const UnitCaps& u = terms.unit_caps;
    while (low < high) {
      const Scale at = low + (high - low + 1) / 2;
      const bool keeps = within(u.cpu_core_hour, prices.cpu_core_hour, at) &&
                         within(u.memory_gib_hour, prices.memory_gib_hour, at) &&
                         within(u.storage_gib_month, prices.storage_gib_month, at) &&
                         within(u.gpu_hour, prices.gpu_hour, at) &&
                         within(u.gfuel, prices.gfuel, at) &&
                         within(u.egress_gib, prices.egress_gib, at) &&
                         within(u.million_requests, prices.million_requests, at);
      keeps ? low = at : high = at - 1;
    }
    return low;
  }

 private:
  template <class List, class Item>
  static bool among(const List& list, const Item& item) {
    for (const auto& one : list) {
      if (one == item) return true;
    }
    return false;
  }
  static bool says(const Host& host, const char* name) {
    const auto at = host.attributes.find(AttributeName(std::string(name)));
    return at != host.attributes.end() && at->second == "1";
  }
};

}  // namespace fog::market::testing
