#include "consensus/staking/delegation.h"

#include <limits>

#include "chain/types/stake_pool.h"
#include "consensus/staking/epochs.h"
#include "consensus/staking/validators.h"

namespace fog {
namespace {

// From one validator in one epoch: each costs a step when it is slashed.
constexpr std::uint32_t kRedelegationsMax = 1'024;

// Pays what a delegation has earned since its index. The validator's record is the caller's to
// keep.
Amount pay_rewards(Overlay& state, ValidatorRecord& validator, const Address& delegator,
                   Delegation& delegation) {
  const Amount reward = earned(delegation.shares, delegation.index, validator.reward_index);
  delegation.index = validator.reward_index;
  if (reward == Amount{}) return reward;
  validator.rewards -= reward;
  credit(state, delegator, reward);
  return reward;
}

void keep_delegation(Overlay& state, const XOnlyKey& validator, const Address& delegator,
                     const Delegation& delegation) {
  if (delegation.shares == 0) {
    state.erase(delegation_key(delegator, validator));
    state.erase(delegator_key(validator, delegator));
    return;
  }
  store(state, delegation_key(delegator, validator), delegation);
  state.put(delegator_key(validator, delegator), {});
}

// How many of the delegation's shares go for the amount, or for all of it.
Result<std::uint64_t, Fault> shares_asked(const ValidatorRecord& validator,
                                          const Delegation& delegation,
                                          const std::optional<Amount>& amount) {
  if (!amount) return delegation.shares;
  if (*amount == Amount{}) return Fail{Fault::kZeroAmount};
  if (*amount > worth(delegation.shares, validator.stake, validator.shares))
    return Fail{Fault::kStakeTooSmall};
  return shares_to_take(*amount, validator.stake, validator.shares);
}

std::uint64_t last_epoch_now(const ReadView& state) {
  return load_epoch(state).epoch + 1;
}

UnbondingPool pool_of(const ReadView& state, const XOnlyKey& validator, std::uint64_t last_epoch) {
  return load<UnbondingPool>(state, unbonding_pool_key(validator, last_epoch))
      .value_or(UnbondingPool{});
}

void put_into_unbonding(Overlay& state, const XOnlyKey& validator, const Address& delegator,
                        Amount amount) {
  if (amount == Amount{}) return;
  const std::uint64_t last_epoch = last_epoch_now(state);
  UnbondingPool pool = pool_of(state, validator, last_epoch);
  const StateKey key = unbonding_key(last_epoch, validator, delegator);
  Unbonding entry = load<Unbonding>(state, key).value_or(Unbonding{});
  const auto shares = shares_for(amount, pool.stake, pool.shares);
  CHECK(shares.has_value());  // at most twice the amount: a slash leaves half
  pool.stake += amount;
  pool.shares += *shares;
  entry.shares += *shares;
  store(state, unbonding_pool_key(validator, last_epoch), pool);
  store(state, key, entry);
  state.put(unbonding_by_owner_key(delegator, validator, last_epoch), {});
}

// Stake that came to this validator by redelegation and is still liable for another.
Amount lien_amount(const ReadView& state, const Address& delegator, const XOnlyKey& validator) {
  Amount sum;
  const StateKey prefix = state_key(Table::kRedelegationByOwner, {delegator, validator});
  state.scan(prefix, prefix_end(prefix), [&](const StateKey& key, const Bytes&) {
    KeyReader in(key);
    in.fixed<20>();
    in.fixed<32>();
    const std::uint64_t last_epoch = in.number();
    const auto lien = load<Redelegation>(
        state, redelegation_key(last_epoch, in.fixed<32>(), delegator, validator));
    CHECK(lien.has_value());
    sum += lien->amount;
    return true;
  });
  return sum;
}

void add_lien(Overlay& state, const Redelegate& message, const Address& delegator, Amount amount) {
  const std::uint64_t last_epoch = last_epoch_now(state);
  const StateKey key = redelegation_key(last_epoch, message.from, delegator, message.to);
  Redelegation lien = load<Redelegation>(state, key).value_or(Redelegation{});
  lien.amount += amount;
  store(state, key, lien);
  state.put(redelegation_by_owner_key(delegator, message.to, last_epoch, message.from), {});
  UnbondingPool pool = pool_of(state, message.from, last_epoch);
  ++pool.redelegations;
  store(state, unbonding_pool_key(message.from, last_epoch), pool);
}

void pay_out(Overlay& state, const StateKey& key) {
  KeyReader in(key);
  const std::uint64_t last_epoch = in.number();
  const auto validator = in.fixed<32>();
  const auto delegator = in.fixed<20>();
  UnbondingPool pool = pool_of(state, validator, last_epoch);
  const auto entry = load<Unbonding>(state, key);
  CHECK(entry.has_value());
  const Amount amount = worth(entry->shares, pool.stake, pool.shares);
  pool.stake -= amount;
  pool.shares -= entry->shares;
  store(state, unbonding_pool_key(validator, last_epoch), pool);
  state.erase(key);
  state.erase(unbonding_by_owner_key(delegator, validator, last_epoch));
  credit(state, delegator, amount);
}

void forget_lien(Overlay& state, const StateKey& key) {
  KeyReader in(key);
  const std::uint64_t last_epoch = in.number();
  const auto from = in.fixed<32>();
  const auto delegator = in.fixed<20>();
  const auto to = in.fixed<32>();
  state.erase(key);
  state.erase(redelegation_by_owner_key(delegator, to, last_epoch, from));
  state.erase(unbonding_pool_key(from, last_epoch));
}

}  // namespace

std::vector<StateKey> keys_under(const ReadView& state, const StateKey& prefix, std::size_t max) {
  std::vector<StateKey> keys;
  if (max == 0) return keys;
  state.scan(prefix, prefix_end(prefix), [&](const StateKey& key, const Bytes&) {
    keys.push_back(key);
    return keys.size() < max;
  });
  return keys;
}

Fault bond(Overlay& state, ValidatorRecord& validator, const Address& delegator, Amount amount) {
  const auto shares = shares_for(amount, validator.stake, validator.shares);
  if (!shares || !checked_add(validator.stake, amount)) return Fault::kAmountOverflow;
  if (*shares == 0) return Fault::kZeroAmount;
  Delegation delegation = load<Delegation>(state, delegation_key(delegator, validator.key))
                              .value_or(Delegation{0, validator.reward_index});
  pay_rewards(state, validator, delegator, delegation);
  delegation.shares += *shares;
  validator.shares += *shares;
  validator.stake += amount;
  keep_delegation(state, validator.key, delegator, delegation);
  keep_validator(state, validator);
  return Fault::kNone;
}

Amount delegated(const ReadView& state, const ValidatorRecord& validator,
                 const Address& delegator) {
  const auto delegation = load<Delegation>(state, delegation_key(delegator, validator.key));
  return delegation ? worth(delegation->shares, validator.stake, validator.shares) : Amount{};
}

Amount take_shares(Overlay& state, ValidatorRecord& validator, const Address& delegator,
                   Delegation delegation, std::uint64_t shares) {
  CHECK(shares <= delegation.shares);
  pay_rewards(state, validator, delegator, delegation);
  const Amount amount = worth(shares, validator.stake, validator.shares);
  delegation.shares -= shares;
  validator.shares -= shares;
  validator.stake -= amount;
  if (validator.shares == 0) {
    // Nobody is left to whom fractions of a droplet could belong.
    validator.commission_due += validator.rewards;
    validator.rewards = Amount{};
    validator.reward_rest = 0;
  }
  keep_delegation(state, validator.key, delegator, delegation);
  keep_validator(state, validator);
  return amount;
}

Fault apply(Overlay& state, const BlockContext& /*block*/, const TxContext& tx,
            const Delegate& message) {
  if (message.amount == Amount{}) return Fault::kZeroAmount;
  std::optional<ValidatorRecord> validator = find_validator(state, message.validator);
  if (!validator) return Fault::kValidatorNotFound;
  if (validator->tombstoned) return Fault::kValidatorTombstoned;
  if (const Fault fault = debit(state, tx.sender, message.amount); fault != Fault::kNone)
    return fault;
  return bond(state, *validator, tx.sender, message.amount);
}

Fault apply(Overlay& state, const BlockContext& /*block*/, const TxContext& tx,
            const Undelegate& message) {
  std::optional<ValidatorRecord> validator = find_validator(state, message.validator);
  if (!validator) return Fault::kValidatorNotFound;
  const auto delegation = load<Delegation>(state, delegation_key(tx.sender, message.validator));
  if (!delegation) return Fault::kNoDelegation;
  const auto shares = shares_asked(*validator, *delegation, message.amount);
  if (!shares) return shares.error();
  const Amount amount = take_shares(state, *validator, tx.sender, *delegation, *shares);
  put_into_unbonding(state, message.validator, tx.sender, amount);
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext& /*block*/, const TxContext& tx,
            const Redelegate& message) {
  if (message.from == message.to) return Fault::kSameValidator;
  std::optional<ValidatorRecord> from = find_validator(state, message.from);
  std::optional<ValidatorRecord> to = find_validator(state, message.to);
  if (!from || !to) return Fault::kValidatorNotFound;
  if (to->tombstoned) return Fault::kValidatorTombstoned;
  const auto delegation = load<Delegation>(state, delegation_key(tx.sender, message.from));
  if (!delegation) return Fault::kNoDelegation;
  const auto shares = shares_asked(*from, *delegation, message.amount);
  if (!shares) return shares.error();
  const Amount rest = worth(delegation->shares - *shares, from->stake, from->shares);
  if (rest < lien_amount(state, tx.sender, message.from)) return Fault::kRedelegatedBefore;
  if (pool_of(state, message.from, last_epoch_now(state)).redelegations >= kRedelegationsMax)
    return Fault::kTooManyRedelegations;
  const Amount amount = take_shares(state, *from, tx.sender, *delegation, *shares);
  if (amount == Amount{}) return Fault::kZeroAmount;
  add_lien(state, message, tx.sender, amount);
  return bond(state, *to, tx.sender, amount);
}

Fault apply(Overlay& state, const BlockContext& /*block*/, const TxContext& tx,
            const WithdrawRewards& message) {
  std::optional<ValidatorRecord> validator = find_validator(state, message.validator);
  if (!validator) return Fault::kValidatorNotFound;
  Amount paid;
  if (auto delegation = load<Delegation>(state, delegation_key(tx.sender, message.validator))) {
    paid += pay_rewards(state, *validator, tx.sender, *delegation);
    keep_delegation(state, message.validator, tx.sender, *delegation);
  } else if (tx.sender != validator->owner) {
    return Fault::kNoDelegation;
  }
  if (tx.sender == validator->owner && validator->commission_due != Amount{}) {
    credit(state, validator->payout, validator->commission_due);
    paid += validator->commission_due;
    validator->commission_due = Amount{};
  }
  if (paid == Amount{}) return Fault::kNothingToWithdraw;
  keep_validator(state, *validator);
  return Fault::kNone;
}

bool release_stake(Overlay& state, std::uint64_t epoch, std::size_t entries_max) {
  const Bytes epoch_be64 = be64_bytes(epoch);
  const auto entries = keys_under(state, state_key(Table::kUnbonding, {epoch_be64}), entries_max);
  for (const StateKey& key : entries) {
    pay_out(state, key);
    KeyReader in(key);
    in.number();
    const auto validator = in.fixed<32>();
    if (pool_of(state, validator, epoch).shares == 0)
      state.erase(unbonding_pool_key(validator, epoch));
  }
  const auto liens = keys_under(state, state_key(Table::kRedelegation, {epoch_be64}),
                                entries_max - entries.size());
  for (const StateKey& key : liens) forget_lien(state, key);
  return entries.size() + liens.size() < entries_max;
}

}  // namespace fog
