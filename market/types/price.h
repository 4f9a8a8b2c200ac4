// Prices and resources: what a Host offers, what a class costs, what is due for time and use.
//
// A Host states one number, its scale; a class is a fixed vector of unit prices. Everything paid is
// cleared scale x class vector x quantity, each component rounded down on cumulative quantities, so
// that paying in many small receipts or one large one comes to the same droplet.
#pragma once

#include <cstdint>
#include <optional>

#include "chain/types/amount.h"
#include "chain/types/records.h"

namespace fog::market {

using Scale = std::uint32_t;  // in 1/10 000: 10 000 is the class vector itself
constexpr Scale kScaleOne = 10'000;
constexpr Scale kScaleMin = 100;        // 0.01
constexpr Scale kScaleMax = 1'000'000;  // 100
constexpr std::uint64_t kUnitPriceMax = 1ULL << 46;
constexpr std::size_t kPriceClassesMax = 8;

struct Gpu {
  BoundedText<32> model;
  std::uint32_t milli = 0;  // thousandths of one device, 1..64 000
  static constexpr auto kFields = std::make_tuple(&Gpu::model, &Gpu::milli);
  bool operator==(const Gpu&) const = default;
};

// What a replica reserves, or what a Host has.
struct Resources {
  std::uint32_t cpu_milli = 0;    // thousandths of a core, at most 2^20
  std::uint32_t memory_mib = 0;   // at most 2^24
  std::uint32_t storage_mib = 0;  // at most 2^30
  std::uint32_t egress_mbps = 0;
  std::optional<Gpu> gpu;
  static constexpr auto kFields =
      std::make_tuple(&Resources::cpu_milli, &Resources::memory_mib, &Resources::storage_mib,
                      &Resources::egress_mbps, &Resources::gpu);
  bool operator==(const Resources&) const = default;

  bool within_bounds() const;
  // Whether `need` can be taken out of this. A GPU need fits only the same model.
  bool fits(const Resources& need) const;
  void take(const Resources& need);       // requires fits(need)
  void give_back(const Resources& need);  // the inverse of take
};

// Droplets per unit at scale one.
struct UnitPrices {
  // Rent, for what is reserved.
  std::uint64_t cpu_core_hour = 0;
  std::uint64_t memory_gib_hour = 0;
  std::uint64_t storage_gib_month = 0;  // a month is 30 days
  std::uint64_t gpu_hour = 0;
  // Use.
  std::uint64_t gfuel = 0;  // 10^9 units of WebAssembly fuel
  std::uint64_t egress_gib = 0;
  std::uint64_t million_requests = 0;
  static constexpr auto kFields =
      std::make_tuple(&UnitPrices::cpu_core_hour, &UnitPrices::memory_gib_hour,
                      &UnitPrices::storage_gib_month, &UnitPrices::gpu_hour, &UnitPrices::gfuel,
                      &UnitPrices::egress_gib, &UnitPrices::million_requests);
  bool operator==(const UnitPrices&) const = default;
};

struct PriceClass {
  BoundedText<32> name;
  UnitPrices prices;
  static constexpr auto kFields = std::make_tuple(&PriceClass::name, &PriceClass::prices);
  bool operator==(const PriceClass&) const = default;
};

// Metered use, cumulative. What a Merkle-sum log adds up.
struct Counters {
  std::uint64_t requests = 0;
  std::uint64_t fuel = 0;
  std::uint64_t egress_bytes = 0;  // answers, head and body, and what went to other servers
  static constexpr auto kFields =
      std::make_tuple(&Counters::requests, &Counters::fuel, &Counters::egress_bytes);
  bool operator==(const Counters&) const = default;
};
using fog::checked_add;
std::optional<Counters> checked_add(const Counters& a, const Counters& b);

// Expected use of one replica in one hour: declared by the Bid, later the chain's moving average.
struct UseProfile {
  std::uint64_t fuel = 0;
  std::uint64_t egress_bytes = 0;
  std::uint64_t requests = 0;
  static constexpr auto kFields =
      std::make_tuple(&UseProfile::fuel, &UseProfile::egress_bytes, &UseProfile::requests);
  bool operator==(const UseProfile&) const = default;
};

// Rent for reserving `resources` during elapsed_ms, each component rounded down. Prices, scale and
// resources within their bounds. Nothing when it exceeds 64 bits.
std::optional<Amount> rent_due(const UnitPrices& prices, Scale scale, const Resources& resources,
                               std::uint64_t elapsed_ms);
// Price of metered use, each component rounded down. Nothing when it exceeds 64 bits.
std::optional<Amount> use_due(const UnitPrices& prices, Scale scale, const Counters& counters);
// class vector . (resources, profile): droplets an hour at scale one, each component rounded up; at
// least 1. Nothing when it exceeds 64 bits.
std::optional<std::uint64_t> hourly_at_scale_one(const UnitPrices& prices,
                                                 const Resources& resources,
                                                 const UseProfile& profile);

// The ladder of caps: step 0 is 1 024 droplets an hour, each next step floor(1.25 x). Coarse on
// purpose, so that a Publisher cannot set the lowest ask as his cap. Caps per unit take the same
// steps.
constexpr std::uint8_t kCapSteps = 128;
std::uint64_t cap_of_step(std::uint8_t step);
// The lowest step whose cap is at least `droplets_per_hour`; nothing above the ladder.
std::optional<std::uint8_t> step_for(std::uint64_t droplets_per_hour);
// The largest scale at which what costs `price` at scale one stays within the cap:
// floor(cap x 10 000 / price), at most kScaleMax. The price is not zero.
Scale cap_scale(std::uint64_t cap, std::uint64_t price);

}  // namespace fog::market
