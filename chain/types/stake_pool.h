// The arithmetic of pools: amounts into shares and back, rewards per share. All rounding favours
// the pool, so nobody takes out more than is in, and what rounding leaves stays counted.
//
// Stake comes in at one share a droplet and only a slash changes the ratio, downwards; rounding
// never lifts it above one again. So the stake never exceeds the shares, and whoever gives up
// shares_to_take(amount) takes out exactly that amount.
#pragma once

#include "chain/types/records.h"

namespace fog {

// Shares for an amount put into a pool of `stake` and `shares`: one a droplet in a pool without
// shares, else in proportion, rounded down. Nothing beyond 64 bits.
std::optional<std::uint64_t> shares_for(Amount amount, Amount stake, std::uint64_t shares);
// Shares to give up for taking an amount out, rounded up; `amount` <= `stake`. No more than what is
// worth the amount: shares_to_take(worth(s)) <= s.
std::uint64_t shares_to_take(Amount amount, Amount stake, std::uint64_t shares);
// What some of the shares are worth, rounded down; all of them are worth the whole stake.
Amount worth(std::uint64_t some, Amount stake, std::uint64_t shares);

// Shares out a reward among all delegators of a validator that has shares: raises the index, and
// keeps what the division leaves for the next time.
void add_reward(ValidatorRecord& validator, Amount reward);
// What so many shares have earned from one index to another, in whole droplets, rounded down.
Amount earned(std::uint64_t shares, const RewardIndex& from, const RewardIndex& to);

}  // namespace fog
