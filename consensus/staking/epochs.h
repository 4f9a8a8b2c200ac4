// Epochs: a fixed number of heights each, one validator set each.
//
//   heights 1..L  L+1..2L  2L+1..3L          L = ChainParams::epoch_length
//   epoch     0       1        2
//
// The set of epoch E + 1 is computed from the stakes at the end of E - 1 and said in the header of
// E's last block; epochs 0 and 1 have the genesis's. The last block of an epoch always writes, so
// it always carries a beacon link, and leaders of E + 1 are drawn from the beacon after it.
#pragma once

#include "consensus/staking/rules.h"

namespace fog {

// `height` is at least 1; `epoch_length` is not 0.
constexpr std::uint64_t epoch_of(std::uint64_t height, std::uint64_t epoch_length) {
  return (height - 1) / epoch_length;
}
constexpr bool is_first_of_epoch(std::uint64_t height, std::uint64_t epoch_length) {
  return (height - 1) % epoch_length == 0;
}
constexpr bool is_last_of_epoch(std::uint64_t height, std::uint64_t epoch_length) {
  return height % epoch_length == 0;
}

// The epoch of the next block; its set is load_validators(). A state without one has no genesis.
EpochRecord load_epoch(const ReadView& state);
// The set of the epoch after that.
ValidatorSet load_next_validators(const ReadView& state);

// Writes the first epoch: the genesis's set stands in epochs 0 and 1. `genesis` is the chain id,
// where the beacon begins.
void begin_first_epoch(Overlay& state, const ValidatorSet& set, const Hash32& genesis,
                       std::uint64_t time_ms);

// Whether a block may carry the certificate, in an epoch that `set` certifies: a notarization or
// finalization of the block's parent in the block's epoch by a quorum, whose hash the header says;
// none in the first block of an epoch. kNone or kBlockBadCertificate. Checks signatures last.
Fault check_carried_certificate(const BlockHeader& header,
                                const std::optional<Certificate>& certificate,
                                const ValidatorSet& set, std::uint64_t epoch_length);

// Counts a block that writes: who proposed it, with what tips, and whom its certificate shows
// present. The tally holds the tips from then on.
void tally_block(Overlay& state, const ValidatorSet& set, const XOnlyKey& proposer,
                 const std::optional<Certificate>& certificate, Amount tips);

// The end of an epoch's last block, after everything else it did: rewards are credited and who was
// absent is jailed; the next epoch begins with the set that waited for it, the set after that is
// computed, the tally starts anew. The ended epoch's set is kept for evidence, and the stake that
// voted for the last time in it begins its unbonding time.
void close_epoch(Overlay& state, const BlockContext& block);

}  // namespace fog
