// What staking and votes on parameters have due at a block's time.
#pragma once

#include "consensus/staking/due.h"
#include "consensus/staking/rules.h"

namespace fog {

// Stake that one block releases at most; the rest follows in the next blocks.
constexpr std::size_t kReleasesMax = 1'000;

// Settles every entry with due time <= block time, oldest first, until kReleasesMax is reached.
void settle_staking_due(Overlay& state, const BlockContext& block);

}  // namespace fog
