#include "consensus/staking/rewards.h"

#include <algorithm>

#include "chain/types/stake_pool.h"
#include "consensus/staking/validators.h"

namespace fog {
namespace {

constexpr std::uint32_t kWhole = 10'000;
constexpr std::uint64_t kYearMs = 365ULL * 24 * 3'600 * 1'000;

// The validator's commission, and the rest to its delegators; all of it is commission when there
// are none.
void give(ValidatorRecord& validator, Amount reward) {
  if (reward == Amount{}) return;
  Amount kept{*mul_div_floor(reward.droplets, validator.commission.rate, kWhole)};
  if (validator.shares == 0) kept = reward;
  validator.commission_due += kept;
  if (kept != reward) add_reward(validator, reward - kept);
}

// amount * part / whole, which may have more than 64 bits.
Amount share_of(Amount amount, u128 part, u128 whole) {
  if (whole == 0) return Amount{};
  CHECK(part <= whole);
  // The whole has at most 71 bits: shifted down together with the part, the product fits.
  while (whole >> 64 != 0) {
    whole >>= 1;
    part >>= 1;
  }
  return Amount{static_cast<std::uint64_t>(amount.droplets * part / whole)};
}

}  // namespace

bool was_absent(const EpochTally& tally, std::size_t place, std::uint64_t epoch_length) {
  const std::uint64_t enough =
      std::max<std::uint64_t>(std::min<std::uint64_t>(kCertificatesJudged, epoch_length / 2), 1);
  const ValidatorTally& one = tally.validators[place];
  return tally.certificates >= enough && one.proposed == 0 && one.certified == 0;
}

Amount epoch_inflation(const Supply& supply, std::uint32_t per_10000, std::uint64_t elapsed_ms) {
  const Amount exists = supply.minted - supply.burned;
  const Amount year{*mul_div_floor(exists.droplets, std::min(per_10000, kWhole), kWhole)};
  const Amount made{*mul_div_floor(year.droplets, std::min(elapsed_ms, kYearMs), kYearMs)};
  return std::min(made, Amount{~std::uint64_t{0}} - supply.minted);
}

void settle_epoch(Overlay& state, const BlockContext& block, const ValidatorSet& set,
                  const EpochTally& tally, const EpochRecord& epoch) {
  const StakingParams params = load_staking_params(state);
  const auto chain_params = load<ChainParams>(state, chain_params_key());
  std::optional<Supply> supply = load<Supply>(state, supply_key());
  CHECK(chain_params && supply && tally.validators.size() == set.validators.size());
  const Amount inflation =
      epoch_inflation(*supply, params.inflation_per_10000, block.time_ms - epoch.started_ms);
  const Amount by_blocks{inflation.droplets / 2};
  const Amount by_stake = inflation - by_blocks;
  const u128 stake_total = total_stake(set);
  for (std::size_t i = 0; i < set.validators.size(); ++i) {
    std::optional<ValidatorRecord> validator = find_validator(state, set.validators[i].key);
    CHECK(validator.has_value());
    const bool absent = was_absent(tally, i, chain_params->epoch_length);
    Amount minted = share_of(by_blocks, tally.validators[i].proposed, tally.blocks);
    if (!absent && !validator->tombstoned)
      minted += share_of(by_stake, set.validators[i].stake, stake_total);
    give(*validator, tally.validators[i].tips + minted);
    supply->minted += minted;
    if (absent && validator->jailed_until_ms == 0)
      validator->jailed_until_ms = block.time_ms + params.jail_ms;
    keep_validator(state, *validator);
  }
  store(state, supply_key(), *supply);
}

}  // namespace fog
