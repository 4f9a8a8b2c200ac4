#include "chain/types/stake_pool.h"

namespace fog {
namespace {

constexpr std::uint64_t kLow64 = ~std::uint64_t{0};

u128 number_of(const RewardIndex& index) {
  return static_cast<u128>(index.high) << 64 | index.low;
}

}  // namespace

std::optional<std::uint64_t> shares_for(Amount amount, Amount stake, std::uint64_t shares) {
  if (shares == 0) return amount.droplets;
  const auto added = mul_div_floor(amount.droplets, shares, stake.droplets);
  if (!added || !checked_add(*added, shares)) return std::nullopt;
  return added;
}

std::uint64_t shares_to_take(Amount amount, Amount stake, std::uint64_t shares) {
  CHECK(amount <= stake);
  // At most `shares`, since the amount is at most the stake.
  return *mul_div_ceil(amount.droplets, shares, stake.droplets);
}

Amount worth(std::uint64_t some, Amount stake, std::uint64_t shares) {
  CHECK(some <= shares);
  if (some == 0) return Amount{};
  return Amount{*mul_div_floor(stake.droplets, some, shares)};
}

void add_reward(ValidatorRecord& validator, Amount reward) {
  CHECK(validator.shares != 0);
  // reward * 2^64 + rest fits: the rest is below the shares, which have 64 bits.
  const u128 sum = (static_cast<u128>(reward.droplets) << 64) + validator.reward_rest;
  validator.reward_rest = static_cast<std::uint64_t>(sum % validator.shares);
  const u128 index = number_of(validator.reward_index) + sum / validator.shares;
  validator.reward_index = {static_cast<std::uint64_t>(index >> 64),
                            static_cast<std::uint64_t>(index & kLow64)};
  validator.rewards += reward;
}

Amount earned(std::uint64_t shares, const RewardIndex& from, const RewardIndex& to) {
  const u128 difference = number_of(to) - number_of(from);
  const auto whole = checked_mul(static_cast<std::uint64_t>(difference >> 64), shares);
  CHECK(whole.has_value());
  const u128 fraction = static_cast<u128>(static_cast<std::uint64_t>(difference & kLow64)) * shares;
  return Amount{*whole} + Amount{static_cast<std::uint64_t>(fraction >> 64)};
}

}  // namespace fog
