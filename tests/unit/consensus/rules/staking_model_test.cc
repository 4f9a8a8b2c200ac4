// Random staking against a model in exact fractions: whatever people do, nobody's stake or reward
// differs from the exact one by more than a droplet an operation, nobody gains by rounding, and
// supply is conserved in every block.
#include <boost/multiprecision/cpp_int.hpp>
#include <gtest/gtest.h>

#include "chain/types/stake_pool.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/staking_world.h"

namespace fog {
namespace {

using testing::SeededRng;
using testing::StakingWorld;
using testing::TestKey;
using Exact = boost::multiprecision::cpp_rational;

// What each delegator of each validator has, as the rules would have it without rounding.
struct Model {
  using Held = std::pair<std::size_t, std::size_t>;  // validator, delegator
  struct Leaving {
    std::size_t validator = 0;
    std::size_t delegator = 0;
    std::uint64_t last_epoch = 0;
    Exact amount;
  };
  struct Lien {
    std::size_t from = 0;
    std::size_t to = 0;
    std::size_t delegator = 0;
    std::uint64_t last_epoch = 0;
    Exact amount;
  };
  std::map<Held, Exact> stakes;
  std::map<Held, Exact> rewards;
  std::vector<Leaving> leaving;
  std::vector<Lien> liens;

  Exact pool(std::size_t validator) const {
    Exact sum = 0;
    for (const auto& [held, amount] : stakes) {
      if (held.first == validator) sum += amount;
    }
    return sum;
  }
  void reward(std::size_t validator, const Exact& amount) {
    const Exact total = pool(validator);
    if (total == 0) return;
    for (const auto& [held, stake] : stakes) {
      if (held.first == validator) rewards[held] += amount * stake / total;
    }
  }
  // Five per cent of what was bonded in an epoch, from everything that is liable.
  void slash(std::size_t validator, std::uint64_t epoch, const Exact& bonded) {
    const Exact rate(1, 20);
    Exact taken = 0;
    for (Leaving& one : leaving) {
      if (one.validator != validator || one.last_epoch < epoch) continue;
      taken += one.amount * rate;
      one.amount -= one.amount * rate;
    }
    for (const Lien& lien : liens) {
      if (lien.from != validator || lien.last_epoch < epoch) continue;
      Exact wanted = lien.amount * rate;
      Exact& there = stakes[{lien.to, lien.delegator}];
      const Exact from_there = wanted < there ? wanted : there;
      there -= from_there;
      taken += from_there;
      wanted -= from_there;
      for (Leaving& one : leaving) {
        if (one.validator != lien.to || one.delegator != lien.delegator ||
            one.last_epoch < lien.last_epoch)
          continue;
        const Exact part = wanted < one.amount ? wanted : one.amount;
        one.amount -= part;
        wanted -= part;
        taken += part;
      }
    }
    const Exact total = pool(validator);
    Exact rest = bonded * rate - taken;
    if (rest > total * rate) rest = total * rate;
    if (rest <= 0 || total == 0) return;
    for (auto& [held, amount] : stakes) {
      if (held.first == validator) amount -= amount * rest / total;
    }
  }
};

class StakingModel {
 public:
  explicit StakingModel(std::uint64_t seed) : rng_(seed) {
    for (std::uint64_t i = 1; i <= 6; ++i) people_.emplace_back(i);
    keys_ = {TestKey{900}, TestKey{910}, TestKey{911}, TestKey{912}};
    // The genesis's validator belongs to nobody here, so it stays in the set.
    model_.stakes[{0, kNobody}] = Exact(testing::kTestStake);
    for (std::size_t v = 1; v < keys_.size(); ++v) {
      const std::uint64_t bond = (200 + 100 * v) * kDropletsPerFog + v;
      CHECK(world_.send(people_[v], world_.creation(people_[v], keys_[v], bond)) == Fault::kNone);
      model_.stakes[{v, v}] += Exact(bond);
    }
  }

