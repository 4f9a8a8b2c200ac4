// ChainParams: the ledger's numbers, set by the genesis.
#pragma once

#include "chain/types/amount.h"

namespace fog {

struct ChainParams {
  // Fee market (after EIP-1559): droplets per unit.
  std::uint64_t base_price_min = 10;
  std::uint64_t block_units_target = 20'000'000;
  std::uint64_t block_units_max = 120'000'000;
  // The base price moves by at most 1/this per block above target, and decays by 1/this per
  // interval.
  std::uint64_t base_price_change_denominator = 8;
  std::uint64_t base_price_interval_ms = 1'000;
  Amount account_creation_burn{10'000};
  std::uint64_t expiry_ahead_max_ms = 24ULL * 3600 * 1000;
  std::uint64_t epoch_length = 10'000;  // heights

  static constexpr auto kFields =
      std::make_tuple(&ChainParams::base_price_min, &ChainParams::block_units_target,
                      &ChainParams::block_units_max, &ChainParams::base_price_change_denominator,
                      &ChainParams::base_price_interval_ms, &ChainParams::account_creation_burn,
                      &ChainParams::expiry_ahead_max_ms, &ChainParams::epoch_length);
  bool operator==(const ChainParams&) const = default;
};

}  // namespace fog
