// Demands and Hosts drawn so that they meet: few values of everything, so that every constraint now
// and then holds and now and then does not.
#pragma once

#include "market/types/cell.h"
#include "tests/support/seeded_rng.h"

namespace fog::market::testing {

class RandomTerms {
 public:
  explicit RandomTerms(fog::testing::SeededRng& rng) : rng_(rng) {}

  Address owner() { return address(100 + rng_.below(6)); }
  Address auditor() { return address(200 + rng_.below(4)); }
  AttributeName key() {
    static const char* const kKeys[] = {"disk", "net.mbps", "tier"};
    return std::string(kKeys[rng_.below(3)]);
  }
  AttributeValue value() {
    static const char* const kValues[] = {"ssd", "100", "99", "1000", "18446744073709551616", ""};
    return std::string(kValues[rng_.below(6)]);
  }
  Attributes attributes() {
    Attributes out;
    for (std::uint64_t n = rng_.below(4); n > 0; --n) out[key()] = value();
    return out;
  }
  HostAudit audit(const HostId& host, std::uint64_t time_ms) {
    HostAudit out;
    out.host = host;
    for (std::uint64_t n = 1 + rng_.below(3); n > 0; --n) {
      out.attestations.push_back(
          {auditor(), attributes(), time_ms - 5, time_ms - 1 + rng_.below(3)});
    }
    return out;
  }

  AttributeRule rule() {
    AttributeRule out;
    out.key = key();
    out.op = static_cast<AttributeOp>(rng_.below(5));
    out.audited = rng_.below(3) == 0;
    switch (out.op) {
      case AttributeOp::kEquals:
      case AttributeOp::kDiffers:
        out.values = {value()};
        break;
      case AttributeOp::kIn:
        for (std::uint64_t n = 1 + rng_.below(3); n > 0; --n) out.values.push_back(value());
        break;
      case AttributeOp::kAtLeast:
        out.values = {AttributeValue(std::to_string(rng_.below(2) == 0 ? 0 : 90 + rng_.below(20)))};
        break;
      case AttributeOp::kExists:
        break;
    }
    return out;
  }
  // Some of everything that a Bid may demand of a Host beyond its room. `near`: of the terms.
  void constrain(BidTerms& terms) {
    Constraints& c = terms.constraints;
    if (rarely()) c.not_countries.push_back(std::string(rng_.below(2) == 0 ? "DE" : "FR"));
    for (std::uint64_t n = rarely() ? 1 + rng_.below(12) : 0; n > 0; --n) {
      c.cells.push_back(cell_of(place(), 1 + rng_.below(2)));
    }
    if (terms.near && rarely()) c.distance_max_km = static_cast<std::uint32_t>(rng_.below(20'000));
    if (terms.near && rarely()) c.latency_max_us = static_cast<std::uint32_t>(rng_.below(200'000));
    for (std::uint64_t n = rng_.below(3); n > 0 && rng_.below(2) == 0; --n) {
      c.attributes.push_back(rule());
    }
    c.auditors = {address(200), address(201 + rng_.below(3))};
    if (rarely()) c.only_owners = {owner(), owner(), owner(), owner()};
    if (rarely()) c.not_owners = {owner()};
    for (auto* cap :
         {&terms.unit_caps.cpu_core_hour, &terms.unit_caps.memory_gib_hour,
          &terms.unit_caps.storage_gib_month, &terms.unit_caps.gpu_hour, &terms.unit_caps.gfuel,
          &terms.unit_caps.egress_gib, &terms.unit_caps.million_requests}) {
      if (rarely()) *cap = static_cast<std::uint8_t>(30 + rng_.below(50));
    }
  }
  Location place() {
    return {"DE", static_cast<std::uint32_t>(rng_.below(180'001)),
            static_cast<std::uint32_t>(rng_.below(360'001))};
  }

 private:
  bool rarely() { return rng_.below(6) == 0; }
  static Address address(std::uint64_t number) {
    Address out;
    out.data[0] = static_cast<std::uint8_t>(number);
    return out;
  }
  fog::testing::SeededRng& rng_;
};

}  // namespace fog::market::testing
