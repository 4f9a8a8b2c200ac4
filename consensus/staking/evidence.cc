#include "consensus/staking/evidence.h"

#include <algorithm>
#include <limits>

#include "chain/types/stake_pool.h"
#include "consensus/staking/delegation.h"
#include "consensus/staking/epochs.h"
#include "consensus/staking/validators.h"

namespace fog {
namespace {

constexpr std::uint32_t kWhole = 10'000;
constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

Amount part_of(Amount amount, std::uint32_t per_10000) {
  return Amount{*mul_div_floor(amount.droplets, per_10000, kWhole)};
}

// From the delegator's unbonding entries at a validator, which left no earlier than a lien was
// made.
Amount take_from_unbonding(Overlay& state, const Address& delegator, const XOnlyKey& validator,
                           std::uint64_t epoch_min, Amount wanted) {
  Amount taken;
  const StateKey prefix = state_key(Table::kUnbondingByOwner, {delegator, validator});
  for (const StateKey& key : keys_under(state, prefix, kAll)) {
    const std::uint64_t epoch = read_be64(ByteView(key).subspan(prefix.size()));
    if (epoch < epoch_min || taken == wanted) continue;
    const StateKey pool_key = unbonding_pool_key(validator, epoch);
    const StateKey entry_key = unbonding_key(epoch, validator, delegator);
    auto pool = load<UnbondingPool>(state, pool_key);
    auto entry = load<Unbonding>(state, entry_key);
    CHECK(pool && entry);
    const Amount held = worth(entry->shares, pool->stake, pool->shares);
    const Amount asked = std::min(held, wanted - taken);
    if (asked == Amount{}) continue;
    const std::uint64_t shares = shares_to_take(asked, pool->stake, pool->shares);
    pool->stake -= asked;
    pool->shares -= shares;
    entry->shares -= shares;
    taken += asked;
    // An entry without shares stays until its time: it pays nothing then.
    store(state, pool_key, *pool);
    store(state, entry_key, *entry);
  }
  return taken;
}

// Slashes stake that moved to another validator: there, or on its way out of there.
Amount slash_lien(Overlay& state, const StateKey& lien_key, std::uint32_t slash_per_10000) {
  KeyReader in(lien_key);
  const std::uint64_t last_epoch = in.number();
  in.fixed<32>();
  const auto delegator = in.fixed<20>();
  const auto to = in.fixed<32>();
  const auto lien = load<Redelegation>(state, lien_key);
  CHECK(lien.has_value());
  const Amount wanted = part_of(lien->amount, slash_per_10000);
  std::optional<ValidatorRecord> validator = find_validator(state, to);
  CHECK(validator.has_value());
  Amount taken;
  if (const auto delegation = load<Delegation>(state, delegation_key(delegator, to))) {
    const Amount held = worth(delegation->shares, validator->stake, validator->shares);
    const Amount asked = std::min(held, wanted);
    if (asked != Amount{}) {
      taken = take_shares(state, *validator, delegator, *delegation,
                          shares_to_take(asked, validator->stake, validator->shares));
    }
  }
  if (taken < wanted)
    taken += take_from_unbonding(state, delegator, to, last_epoch, wanted - taken);
  return taken;
}

// The set of an epoch, if evidence from it is taken; the time at which it is not is the past
// epoch's matter, whose record goes then.
Result<ValidatorSet, Fault> set_of_epoch(const ReadView& state, std::uint64_t epoch) {
  const std::uint64_t now = load_epoch(state).epoch;
  if (epoch > now) return Fail{Fault::kEvidenceTooEarly};
  if (epoch == now) return load_validators(state);
  auto past = load<PastEpoch>(state, past_epoch_key(epoch));
  if (!past) return Fail{Fault::kEvidenceTooOld};
  return std::move(past->set);
}

}  // namespace

Amount slash(Overlay& state, ValidatorRecord& validator, std::uint64_t epoch, Amount stake_then,
             std::uint32_t slash_per_10000) {
  const Amount wanted = part_of(stake_then, slash_per_10000);
  Amount taken;
  const std::uint64_t last_epoch = load_epoch(state).epoch + 1;
  for (std::uint64_t at = epoch; at <= last_epoch; ++at) {
    const StateKey pool_key = unbonding_pool_key(validator.key, at);
    if (auto pool = load<UnbondingPool>(state, pool_key)) {
      const Amount slashed = part_of(pool->stake, slash_per_10000);
      pool->stake -= slashed;
      taken += slashed;
      store(state, pool_key, *pool);
    }
    const StateKey liens = state_key(Table::kRedelegation, {be64_bytes(at), validator.key});
    for (const StateKey& key : keys_under(state, liens, kAll))
      taken += slash_lien(state, key, slash_per_10000);
  }
  if (taken < wanted) {
    const Amount slashed = std::min(wanted - taken, part_of(validator.stake, slash_per_10000));
    validator.stake -= slashed;
    taken += slashed;
  }
  keep_validator(state, validator);
  return taken;
}

// The faults in the order of the checks: kNotConflicting, kValidatorNotFound, kEvidenceTooEarly,
// kEvidenceTooOld, kNotInSet, kEvidenceSeen, kBadVoteSignature.
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const SubmitEvidence& message) {
  if (!is_equivocation(message.first, message.second)) return Fault::kNotConflicting;
  std::optional<ValidatorRecord> validator = find_validator(state, message.validator);
  if (!validator) return Fault::kValidatorNotFound;
  const std::uint64_t epoch = message.first.epoch;
  const auto set = set_of_epoch(state, epoch);
  if (!set) return set.error();
  const std::optional<std::size_t> place = place_of(*set, message.validator);
  if (!place) return Fault::kNotInSet;
  if (validator->tombstoned) return Fault::kEvidenceSeen;
  const auto signs = [&](const Vote& vote, const SchnorrSig& signature) {
    return verify_schnorr(message.validator, vote_digest(block.chain_id, vote), signature);
  };
  if (!signs(message.first, message.first_signature) ||
      !signs(message.second, message.second_signature)) {
    return Fault::kBadVoteSignature;
  }

  // From here on it succeeds.
  const StakingParams params = load_staking_params(state);
  validator->tombstoned = true;
  const Amount taken = slash(state, *validator, epoch, Amount{set->validators[*place].stake},
                             params.slash_per_10000);
  const Amount reward = part_of(taken, params.reporter_per_10000);
  credit(state, tx.sender, reward);
  burn(state, taken - reward);
  return Fault::kNone;
}

}  // namespace fog
