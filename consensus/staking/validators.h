// Validators in the state: the set that certifies blocks, and each validator's record. The set is
// the genesis's; it stands still until bonding exists.
#pragma once

#include "chain/ledger/context.h"
#include "chain/types/vote.h"

namespace fog {

// The set in force. A state without one has no genesis: our bug.
ValidatorSet load_validators(const ReadView& state);
// The set that the stakes give as they stand, for the epoch after the next, whose set is `next`.
ValidatorSet choose_validators(const ReadView& state, const ValidatorSet& next);
std::optional<ValidatorRecord> find_validator(const ReadView& state, const XOnlyKey& key);
// Writes a validator's first record: its chain's commitment is the tip, every link unrevealed.
void enter_validator(Overlay& state, const XOnlyKey& key, const Address& payout, Amount stake,
                     const Hash32& beacon_commitment);

// Takes the proposer's reveal: its link must hash to its record's tip; the last link of a chain,
// and no other, comes with the next chain's commitment. The link is mixed into the beacon:
// value' = tagged hash "fog/beacon" of value || link. Answers the new value.
//
// kBlockBadProposer (no such validator), kBlockBadBeacon; the state is untouched then.
Result<Hash32, Fault> take_reveal(Overlay& state, const XOnlyKey& proposer,
                                  const BeaconReveal& reveal);

}  // namespace fog
