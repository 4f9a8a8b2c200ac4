// Staking in the state: its parameters, pools of stake and what stands in them, stake that is on
// its way out, past epochs, proposals to change parameters. The rules are consensus/staking's.
//
// Stake is held in pools. Who puts an amount in gets shares of the pool; a slash lowers the pool's
// stake and leaves the shares, so it meets everyone in proportion without visiting anyone.
#pragma once

#include "chain/types/records.h"

namespace fog {

// Set by the genesis, changed by vote. Rates are parts of 10 000.
struct StakingParams {
  std::uint64_t unbonding_ms = 21ULL * 24 * 3'600 * 1'000;  // after the last epoch it may vote in
  std::uint64_t evidence_window_ms = 10ULL * 24 * 3'600 * 1'000;  // after the epoch's end
  std::uint64_t trusting_period_ms = 10ULL * 24 * 3'600 * 1'000;  // of clients that were away
  std::uint64_t jail_ms = 10ULL * 60 * 1'000;
  Amount min_bond{100 * kDropletsPerFog};   // of a validator's owner, to be in the set
  std::uint32_t slash_per_10000 = 500;      // for equivocation
  std::uint32_t reporter_per_10000 = 500;   // of what is slashed
  std::uint32_t inflation_per_10000 = 200;  // of what exists, a year
  std::uint32_t validators_max = kValidatorsMax;
  std::uint64_t voting_ms = 7ULL * 24 * 3'600 * 1'000;  // how long a proposal is open
  std::uint64_t lock_ms = 7ULL * 24 * 3'600 * 1'000;    // from there until it applies

  static constexpr auto kFields = std::make_tuple(
      &StakingParams::unbonding_ms, &StakingParams::evidence_window_ms,
      &StakingParams::trusting_period_ms, &StakingParams::jail_ms, &StakingParams::min_bond,
      &StakingParams::slash_per_10000, &StakingParams::reporter_per_10000,
      &StakingParams::inflation_per_10000, &StakingParams::validators_max,
      &StakingParams::voting_ms, &StakingParams::lock_ms);
  bool operator==(const StakingParams&) const = default;
};

// A delegator's part of a validator's pool.
struct Delegation {
  std::uint64_t shares = 0;
  RewardIndex index;  // the validator's when the delegator was last paid
  static constexpr auto kFields = std::make_tuple(&Delegation::shares, &Delegation::index);
  bool operator==(const Delegation&) const = default;
};

// Stake that left one validator and may vote for the last time in one epoch. It stays liable for
// what that validator did until then.
struct UnbondingPool {
  Amount stake;
  std::uint64_t shares = 0;
  std::uint32_t redelegations = 0;  // that left for another validator instead
  static constexpr auto kFields =
      std::make_tuple(&UnbondingPool::stake, &UnbondingPool::shares, &UnbondingPool::redelegations);
  bool operator==(const UnbondingPool&) const = default;
};
// A delegator's part of an unbonding pool.
struct Unbonding {
  std::uint64_t shares = 0;
  static constexpr auto kFields = std::make_tuple(&Unbonding::shares);
  bool operator==(const Unbonding&) const = default;
};
// Stake that moved to another validator's pool and is still liable for the validator it left.
struct Redelegation {
  Amount amount;  // as moved
  static constexpr auto kFields = std::make_tuple(&Redelegation::amount);
  bool operator==(const Redelegation&) const = default;
};

// An epoch that is over, kept as long as evidence from it is taken.
struct PastEpoch {
  std::uint64_t ended_ms = 0;
  ValidatorSet set;
  static constexpr auto kFields = std::make_tuple(&PastEpoch::ended_ms, &PastEpoch::set);
  bool operator==(const PastEpoch&) const = default;
};

// ---- keys; numbers are big-endian ----

inline Bytes be64_bytes(std::uint64_t number) {
  Bytes bytes;
  append_be64(bytes, number);
  return bytes;
}
inline StateKey staking_params_key() {
  return state_key(Table::kStakingParams);
}
inline StateKey past_epoch_key(std::uint64_t epoch) {
  return state_key(Table::kPastEpoch, {be64_bytes(epoch)});
}
inline StateKey unbonding_pool_key(const XOnlyKey& validator, std::uint64_t last_epoch) {
  return state_key(Table::kUnbondingPool, {validator, be64_bytes(last_epoch)});
}
inline StateKey all_validators_key(const XOnlyKey& validator) {
  return state_key(Table::kAllValidators, {validator});
}
inline StateKey delegation_key(const Address& delegator, const XOnlyKey& validator) {
  return state_key(Table::kDelegation, {delegator, validator});
}
inline StateKey delegator_key(const XOnlyKey& validator, const Address& delegator) {
  return state_key(Table::kDelegatorsByValidator, {validator, delegator});
}
inline StateKey unbonding_key(std::uint64_t last_epoch, const XOnlyKey& validator,
                              const Address& delegator) {
  return state_key(Table::kUnbonding, {be64_bytes(last_epoch), validator, delegator});
}
inline StateKey unbonding_by_owner_key(const Address& delegator, const XOnlyKey& validator,
                                       std::uint64_t last_epoch) {
  return state_key(Table::kUnbondingByOwner, {delegator, validator, be64_bytes(last_epoch)});
}
inline StateKey redelegation_key(std::uint64_t last_epoch, const XOnlyKey& from,
                                 const Address& delegator, const XOnlyKey& to) {
  return state_key(Table::kRedelegation, {be64_bytes(last_epoch), from, delegator, to});
}
inline StateKey redelegation_by_owner_key(const Address& delegator, const XOnlyKey& to,
                                          std::uint64_t last_epoch, const XOnlyKey& from) {
  return state_key(Table::kRedelegationByOwner, {delegator, to, be64_bytes(last_epoch), from});
}

}  // namespace fog
