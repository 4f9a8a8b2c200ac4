// Fees: how the base price answers to demand (after EIP-1559), once a block.
#pragma once

#include "chain/state/view.h"

namespace fog {

// The base price after a block that used `units_used` at `price`: raised in proportion to what
// exceeds the target, by at most 1/denominator and at least 1; unchanged at or below the target
// (there it decays with the time that passes, see base_price_at).
std::uint64_t raised_base_price(const ChainParams& params, std::uint64_t price,
                                std::uint64_t units_used);

// Closes a block's fee market: writes the raised price as of the block's time, and nothing when the
// block stayed at or below the target.
void update_fee_market(Overlay& state, const ChainParams& params, std::uint64_t price,
                       std::uint64_t time_ms, std::uint64_t units_used);

}  // namespace fog
