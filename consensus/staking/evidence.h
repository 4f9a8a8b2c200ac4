// Evidence and what follows: equivocation costs a part of everything that was bonded behind it.
#pragma once

#include "consensus/staking/rules.h"

namespace fog {

// Takes the slash for an infraction in `epoch`, in whose set the validator had `stake_then`:
// slash_per_10000 of the unbonding stake and of the redelegated stake that left it since and is
// liable, and the rest of slash_per_10000 of `stake_then` out of its pool, though no more than that
// part of the pool. Answers what was taken; it belongs to nobody yet.
Amount slash(Overlay& state, ValidatorRecord& validator, std::uint64_t epoch, Amount stake_then,
             std::uint32_t slash_per_10000);

}  // namespace fog
