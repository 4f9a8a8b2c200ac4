// Pools: whoever puts in and takes out never gains by rounding, and nothing is lost.
#include "chain/types/stake_pool.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

struct Pool {
  Amount stake;
  std::uint64_t shares = 0;
};

TEST(Pool, BeginsAtOneShareADroplet) {
  EXPECT_EQ(shares_for(Amount{7}, Amount{}, 0), 7U);
  EXPECT_EQ(shares_for(Amount{7}, Amount{50}, 100), 14U) << "after half was slashed";
  EXPECT_EQ(shares_for(Amount{7}, Amount{2}, 3), 10U) << "rounded down";
  EXPECT_EQ(shares_for(Amount{~std::uint64_t{0}}, Amount{1}, 1), std::nullopt) << "beyond 64 bits";
  EXPECT_EQ(worth(100, Amount{50}, 100), Amount{50});
  EXPECT_EQ(worth(1, Amount{50}, 100), Amount{0});
  EXPECT_EQ(worth(0, Amount{0}, 0), Amount{0});
  EXPECT_EQ(shares_to_take(Amount{1}, Amount{2}, 3), 2U) << "rounded up";
}

TEST(Pool, RoundingFavoursThePoolAndTakingIsExact) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    testing::SeededRng rng(seed);
    Pool pool;
    std::uint64_t mine = 0;
    for (int step = 0; step < 400; ++step) {
      const std::uint64_t kind = rng.below(10);
      const Amount before = worth(mine, pool.stake, pool.shares);
      if (kind == 0) {
        pool.stake -= Amount{pool.stake.droplets / (2 + rng.below(30))};  // a slash
      } else if (kind < 5 || pool.shares == 0) {
        const Amount amount{1 + rng.below(rng.below(2) == 0 ? 5 : 1'000'000)};
        const std::uint64_t shares = *shares_for(amount, pool.stake, pool.shares);
        pool.stake += amount;
        pool.shares += shares;
        const Amount got = worth(shares, pool.stake, pool.shares);
        EXPECT_LE(got, amount) << "what was put in is never worth more";
        EXPECT_LE(amount.droplets - got.droplets, 1U) << "and less by a fraction of a droplet";
        if (rng.below(2) == 0) mine += shares;
      } else {
        const std::uint64_t all = rng.below(2) == 0 ? mine : pool.shares - mine;
        const Amount held = worth(all, pool.stake, pool.shares);
        if (held == Amount{}) continue;
        const Amount amount{1 + rng.below(held.droplets)};
        const std::uint64_t shares = shares_to_take(amount, pool.stake, pool.shares);
        ASSERT_LE(shares, all);
        ASSERT_EQ(worth(shares, pool.stake, pool.shares), amount) << "exactly what was asked for";
        const bool from_me = all == mine;
        pool.stake -= amount;
        pool.shares -= shares;
        if (from_me) mine -= shares;
        if (!from_me) {
          EXPECT_GE(worth(mine, pool.stake, pool.shares), before);
        }
      }
      ASSERT_LE(pool.stake.droplets, pool.shares) << seed;
      ASSERT_TRUE(pool.shares > 0 || pool.stake == Amount{}) << "nothing is left behind";
    }
  }
}

TEST(Rewards, EachShareEarnsTheSameAndTheRestWaits) {
  ValidatorRecord validator;
  validator.shares = 3;
  add_reward(validator, Amount{10});
  EXPECT_EQ(validator.rewards, Amount{10});
  EXPECT_EQ(earned(1, {}, validator.reward_index), Amount{3});
  EXPECT_EQ(earned(2, {}, validator.reward_index), Amount{6});
  const RewardIndex middle = validator.reward_index;
  add_reward(validator, Amount{2});
  EXPECT_EQ(earned(3, {}, validator.reward_index), Amount{12}) << "the rest was not lost";
  EXPECT_EQ(earned(3, middle, validator.reward_index), Amount{2});
  EXPECT_EQ(earned(3, validator.reward_index, validator.reward_index), Amount{0});
}

TEST(Rewards, TheIndexMayWrap) {
  ValidatorRecord validator;
  validator.shares = 1;
  validator.reward_index = {~std::uint64_t{0}, ~std::uint64_t{0}};
  const RewardIndex before = validator.reward_index;
  add_reward(validator, Amount{5});
  EXPECT_EQ(earned(1, before, validator.reward_index), Amount{5});
}

TEST(Rewards, NeverMoreThanThereIs) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    testing::SeededRng rng(seed);
    struct Holder {
      std::uint64_t shares;
      RewardIndex index;
    };
    ValidatorRecord validator;
    std::vector<Holder> holders;
    Amount given;
    Amount paid;
    for (int step = 0; step < 300; ++step) {
      if (rng.below(3) == 0 || holders.empty()) {
        holders.push_back({1 + rng.below(1'000'000'007), validator.reward_index});
        validator.shares += holders.back().shares;
      } else if (rng.below(2) == 0) {
        const Amount reward{rng.below(5'000)};
        add_reward(validator, reward);
        given += reward;
      } else {
        Holder& holder = holders[rng.below(holders.size())];
        const Amount out = earned(holder.shares, holder.index, validator.reward_index);
        holder.index = validator.reward_index;
        validator.rewards -= out;
        paid += out;
      }
    }
    for (Holder& holder : holders) {
      const Amount out = earned(holder.shares, holder.index, validator.reward_index);
      validator.rewards -= out;
      paid += out;
    }
    EXPECT_EQ(paid + validator.rewards, given);
    EXPECT_LE(validator.rewards.droplets, 300U) << "less than a droplet for each payment";
  }
}

}  // namespace
}  // namespace fog
