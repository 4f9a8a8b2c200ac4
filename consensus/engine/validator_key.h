// ValidatorKey: what makes a node a validator, in one file that only its owner may read.
//
// Whoever has this file can vote in the validator's name: two nodes with the same key can be
// slashed. It is the one thing that needs a backup; the vote record beside it must not be restored.
#pragma once

#include "chain/base/env.h"
#include "chain/crypto/keys.h"
#include "consensus/rules/genesis.h"

namespace fog {

struct ValidatorKey {
  SecretKey secret;      // signs votes
  Hash32 beacon_secret;  // its beacon chains follow from it (consensus/staking/beacon_chain.h)

  static ValidatorKey generate(Rng& rng);
  // kPermission when others may read the file, kCorrupt when it is not a key file.
  static ErrorOr<ValidatorKey> read(Env& env, const std::string& path);
  // kAlreadyExists when there is a file: a key is never overwritten.
  ErrorOr<void> write(Env& env, const std::string& path) const;

  // This validator in a genesis.
  GenesisValidator genesis_entry(const Address& payout, Amount stake) const;
};

}  // namespace fog
