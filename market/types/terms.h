// What a Bid asks for, and what a Host must be to serve it.
//
// market/rules/constraints.h decides whether a Host satisfies terms, market/rules/bids.cc whether
// terms may stand in a Bid; contrib/doc/publisher.md shows how a manifest writes them.
#pragma once

#include "market/types/params.h"
#include "market/types/place.h"

namespace fog::market {

using HostId = Hash32;
using ServiceName = BoundedText<63>;  // DNS label: a-z, 0-9, '-', 3..63, no '-' at the ends
using RuntimeProfile = Hash32;        // exact engine, flags and limits (DESIGN 9)

constexpr std::uint16_t kStandingOne =
    10'000;  // a Host without failures; a lower standing raises its score

// What a Host says of itself, or an auditor of a Host.
using AttributeName = BoundedText<32>;
using AttributeValue = BoundedText<64>;
using Attributes = BoundedMap<AttributeName, AttributeValue, 32>;

enum class AttributeOp : std::uint8_t {
  kEquals,   // has the one value
  kDiffers,  // has another value than the one, or none
  kIn,       // has one of the values
  kAtLeast,  // has a whole number, no less than the one
  kExists,   // has any value
};
constexpr AttributeOp bcs_last(AttributeOp) {
  return AttributeOp::kExists;
}
// "=", "!=", "in", ">=", "exists".
std::string_view attribute_op_name(AttributeOp op);

// One demand on an attribute. `audited`: by what an auditor whom the Bid trusts attests of the Host
// (attestation.h), not by what the Host says of itself.
struct AttributeRule {
  AttributeName key;
  AttributeOp op = AttributeOp::kEquals;
  BoundedList<AttributeValue, 8> values;  // kExists: none; kIn: 1 to 8; else one
  bool audited = false;
  static constexpr auto kFields = std::make_tuple(&AttributeRule::key, &AttributeRule::op,
                                                  &AttributeRule::values, &AttributeRule::audited);
  bool operator==(const AttributeRule&) const = default;

  // A key, as many values as the operation takes, and a number where it compares numbers.
  bool is_well_formed() const;
  // Whether attributes satisfy it, whosoever states them.
  bool holds(const Attributes& attributes) const;
};
// The value of up to 20 decimal digits, at most 2^64 - 1; nothing for other text.
std::optional<std::uint64_t> attribute_number(std::string_view value);

// Hard constraints: an Offer that fails one is no candidate. An empty list excludes nobody.
struct Constraints {
  BoundedList<BoundedText<2>, 32> countries;  // any of
  BoundedList<BoundedText<2>, 32> not_countries;
  BoundedList<Cell, 16> cells;                // the Host lies in any of
  std::uint32_t distance_max_km = 0;          // from `near`; 0: any
  std::uint32_t latency_max_us = 0;           // round_trip_us() of the distance from `near`; 0: any
  BoundedList<AttributeRule, 16> attributes;  // all of
  BoundedList<Address, 8> auditors;           // trusted with audited attributes
  BoundedList<HostId, 32> only_hosts;
  BoundedList<HostId, 32> not_hosts;
  BoundedList<Address, 32> only_owners;
  BoundedList<Address, 32> not_owners;
  std::optional<RuntimeProfile> runtime;  // nothing: any the network knows
  std::uint16_t standing_min = 0;
  std::uint8_t per_host_max = 1;  // spread limits, 1..255
  std::uint8_t per_owner_max = 255;
  std::uint8_t per_country_max = 255;
  static constexpr auto kFields =
      std::make_tuple(&Constraints::countries, &Constraints::not_countries, &Constraints::cells,
                      &Constraints::distance_max_km, &Constraints::latency_max_us,
                      &Constraints::attributes, &Constraints::auditors, &Constraints::only_hosts,
                      &Constraints::not_hosts, &Constraints::only_owners, &Constraints::not_owners,
                      &Constraints::runtime, &Constraints::standing_min, &Constraints::per_host_max,
                      &Constraints::per_owner_max, &Constraints::per_country_max);
  bool operator==(const Constraints&) const = default;

