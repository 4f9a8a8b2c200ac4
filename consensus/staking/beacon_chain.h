// BeaconChain: a validator's hash chain, from which it reveals one link a block.
//
// The links are H^(n-1)(seed), ..., H(seed), seed, with H = SHA-256 and n = kBeaconChainLength; the
// commitment is H^n(seed), so each link hashes to the one revealed before it. Nobody can foresee a
// link from those before, and the validator cannot choose it.
//
//   seed -> H(seed) -> ... -> H^(n-1)(seed) -> commitment
//   last link                  first link       in the genesis or with the previous chain's last
#pragma once

#include <optional>
#include <vector>

#include "chain/types/records.h"

namespace fog {

class BeaconChain {
 public:
  // Computes the whole chain once (about 0.1 s at full length) and keeps every 1 024th value, 32
  // KiB. `length` is a parameter for tests only; the rules know one length.
  explicit BeaconChain(const Hash32& seed, std::uint32_t length = kBeaconChainLength);

  const Hash32& commitment() const { return commitment_; }
  std::uint32_t length() const { return length_; }
  // The link after `revealed` others, revealed < length: at most 1 024 hashes, 60 us. Safe from any
  // thread.
  Hash32 link(std::uint32_t revealed) const;

 private:
  std::uint32_t length_;
  std::vector<Hash32> checkpoints_;  // H^(1024 i)(seed)
  Hash32 commitment_;
};

// The seed of a validator's `number`th chain: the tagged hash "fog/beacon-seed" of the secret and
// the number (be64), so that one secret is all that needs a backup.
Hash32 beacon_seed(const Hash32& secret, std::uint64_t number);

// What the validator reveals next, as its record stands: the link after the record's tip from
// `current`, and `next`'s commitment when it is the last. Nothing when `current` is not the chain
// that the record is at, or the last link needs a `next` that is not given.
std::optional<BeaconReveal> next_reveal(const ValidatorRecord& record, const BeaconChain& current,
                                        const BeaconChain* next);

}  // namespace fog
