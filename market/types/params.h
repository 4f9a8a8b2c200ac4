// MarketParams: the market's numbers, set by the genesis. Times are milliseconds of block time.
#pragma once

#include "market/types/price.h"

namespace fog::market {

struct MarketParams {
  BoundedList<PriceClass, kPriceClassesMax> classes;  // within 1.5x of each other, unit by unit
  std::uint64_t ack_deadline_ms = 30'000;
  std::uint64_t receipt_interval_ms = 60'000;  // Hosts report at least this often
  std::uint64_t lease_timeout_ms =
      180'000;                        // T: no receipt or heartbeat for this long loses the lease
  std::uint64_t notice_ms = 120'000;  // closing notice, and the slack in a slice
  std::uint64_t final_receipt_window_ms =
      120'000;                                // after a close, the last receipt may still come
  std::uint64_t audit_window_ms = 600'000;    // hold-back is released after this
  std::uint64_t bond_return_ms = 600'000;     // after RetireHost
  std::uint32_t burn_permille = 20;           // of every payment
  std::uint32_t holdback_permille = 100;      // of every payment after the burn
  std::uint32_t failure_slash_permille = 10;  // of the bond, when a lease is lost
  Amount host_bond_min{100 * kDropletsPerFog};
  Amount service_fee_burn{1 * kDropletsPerFog};  // burned for a name
  Amount gateway_fee_burn{1 * kDropletsPerFog};
  std::uint64_t fuel_per_core_second_max = 20'000'000'000;  // beyond this a receipt is refused
  std::uint32_t sleep_retry_ms =
      5'000;  // unmatched demand is searched again after this, or on change
  Amount demand_fee{kDropletsPerFog / 100};  // of a raised Demand, from the Bid to the gateway
  // A Bid is marked low while what is free does not last for this long at its spending limit.
  std::uint64_t escrow_low_ms = 600'000;
  std::uint64_t events_kept_ms = 3'600'000;
  // So many replicas one block searches for; Bids beyond wait (contrib/doc/market.md).
  std::uint32_t searches_per_block = 64;

  static constexpr auto kFields = std::make_tuple(
      &MarketParams::classes, &MarketParams::ack_deadline_ms, &MarketParams::receipt_interval_ms,
      &MarketParams::lease_timeout_ms, &MarketParams::notice_ms,
      &MarketParams::final_receipt_window_ms, &MarketParams::audit_window_ms,
      &MarketParams::bond_return_ms, &MarketParams::burn_permille, &MarketParams::holdback_permille,
      &MarketParams::failure_slash_permille, &MarketParams::host_bond_min,
      &MarketParams::service_fee_burn, &MarketParams::gateway_fee_burn,
      &MarketParams::fuel_per_core_second_max, &MarketParams::sleep_retry_ms,
      &MarketParams::demand_fee, &MarketParams::escrow_low_ms, &MarketParams::events_kept_ms,
      &MarketParams::searches_per_block);
  bool operator==(const MarketParams&) const = default;
};

}  // namespace fog::market
