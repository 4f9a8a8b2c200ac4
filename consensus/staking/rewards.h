// Rewards: the tips of an epoch and a bounded inflation, given in the epoch's last block.
//
// The inflation of an epoch is inflation_per_10000 of what exists, for its part of a year. Half of
// it is shared by stake among the validators of the set that were present, half by the blocks that
// each proposed and that wrote something: who withholds a beacon link proposes no such block. What
// nobody earns is not made. Tips belong to the proposer of their block. A validator keeps its
// commission of both; its delegators share the rest.
#pragma once

#include "consensus/staking/rules.h"

namespace fog {

// Certificates from which on an epoch shows who was absent: this many, or half of its heights.
constexpr std::uint32_t kCertificatesJudged = 100;

// Whether the tally shows that a validator was absent from the whole epoch: it proposed nothing and
// is in no certificate, though there were enough.
bool was_absent(const EpochTally& tally, std::size_t place, std::uint64_t epoch_length);

// The inflation of an epoch of `elapsed_ms`, at most a year's, on what exists; bounded so that what
// was ever minted stays within 64 bits.
Amount epoch_inflation(const Supply& supply, std::uint32_t per_10000, std::uint64_t elapsed_ms);

// Credits the epoch's tips and inflation, and jails who was absent.
void settle_epoch(Overlay& state, const BlockContext& block, const ValidatorSet& set,
                  const EpochTally& tally, const EpochRecord& epoch);

}  // namespace fog