  void run(int steps) {
    for (int step = 0; step < steps; ++step) {
      ++operations_;
      switch (rng_.below(9)) {
        case 0:
        case 1:
        case 2:
          delegate();
          break;
        case 3:
          undelegate();
          break;
        case 4:
          redelegate();
          break;
        case 5:
          withdraw();
          break;
        case 6:
          if (rng_.below(12) == 0) accuse();
          break;
        default:
          idle();
      }
      if (::testing::Test::HasFatalFailure()) return;
    }
    check();
  }
  std::size_t slashes() const { return slashes_; }

 private:
  static constexpr std::size_t kNobody = 99;

  XOnlyKey key(std::size_t validator) const { return keys_[validator].secret.x_only_key(); }
  ValidatorRecord record(std::size_t validator) const { return world_.validator(keys_[validator]); }
  std::size_t somebody() { return rng_.below(people_.size()); }
  std::size_t some_validator() { return rng_.below(keys_.size()); }
  std::uint64_t last_epoch() const { return world_.epoch() + 1; }

  template <class M>
  Fault send(std::size_t who, const M& message) {
    const Fault fault = world_.send(people_[who], message, 1 + rng_.below(2'000));
    forget_released();
    return fault;
  }
  std::vector<Amount> rewards_given() const {
    std::vector<Amount> given;
    for (std::size_t v = 0; v < keys_.size(); ++v) given.push_back(record(v).rewards);
    return given;
  }
  // Messages are kept off the last block of an epoch, so that its rewards can be told apart.
  void leave_last_block() {
    while (is_last_of_epoch(world_.ledger.height + 1, testing::kWorldEpochLength)) idle();
  }
  void idle() {
    const auto before = rewards_given();
    // Mostly short, so that past epochs' evidence is still taken; sometimes long enough to earn.
    world_.idle(1 + rng_.below(rng_.below(4) == 0 ? 3'000'000'000 : 500));
    const auto after = rewards_given();
    for (std::size_t v = 0; v < keys_.size(); ++v) {
      if (after[v] > before[v]) model_.reward(v, Exact((after[v] - before[v]).droplets));
    }
    forget_released();
  }
  // What the chain has released: whoever had it has it in his account now.
  void forget_released() {
    std::erase_if(model_.leaving, [&](const Model::Leaving& one) {
      const auto entry = load<Unbonding>(
          world_.ledger.state,
          unbonding_key(one.last_epoch, key(one.validator), people_[one.delegator].address));
      return !entry.has_value();
    });
    std::erase_if(model_.liens, [&](const Model::Lien& one) {
      return !world_.ledger.state
                  .get(redelegation_key(one.last_epoch, key(one.from),
                                        people_[one.delegator].address, key(one.to)))
                  .has_value();
    });
  }

  void delegate() {
    leave_last_block();
    const std::size_t who = somebody();
    const std::size_t to = some_validator();
    const std::uint64_t amount = 1 + rng_.below(rng_.below(2) == 0 ? 10 : 50 * kDropletsPerFog);
    const Fault fault = send(who, Delegate{key(to), Amount{amount}});
    if (fault != Fault::kNone) return;
    model_.stakes[{to, who}] += Exact(amount);
    model_.rewards[{to, who}] = 0;  // paid
  }
  // Some or all of what somebody has with a validator.
  std::optional<Amount> some_of(const Exact& held) {
    if (rng_.below(4) == 0) return std::nullopt;
    const auto whole = static_cast<std::uint64_t>(boost::multiprecision::numerator(held) /
                                                  boost::multiprecision::denominator(held));
    return Amount{1 + rng_.below(whole / 2 + 1)};
  }
  void undelegate() {
    leave_last_block();
    const std::size_t who = somebody();
    const std::size_t from = some_validator();
    const Exact held = model_.stakes[{from, who}];
    const std::optional<Amount> amount = some_of(held);
    const std::uint64_t last = last_epoch();
    if (send(who, Undelegate{key(from), amount}) != Fault::kNone) return;
    const Exact moved = amount ? Exact(amount->droplets) : held;
    model_.stakes[{from, who}] -= moved;
    model_.rewards[{from, who}] = 0;
    model_.leaving.push_back({from, who, last, moved});
    if (!amount) model_.stakes.erase({from, who});
  }
  void redelegate() {
    leave_last_block();
    const std::size_t who = somebody();
    const std::size_t from = some_validator();
    const std::size_t to = some_validator();
    const Exact held = model_.stakes[{from, who}];
    const std::optional<Amount> amount = some_of(held);
    const std::uint64_t last = last_epoch();
    if (send(who, Redelegate{key(from), key(to), amount}) != Fault::kNone) return;
    const Exact moved = amount ? Exact(amount->droplets) : held;
    model_.stakes[{from, who}] -= moved;
    model_.stakes[{to, who}] += moved;
    model_.rewards[{from, who}] = 0;
    model_.rewards[{to, who}] = 0;
    model_.liens.push_back({from, to, who, last, moved});
    if (!amount) model_.stakes.erase({from, who});
  }
  void withdraw() {
    leave_last_block();
    const std::size_t who = somebody();
    const std::size_t from = some_validator();
    const auto delegation =
        load<Delegation>(world_.ledger.state, delegation_key(people_[who].address, key(from)));
    if (delegation) {
      const Amount due = earned(delegation->shares, delegation->index, record(from).reward_index);
      const Exact exact = model_.rewards[{from, who}];
      EXPECT_LE(Exact(due.droplets), exact + tolerance());
      EXPECT_GE(Exact(due.droplets), exact - tolerance());
    }
    if (send(who, WithdrawRewards{key(from)}) == Fault::kNone) model_.rewards[{from, who}] = 0;
  }
  void accuse() {
    leave_last_block();
    const std::size_t whom = 1 + rng_.below(keys_.size() - 1);
    const std::uint64_t epoch = world_.epoch() - std::min<std::uint64_t>(world_.epoch(), 1);
    const auto past = load<PastEpoch>(world_.ledger.state, past_epoch_key(epoch));
    if (!past) return;
    const auto place = place_of(past->set, key(whom));
    const Fault fault = send(0, world_.double_vote(keys_[whom], epoch));
    if (fault != Fault::kNone) return;
    ++slashes_;
    model_.slash(whom, epoch, Exact(past->set.validators[*place].stake));
    // A slash of stake with another validator pays out what that stake has earned.
    for (const Model::Lien& lien : model_.liens) {
      const auto there = load<Delegation>(
          world_.ledger.state, delegation_key(people_[lien.delegator].address, key(lien.to)));
      if (!there || there->index == record(lien.to).reward_index)
        model_.rewards[{lien.to, lien.delegator}] = 0;
    }
    check();
  }

  Exact tolerance() const { return Exact(2 * operations_ + 2); }
  void check() {
    for (std::size_t v = 0; v < keys_.size(); ++v) {
      for (std::size_t p = 0; p < people_.size(); ++p) {
        const Exact real(world_.stake_of(people_[p], keys_[v]).droplets);
        const auto found = model_.stakes.find({v, p});
        const Exact exact = found == model_.stakes.end() ? Exact(0) : found->second;
        ASSERT_LE(real, exact + tolerance()) << "validator " << v << " person " << p;
        ASSERT_GE(real, exact - tolerance()) << "validator " << v << " person " << p;
      }
      const ValidatorRecord pool = record(v);
      ASSERT_LE(pool.stake.droplets, pool.shares);
    }
    std::map<std::pair<std::size_t, std::uint64_t>, Exact> leaving;
    for (const auto& one : model_.leaving) leaving[{one.validator, one.last_epoch}] += one.amount;
    for (const auto& [pool, amount] : leaving) {
      const Exact real(world_.pool_stake(keys_[pool.first], pool.second).droplets);
      ASSERT_LE(real, amount + tolerance());
      ASSERT_GE(real, amount - tolerance());
    }
  }

  SeededRng rng_;
  StakingWorld world_;
  std::vector<TestKey> people_;
  std::vector<TestKey> keys_;
  Model model_;
  std::uint64_t operations_ = 0;
  std::size_t slashes_ = 0;
};

TEST(StakingModelTest, RandomStakingIsTheExactOneWithinRounding) {
  std::size_t slashes = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    StakingModel model(seed);
    model.run(250);
    slashes += model.slashes();
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(slashes, 5U) << "the sequences must include slashes";
}

}  // namespace
}  // namespace fog
