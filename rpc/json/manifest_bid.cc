#include "rpc/json/manifest_bid.h"

#include "market/types/cell.h"
#include "rpc/json/plain_time.h"

namespace fog::rpc {
namespace {

using market::AttributeOp;
using market::BidTerms;
using market::Constraints;

std::string quoted(const std::string& text) {
  return "\"" + text.substr(0, 80) + "\"";
}

// ---- lists ----

// Each text of a list by `parse`, which answers nothing for one that is wrong.
template <class List, class Parse>
void read_list(const ManifestReader& in, const char* key, List& out, const Parse& parse,
               const char* what) {
  for (const std::string& text : in.texts(key)) {
    if (auto one = parse(text)) {
      out.push_back(*std::move(one));
    } else {
      in.problem_with_example(key, quoted(text) + " is not " + what);
    }
  }
}

std::optional<BoundedText<2>> parse_country(const std::string& text) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (text.size() != 2 || !upper(text[0]) || !upper(text[1])) return std::nullopt;
  return BoundedText<2>(text);
}
constexpr const char* kCountryWords = "a country code of two capital letters";

template <class List>
void read_countries(const ManifestReader& in, const char* key, List& out) {
  read_list(in, key, out, parse_country, kCountryWords);
}
template <class List>
void read_hosts(const ManifestReader& in, const char* key, List& out) {
  read_list(
      in, key, out, [](const std::string& text) { return fixed_from_hex<32>(text); },
      "a Host's id (32 bytes in hex, see fogcoin host list)");
}
template <class List>
void read_addresses(const ManifestReader& in, const char* key, List& out) {
  read_list(
      in, key, out, [](const std::string& text) { return address_from_text(text); },
      "an address (fog1...)");
}

// ---- attributes ----

std::optional<market::AttributeValue> value_of(const ManifestReader& in, const char* key,
                                               const std::string& text) {
  if (text.size() <= market::AttributeValue::kMax) return market::AttributeValue(text);
  in.problem(key, "a value has at most 64 bytes, not as many as " + quoted(text));
  return std::nullopt;
}

void add_rule(Constraints& out, const std::string& name, AttributeOp op,
              std::vector<market::AttributeValue> values, bool audited) {
  market::AttributeRule rule;
  rule.key = market::AttributeName(name);
  rule.op = op;
  for (market::AttributeValue& value : values) rule.values.push_back(std::move(value));
  rule.audited = audited;
  out.attributes.push_back(std::move(rule));
}

// NAME: {is, not, in, at_least, exists, audited}: each but the last is a rule.
void read_rules(const ManifestReader& in, const std::string& name, Constraints& out) {
  const std::size_t before = out.attributes.size();
  const bool audited = in.flag("audited");
  for (const auto& [key, op] :
       {std::pair{"is", AttributeOp::kEquals}, std::pair{"not", AttributeOp::kDiffers}}) {
    if (!in.has(key)) continue;
    if (auto value = value_of(in, key, in.text(key))) add_rule(out, name, op, {*value}, audited);
  }
  if (in.has("in")) {
    std::vector<market::AttributeValue> values;
    for (const std::string& text : in.texts("in")) {
      if (auto value = value_of(in, "in", text)) values.push_back(*std::move(value));
    }
    if (!values.empty()) add_rule(out, name, AttributeOp::kIn, std::move(values), audited);
  }
  if (in.has("at_least")) {
    const std::string number = std::to_string(in.whole("at_least", 0));
    add_rule(out, name, AttributeOp::kAtLeast, {market::AttributeValue(number)}, audited);
  }
  if (in.flag("exists")) add_rule(out, name, AttributeOp::kExists, {}, audited);
  if (out.attributes.size() == before && !in.has("in")) {
    in.problem(in.names().empty() ? "is" : in.names().front().c_str(),
               "expected at least one of is, not, in, at_least, exists: true");
  }
}

void read_attributes(const ManifestReader& in, Constraints& out) {
  const std::optional<ManifestReader> all = in.section("attributes", "bid.attributes");
  if (!all) return;
  constexpr std::size_t kMost = decltype(out.attributes)::kMax;
  const std::vector<std::string> names = all->names();
  if (names.size() > kMost) {
    return in.problem("attributes", "expected at most " + std::to_string(kMost) + " names");
  }
  for (const std::string& name : names) {
    if (name.empty() || name.size() > market::AttributeName::kMax ||
        name.find('\0') != std::string::npos) {
      all->problem(name.c_str(), "an attribute's name has 1 to 32 bytes");
    } else if (all->is_single(name.c_str())) {
      if (auto value = value_of(*all, name.c_str(), all->single(name.c_str()))) {
        add_rule(out, name, AttributeOp::kEquals, {*value}, false);
      }
    } else if (const auto rules = all->section(name.c_str(), "bid.attributes.*")) {
      read_rules(*rules, name, out);
    }
  }
  if (out.attributes.size() > kMost) {
    in.problem("attributes", "expected at most " + std::to_string(kMost) + " rules");
    out.attributes.resize(kMost);
  }
  const bool audited = std::any_of(out.attributes.begin(), out.attributes.end(),
                                   [](const auto& rule) { return rule.audited; });
  if (audited && out.auditors.empty()) {
    in.problem("attributes",
               "a rule is audited, so `auditors` must say whose word counts; e.g. auditors: "
               "[fog1...]");
  }
}

// ---- the parts of a bid ----

void read_replicas(const ManifestReader& in, BidTerms& out) {
  if (!in.is_map("replicas")) {
    out.replicas_min = out.replicas_max = static_cast<std::uint16_t>(in.whole("replicas", 1));
    return;
  }
  const std::optional<ManifestReader> range = in.section("replicas");
  range->whole_into("max", out.replicas_max);
  out.replicas_min = 0;
  range->whole_into("min", out.replicas_min);
  if (out.replicas_min > out.replicas_max) {
    range->problem("min", "expected no more than max, " + std::to_string(out.replicas_max));
  }
}

// What lies between the fewest and the most replicas.
void read_demand(const ManifestReader& in, BidTerms& out) {
  constexpr std::uint16_t kDemandsPerHour = 60;
  if (out.replicas_max > out.replicas_min) out.demands_per_hour = kDemandsPerHour;
  in.whole_into("demands_per_hour", out.demands_per_hour);
  in.whole_into("warm", out.warm);
  const int spare = out.replicas_max - out.replicas_min;
  if (out.warm > spare) {
    in.problem("warm", "expected no more than replicas.max less replicas.min, " +
                           std::to_string(spare) + "; e.g. replicas: {min: 0, max: 2}, warm: 1");
  }
}

void read_resources(const ManifestReader& in, std::uint32_t memory_min, market::Resources& out) {
  out = {1'000, memory_min, 0, 0, std::nullopt};
  const std::optional<ManifestReader> section = in.section("resources");
  if (!section) return;
  section->whole_into("cpu_milli", out.cpu_milli);
  section->whole_into("memory_mib", out.memory_mib);
  section->whole_into("storage_mib", out.storage_mib);
  section->whole_into("egress_mbps", out.egress_mbps);
  if (out.memory_mib < memory_min) {
    section->problem("memory_mib",
                     "expected at least limits.memory_mib, which is " + std::to_string(memory_min));
  }
  if (const auto gpu = section->section("gpu")) {
    out.gpu = market::Gpu{gpu->text("model"), 1};
    gpu->whole_into("milli", out.gpu->milli);
  }
}

void read_profile(const ManifestReader& in, market::UseProfile& out) {
  const std::optional<ManifestReader> section = in.section("profile");
  if (!section) return;
  section->whole_into("fuel_per_hour", out.fuel);
  section->whole_into("egress_bytes_per_hour", out.egress_bytes);
  section->whole_into("requests_per_hour", out.requests);
}

// An amount as a step of the ladder of caps.
std::optional<std::uint8_t> read_step(const ManifestReader& in, const char* key) {
  const std::optional<Amount> cap = in.amount(key);
  if (!cap) return std::nullopt;
  const auto step = cap_step_for(*cap);
  if (step) return *step;
  in.problem(key, step.error().context);
  return std::nullopt;
}

void read_money(const ManifestReader& in, BidPlan& out) {
  BidTerms& terms = out.terms;
  terms.cap_step = read_step(in, "price_cap_per_hour").value_or(0);
  const Amount cap{market::cap_of_step(terms.cap_step)};
  terms.spend_per_hour_max = in.amount("spend_cap_per_hour").value_or(cap);
  if (terms.spend_per_hour_max < cap) {
    in.problem("spend_cap_per_hour",
               "expected at least the price cap, which its step of 1.25x makes " + format_fog(cap));
    terms.spend_per_hour_max = cap;
  }
  out.deposit = in.amount("deposit");
  const std::optional<ManifestReader> units = in.section("unit_caps");
  if (!units) return;
  market::UnitCaps& caps = terms.unit_caps;
  caps.cpu_core_hour = read_step(*units, "cpu_core_hour");
  caps.memory_gib_hour = read_step(*units, "memory_gib_hour");
  caps.storage_gib_month = read_step(*units, "storage_gib_month");
  caps.gpu_hour = read_step(*units, "gpu_hour");
  caps.gfuel = read_step(*units, "gfuel");
  caps.egress_gib = read_step(*units, "egress_gib");
  caps.million_requests = read_step(*units, "million_requests");
}

void read_near(const ManifestReader& in, BidTerms& out) {
  if (const auto section = in.section("near")) {
    market::Location near;
    const std::string country = section->text("country");
    if (const auto code = parse_country(country)) {
      near.country = *code;
    } else if (!country.empty()) {
      section->problem_with_example("country", quoted(country) + " is not " + kCountryWords);
    }
    near.lat_milli = section->degrees("lat").value_or(near.lat_milli);
    near.lon_milli = section->degrees("lon").value_or(near.lon_milli);
    out.near = near;
  }
  in.whole_into("latency_weight", out.latency_weight);
  in.whole_into("distance_max_km", out.constraints.distance_max_km);
  if (const auto most = in.duration_us("latency_max")) {
    out.constraints.latency_max_us = static_cast<std::uint32_t>(*most);
  }
  for (const char* key : {"latency_weight", "distance_max_km", "latency_max"}) {
    if (in.has(key) && !in.has("near")) {
      in.problem(key,
                 "counts from a place, so `near` must name one; e.g. near: {country: DE, lat: "
                 "52.52, lon: 13.405}");
    }
  }
}

void read_where(const ManifestReader& in, Constraints& out) {
  read_countries(in, "countries", out.countries);
  read_countries(in, "not_countries", out.not_countries);
  read_list(
      in, "cells", out.cells,
      [](const std::string& text) {
        return market::is_cell(text) ? std::optional(market::Cell(text)) : std::nullopt;
      },
      "a geohash cell: 1 to 8 of 0123456789bcdefghjkmnpqrstuvwxyz");
}

void read_who(const ManifestReader& in, Constraints& out) {
  read_addresses(in, "auditors", out.auditors);
  read_attributes(in, out);
  read_hosts(in, "only_hosts", out.only_hosts);
  read_hosts(in, "not_hosts", out.not_hosts);
  read_addresses(in, "only_owners", out.only_owners);
  read_addresses(in, "not_owners", out.not_owners);
  in.whole_into("standing_min", out.standing_min);
  if (const std::string profile = in.text("runtime_profile"); !profile.empty()) {
    out.runtime = fixed_from_hex<32>(profile);
    if (!out.runtime) {
      in.problem("runtime_profile", quoted(profile) + " is not a profile (32 bytes in hex)");
    }
  }
  if (const auto spread = in.section("spread")) {
    spread->whole_into("host", out.per_host_max);
    spread->whole_into("owner", out.per_owner_max);
    spread->whole_into("country", out.per_country_max);
  }
}

void read_times(const ManifestReader& in, BidPlan& out) {
  if (const auto lease = in.duration_us("lease")) out.terms.lease_ms = *lease / 1'000;
  if (!in.has("start_by")) return;
  const std::string text = in.single("start_by");
  if (const auto time_ms = parse_utc_ms(text)) {
    out.terms.start_by_ms = *time_ms;
  } else if (const auto within = parse_duration_us(text);
             within && *within >= 1'000 && *within / 1'000 <= market::kStartAheadMsMax) {
    out.start_within_ms = *within / 1'000;
  } else {
    in.problem("start_by",
               "expected a duration from now up to 366d, e.g. start_by: 2h, or a time "
               "(UTC), e.g. start_by: 2026-12-24T18:00Z; not " +
                   quoted(text));
  }
}

}  // namespace

void read_bid(const ManifestReader& in, const ServiceFile& service, BidPlan& out) {
  out.terms.service = service.name;
  read_replicas(in, out.terms);
  read_demand(in, out.terms);
  read_resources(in, service.manifest.memory_mib, out.terms.resources);
  read_profile(in, out.terms.profile);
  read_money(in, out);
  read_near(in, out.terms);
  read_where(in, out.terms.constraints);
  read_who(in, out.terms.constraints);
  read_times(in, out);
  out.terms.verification = static_cast<market::Verification>(in.choice("verification").value_or(0));
  read_addresses(in, "gateways", out.terms.gateways);
}

}  // namespace fog::rpc
