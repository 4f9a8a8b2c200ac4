// Validators in the state: their records, how they come and go, and the sets that certify blocks.
#pragma once

#include "consensus/staking/rules.h"

namespace fog {

// The set in force. A state without one has no genesis: our bug.
ValidatorSet load_validators(const ReadView& state);
std::optional<ValidatorRecord> find_validator(const ReadView& state, const XOnlyKey& key);
void keep_validator(Overlay& state, const ValidatorRecord& validator);

// The genesis's: writes a validator's first record, owned by its payout address, which holds all of
// its stake; its chain's commitment is the tip, every link unrevealed.
void enter_validator(Overlay& state, const XOnlyKey& key, const Address& payout, Amount stake,
                     const Hash32& beacon_commitment);

// The set that the stakes give as they stand: the validators_max largest, by stake and then by
// key, of those that are neither jailed nor tombstoned and whose owners have min_bond in them.
// When there is none, `otherwise`: a chain always has a set.
ValidatorSet choose_validators(const ReadView& state, const ValidatorSet& otherwise);

// Takes the proposer's reveal: its link must hash to its record's tip; the last link of a chain,
// and no other, comes with the next chain's commitment. The link is mixed into the beacon:
// value' = tagged hash "fog/beacon" of value || link. Answers the new value.
//
// kBlockBadProposer (no such validator), kBlockBadBeacon; the state is untouched then.
Result<Hash32, Fault> take_reveal(Overlay& state, const XOnlyKey& proposer,
                                  const BeaconReveal& reveal);

}  // namespace fog
