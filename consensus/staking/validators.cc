#include "consensus/staking/validators.h"

#include <algorithm>

#include "chain/crypto/hash.h"
#include "consensus/staking/delegation.h"
#include "consensus/staking/epochs.h"

namespace fog {
namespace {

constexpr std::uint32_t kWhole = 10'000;
constexpr std::uint64_t kDayMs = 24ULL * 3'600 * 1'000;
// Of the genesis's validators.
constexpr Commission kGenesisCommission{500, 2'000, 100};

bool within_bounds(const Commission& commission) {
  return commission.rate <= commission.rate_max && commission.rate_max <= kWhole &&
         commission.change_max <= commission.rate_max;
}

ValidatorRecord new_validator(const XOnlyKey& key, const Address& owner, const Address& payout,
                              const Commission& commission, const Hash32& beacon_commitment) {
  ValidatorRecord record;
  record.key = key;
  record.owner = owner;
  record.payout = payout;
  record.commission = commission;
  record.beacon_tip = beacon_commitment;
  record.beacon_remaining = kBeaconChainLength;
  return record;
}

bool has_account(const ReadView& state, const Address& address) {
  return state.get(account_key(address)).has_value();
}

bool in_a_set(const ReadView& state, const XOnlyKey& key) {
  return place_of(load_validators(state), key) || place_of(load_next_validators(state), key);
}

// The sender's validator.
Result<ValidatorRecord, Fault> owned(const ReadView& state, const XOnlyKey& key,
                                     const Address& sender) {
  std::optional<ValidatorRecord> validator = find_validator(state, key);
  if (!validator) return Fail{Fault::kValidatorNotFound};
  if (validator->owner != sender) return Fail{Fault::kNotValidatorOwner};
  return *std::move(validator);
}

Fault change_commission(ValidatorRecord& validator, std::uint32_t rate, std::uint64_t time_ms) {
  Commission& commission = validator.commission;
  const std::uint32_t step =
      rate > commission.rate ? rate - commission.rate : commission.rate - rate;
  if (rate > commission.rate_max) return Fault::kBadCommission;
  if (step > commission.change_max || time_ms - validator.commission_changed_ms < kDayMs)
    return Fault::kCommissionTooFast;
  commission.rate = rate;
  validator.commission_changed_ms = time_ms;
  return Fault::kNone;
}

}  // namespace

StakingParams load_staking_params(const ReadView& state) {
  const auto params = load<StakingParams>(state, staking_params_key());
  CHECK(params.has_value());
  return *params;
}

ValidatorSet load_validators(const ReadView& state) {
  std::optional<ValidatorSet> set = load<ValidatorSet>(state, validators_key());
  CHECK(set.has_value());
  return *std::move(set);
}

std::optional<ValidatorRecord> find_validator(const ReadView& state, const XOnlyKey& key) {
  return load<ValidatorRecord>(state, validator_key(key));
}

void keep_validator(Overlay& state, const ValidatorRecord& validator) {
  store(state, validator_key(validator.key), validator);
}

void enter_validator(Overlay& state, const XOnlyKey& key, const Address& payout, Amount stake,
                     const Hash32& beacon_commitment) {
  ValidatorRecord record =
      new_validator(key, payout, payout, kGenesisCommission, beacon_commitment);
  state.put(all_validators_key(key), {});
  CHECK(bond(state, record, payout, stake) == Fault::kNone);
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const CreateValidator& message) {
  if (find_validator(state, message.key)) return Fault::kValidatorExists;
  if (!verify_schnorr(message.key, possession_digest(block.chain_id, tx.sender),
                      message.possession)) {
    return Fault::kBadPossession;
  }
  if (!within_bounds(message.commission)) return Fault::kBadCommission;
  if (message.beacon_commitment.is_zero()) return Fault::kBadBeaconCommitment;
  if (!has_account(state, message.payout)) return Fault::kNoPayoutAccount;
  if (message.bond < load_staking_params(state).min_bond) return Fault::kBelowMinBond;
  if (const Fault fault = debit(state, tx.sender, message.bond); fault != Fault::kNone)
    return fault;
  ValidatorRecord record = new_validator(message.key, tx.sender, message.payout, message.commission,
                                         message.beacon_commitment);
  record.commission_changed_ms = block.time_ms;
  state.put(all_validators_key(message.key), {});
  return bond(state, record, tx.sender, message.bond);
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const EditValidator& message) {
  auto validator = owned(state, message.validator, tx.sender);
  if (!validator) return validator.error();
  if (message.payout) {
    if (!has_account(state, *message.payout)) return Fault::kNoPayoutAccount;
    validator->payout = *message.payout;
  }
  if (message.commission_per_10000) {
    const Fault fault = change_commission(*validator, *message.commission_per_10000, block.time_ms);
    if (fault != Fault::kNone) return fault;
  }
  if (message.beacon_commitment) {
    if (message.beacon_commitment->is_zero()) return Fault::kBadBeaconCommitment;
    if (in_a_set(state, message.validator)) return Fault::kValidatorActive;
    validator->beacon_tip = *message.beacon_commitment;
    validator->beacon_remaining = kBeaconChainLength;
  }
  keep_validator(state, *validator);
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx, const Unjail& message) {
  auto validator = owned(state, message.validator, tx.sender);
  if (!validator) return validator.error();
  if (validator->tombstoned) return Fault::kValidatorTombstoned;
  if (validator->jailed_until_ms == 0) return Fault::kNotJailed;
  if (block.time_ms < validator->jailed_until_ms) return Fault::kStillJailed;
  validator->jailed_until_ms = 0;
  keep_validator(state, *validator);
  return Fault::kNone;
}

ValidatorSet choose_validators(const ReadView& state, const ValidatorSet& otherwise) {
  const StakingParams params = load_staking_params(state);
  std::vector<Validator> able;
  const StateKey prefix = state_key(Table::kAllValidators);
  for (const StateKey& key : keys_under(state, prefix, std::numeric_limits<std::size_t>::max())) {
    const auto record = find_validator(state, KeyReader(key).fixed<32>());
    CHECK(record.has_value());
    if (record->tombstoned || record->jailed_until_ms != 0) continue;
    if (delegated(state, *record, record->owner) < params.min_bond) continue;
    if (record->stake == Amount{}) continue;
    able.push_back({record->key, record->stake.droplets});
  }
  if (able.empty()) return otherwise;
  std::sort(able.begin(), able.end(), [](const Validator& a, const Validator& b) {
    return a.stake != b.stake ? a.stake > b.stake : a.key < b.key;
  });
  if (able.size() > params.validators_max) able.resize(params.validators_max);
  ValidatorSet set;
  set.validators.assign(able.begin(), able.end());
  return set;
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
  keep_validator(state, *record);
  beacon->value = tagged_hash("fog/beacon", {beacon->value, reveal.link});
  store(state, beacon_key(), *beacon);
  return beacon->value;
}

}  // namespace fog
