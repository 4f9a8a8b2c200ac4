// The keys that simulations use: made once a process, because a beacon chain takes 0.1 s.
#pragma once

#include <memory>

#include "consensus/engine/validator_key.h"
#include "consensus/staking/beacon_chain.h"
#include "tests/support/test_chain.h"

namespace fog::sim {

struct KnownValidator {
  ValidatorKey key;
  std::shared_ptr<const BeaconChain> beacon_chain;
  GenesisValidator entry(Amount stake) const;
};

const KnownValidator& known_validator(std::size_t number);
const testing::TestKey& known_account(std::size_t number);

}  // namespace fog::sim
