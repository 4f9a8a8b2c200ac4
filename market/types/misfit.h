// Misfit: why a Host and its Offer cannot serve a Bid.
#pragma once

#include <cstdint>
#include <string_view>

namespace fog::market {

// In the order in which they are looked at; the first that holds is the one that is named.
enum class Misfit : std::uint8_t {
  kNone,            // it can
  kTooNew,          // the Offer takes part from the next block
  kRuntimeKind,     // does not run services of this kind
  kRuntimeProfile,  // does not have the engine that the Bid names
  kCountry,         // not in one of the countries, or in one that is excluded
  kCell,            // in none of the cells
  kDistance,
  kLatency,
  kGpu,  // none of the model, or not enough of it free
  kCpu,  // too little of it is free; and so on
  kMemory,
  kStorage,
  kEgress,
  // What a search looks at once the above are right.
  kAttribute,     // a rule about what the Host says of itself
  kAttestation,   // an audited rule that no trusted auditor's attestation satisfies
  kHostUnlisted,  // only_hosts has others
  kHostDenied,
  kOwnerUnlisted,
  kOwnerDenied,
  kFailedBefore,  // it failed or left this Bid a moment ago
  kStanding,
  kPriceCap,  // asks more an hour than the Bid pays
  kUnitCap,   // asks more for a unit than the Bid pays
};
constexpr Misfit bcs_last(Misfit) {
  return Misfit::kUnitCap;
}
constexpr std::size_t kMisfits = static_cast<std::size_t>(Misfit::kUnitCap) + 1;

// A short stable name, e.g. "price_cap".
std::string_view misfit_name(Misfit misfit);
// What it says of the Hosts that have it, to be put behind their number, e.g. "ask more an hour
// than the cap".
std::string_view misfit_text(Misfit misfit);

}  // namespace fog::market
