#include "consensus/staking/validators.h"

#include "chain/crypto/hash.h"

namespace fog {

ValidatorSet load_validators(const ReadView& state) {
  std::optional<ValidatorSet> set = load<ValidatorSet>(state, validators_key());
  CHECK(set.has_value());
  return *std::move(set);
}

ValidatorSet choose_validators(const ReadView& state, const ValidatorSet& next) {
  ValidatorSet chosen;
  for (const Validator& validator : next.validators) {
    const std::optional<ValidatorRecord> record = find_validator(state, validator.key);
    CHECK(record.has_value());
    chosen.validators.push_back({validator.key, record->stake.droplets});
  }
  return chosen;
}

std::optional<ValidatorRecord> find_validator(const ReadView& state, const XOnlyKey& key) {
  return load<ValidatorRecord>(state, validator_key(key));
}

void enter_validator(Overlay& state, const XOnlyKey& key, const Address& payout, Amount stake,
                     const Hash32& beacon_commitment) {
  ValidatorRecord record;
  record.key = key;
  record.payout = payout;
  record.stake = stake;
  record.beacon_tip = beacon_commitment;
  record.beacon_remaining = kBeaconChainLength;
  store(state, validator_key(key), record);
}

Result<Hash32, Fault> take_reveal(Overlay& state, const XOnlyKey& proposer,
                                  const BeaconReveal& reveal) {
  std::optional<ValidatorRecord> record = find_validator(state, proposer);
  if (!record) return Fail{Fault::kBlockBadProposer};
  CHECK(record->beacon_remaining > 0);
  if (sha256(reveal.link) != record->beacon_tip) return Fail{Fault::kBlockBadBeacon};
  const bool last_link = record->beacon_remaining == 1;
  if (reveal.next_commitment.has_value() != last_link) return Fail{Fault::kBlockBadBeacon};
  std::optional<Beacon> beacon = load<Beacon>(state, beacon_key());
  CHECK(beacon.has_value());

  if (last_link) {
    record->beacon_tip = *reveal.next_commitment;
    record->beacon_remaining = kBeaconChainLength;
  } else {
    record->beacon_tip = reveal.link;
    --record->beacon_remaining;
  }
  store(state, validator_key(proposer), *record);
  beacon->value = tagged_hash("fog/beacon", {beacon->value, reveal.link});
  store(state, beacon_key(), *beacon);
  return beacon->value;
}

}  // namespace fog