  // Whether it asks where on the globe a Host is, beyond its country.
  bool ask_place() const { return !cells.empty() || distance_max_km != 0 || latency_max_us != 0; }
};

// The most that a unit may cost, each as a step of the ladder of caps (cap_of_step) in droplets a
// unit, like the fields of UnitPrices of the same names; nothing: no cap of its own.
struct UnitCaps {
  std::optional<std::uint8_t> cpu_core_hour;
  std::optional<std::uint8_t> memory_gib_hour;
  std::optional<std::uint8_t> storage_gib_month;
  std::optional<std::uint8_t> gpu_hour;
  std::optional<std::uint8_t> gfuel;
  std::optional<std::uint8_t> egress_gib;
  std::optional<std::uint8_t> million_requests;
  static constexpr auto kFields = std::make_tuple(
      &UnitCaps::cpu_core_hour, &UnitCaps::memory_gib_hour, &UnitCaps::storage_gib_month,
      &UnitCaps::gpu_hour, &UnitCaps::gfuel, &UnitCaps::egress_gib, &UnitCaps::million_requests);
  bool operator==(const UnitCaps&) const = default;
};

enum class Verification : std::uint8_t { kNone, kSampled, kEvery };
constexpr Verification bcs_last(Verification) {
  return Verification::kEvery;
}

constexpr std::uint64_t kLeaseMsMin = 60'000;
constexpr std::uint64_t kLeaseMsMax = 366ULL * 86'400'000;
constexpr std::uint64_t kStartAheadMsMax = 366ULL * 86'400'000;

// What a Publisher asks for; part of CreateBid and kept in the Bid.
struct BidTerms {
  ServiceName service;
  std::uint16_t replicas_min = 1;  // cleared as soon as possible; 0: only on demand
  std::uint16_t replicas_max = 1;  // 1..1 024
  Resources resources;             // of one replica
  UseProfile profile;              // expected use of one replica in an hour
  std::uint8_t cap_step = 0;       // most one replica may cost an hour at the profile (ladder)
  UnitCaps unit_caps;              // and most that a unit may cost
  Amount spend_per_hour_max;       // most one replica can ever be paid an hour, rent and use
  Constraints constraints;
  std::optional<Location> near;
  std::uint32_t latency_weight = 0;  // droplets an hour per kilometre of distance
  Verification verification = Verification::kNone;
  BoundedList<Address, 8> gateways;  // authorized to forward and to vouch
  // How long a replica is leased at a price, from its acknowledgement: kLeaseMsMin..kLeaseMsMax,
  // and two receipt intervals at least; 0: until it is closed.
  std::uint64_t lease_ms = 0;
  // Block time after which replicas that nobody was found for are given up, at most
  // kStartAheadMsMax ahead; 0: never.
  std::uint64_t start_by_ms = 0;
  std::uint16_t warm = 0;              // reservations kept ready beyond what serves
  std::uint16_t demands_per_hour = 0;  // how often each gateway may raise its Demand
  static constexpr auto kFields = std::make_tuple(
      &BidTerms::service, &BidTerms::replicas_min, &BidTerms::replicas_max, &BidTerms::resources,
      &BidTerms::profile, &BidTerms::cap_step, &BidTerms::unit_caps, &BidTerms::spend_per_hour_max,
      &BidTerms::constraints, &BidTerms::near, &BidTerms::latency_weight, &BidTerms::verification,
      &BidTerms::gateways, &BidTerms::lease_ms, &BidTerms::start_by_ms, &BidTerms::warm,
      &BidTerms::demands_per_hour);
  bool operator==(const BidTerms&) const = default;
};

// The largest scale at which no unit of the class costs more than its cap; kScaleMax without caps.
// A unit that costs nothing has no bound.
Scale unit_cap_scale(const UnitCaps& caps, const UnitPrices& prices);

}  // namespace fog::market
