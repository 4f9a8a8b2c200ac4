#include "tests/sim/known_keys.h"

#include <map>

#include "tests/support/seeded_rng.h"

namespace fog::sim {

GenesisValidator KnownValidator::entry(Amount stake) const {
  GenesisValidator entry;
  entry.key = key.secret.x_only_key();
  entry.payout = testing::TestKey(999'000 + entry.key[0]).address;
  entry.stake = stake;
  entry.beacon_commitment = beacon_chain->commitment();
  return entry;
}

const KnownValidator& known_validator(std::size_t number) {
  static std::map<std::size_t, KnownValidator> made;
  if (const auto found = made.find(number); found != made.end()) return found->second;
  testing::SeededRng rng(7'000 + number);
  const ValidatorKey key = ValidatorKey::generate(rng);
  auto chain = std::make_shared<const BeaconChain>(beacon_seed(key.beacon_secret, 0));
  return made.emplace(number, KnownValidator{key, std::move(chain)}).first->second;
}

const testing::TestKey& known_account(std::size_t number) {
  static std::map<std::size_t, testing::TestKey> made;
  if (const auto found = made.find(number); found != made.end()) return found->second;
  return made.emplace(number, testing::TestKey(number)).first->second;
}

}  // namespace fog::sim
