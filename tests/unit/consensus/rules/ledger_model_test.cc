// Random blocks against an independent model of the ledger: a map of balances that knows nothing of
// records, overlays or gates. Outcomes, balances, burned money and the base price must agree.
#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"
#include "tests/support/test_ledger.h"

namespace fog {
namespace {

using testing::SeededRng;
using testing::TestKey;
using testing::TestLedger;

constexpr std::uint64_t kFunds = 60'000'000;
constexpr std::uint64_t kCreationBurn = 10'000;

// One transaction in the model's words.
struct Order {
  std::size_t from = 0;
  std::uint8_t lane = 0;
  std::uint64_t sequence = 0;
  std::uint64_t price_max = 0;
  std::uint64_t tip = 0;
  std::uint64_t expiry_ms = 0;
  std::uint64_t units = 0;
  std::vector<std::vector<std::pair<std::size_t, std::uint64_t>>> messages;  // (to, droplets)
};

class Model {
 public:
  struct Holder {
    std::int64_t balance = 0;
    std::map<std::uint8_t, std::uint64_t> next;
  };
  std::map<std::size_t, Holder> holders;
  std::int64_t burned = 0;
  std::int64_t tips = 0;
  std::uint64_t base_price = 10;
  std::uint64_t base_as_of = testing::kGenesisTimeMs;
  std::uint64_t units_target = 0;

  // Time passes in whole seconds: each takes an eighth, rounded up, not below ten.
  std::uint64_t price_at(std::uint64_t now) const {
    std::uint64_t price = base_price;
    for (std::uint64_t t = base_as_of + 1'000; t <= now; t += 1'000) {
      price -= (price + 7) / 8;
      if (price < 10) price = 10;
    }
    return price;
  }
  bool includable(const Order& order, std::uint64_t now) {
    const auto holder = holders.find(order.from);
    return holder != holders.end() && order.expiry_ms >= now &&
           order.expiry_ms <= now + 86'400'000 &&
           order.sequence == holder->second.next[order.lane] && order.price_max >= price_at(now) &&
           holder->second.balance >= static_cast<std::int64_t>(order.units * order.price_max);
  }
  // Includes an order: 0, or the number of the fault.
  std::uint16_t include(const Order& order, std::uint64_t now) {
    const std::uint64_t base = price_at(now);
    const std::uint64_t paid = std::min(order.price_max, base + order.tip);
    holders[order.from].balance -= static_cast<std::int64_t>(order.units * paid);
    burned += static_cast<std::int64_t>(order.units * base);
    tips += static_cast<std::int64_t>(order.units * (paid - base));
    ++holders[order.from].next[order.lane];
    const Model before = *this;
    for (const auto& outputs : order.messages) {
      if (const std::uint16_t fault = pay(order.from, outputs); fault != 0) {
        *this = before;
        return fault;
      }
    }
    return 0;
  }
  void close_block(std::uint64_t now, std::uint64_t units) {
    if (units <= units_target) return;
    const std::uint64_t price = price_at(now);
    const std::uint64_t over = std::min(units - units_target, units_target);
    base_price = price + std::max<std::uint64_t>(price * over / units_target / 8, 1);
    base_as_of = now;
  }

 private:
  std::uint16_t pay(std::size_t from,
                    const std::vector<std::pair<std::size_t, std::uint64_t>>& outputs) {
    if (outputs.empty()) return 202;
    std::int64_t sum = 0;
    for (const auto& [to, droplets] : outputs) {
      if (droplets == 0) return 202;
      sum += static_cast<std::int64_t>(droplets);
    }
    if (holders[from].balance < sum) return 200;
    holders[from].balance -= sum;
    for (const auto& [to, droplets] : outputs) {
      std::uint64_t arrives = droplets;
      if (!holders.contains(to)) {
        if (droplets < kCreationBurn) return 204;
        arrives -= kCreationBurn;
        burned += static_cast<std::int64_t>(kCreationBurn);
      }
      holders[to].balance += static_cast<std::int64_t>(arrives);
    }
    return 0;
  }
};

class LedgerModel : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  LedgerModel() {
    for (std::uint64_t i = 0; i < 12; ++i) keys.emplace_back(i + 1);
  }
  // Mostly sound orders, and every way to be wrong now and then.
  Order random_order(Model& model, SeededRng& rng, std::uint64_t now) const {
    Order order;
    order.from = rng.below(keys.size());
    order.lane = static_cast<std::uint8_t>(rng.below(3) == 0 ? rng.below(16) : 0);
    order.sequence =
        model.holders.contains(order.from) ? model.holders[order.from].next[order.lane] : 0;
    if (rng.below(20) == 0) order.sequence += 1;
    if (rng.below(20) == 0 && order.sequence > 0) order.sequence -= 1;
    order.price_max = rng.below(12) == 0 ? 5 + rng.below(10) : 15 + rng.below(60);
    if (rng.below(30) == 0) order.price_max = 100'000;
    order.tip = rng.below(std::min<std::uint64_t>(order.price_max, 8));
    order.expiry_ms = now + rng.below(3'000);
    if (rng.below(25) == 0) order.expiry_ms = now - 1;
    if (rng.below(25) == 0) order.expiry_ms = now + 86'400'001;
    const std::uint64_t messages = 1 + rng.below(3);
    for (std::uint64_t m = 0; m < messages; ++m) {
      auto& outputs = order.messages.emplace_back();
      const std::uint64_t count = rng.below(12) == 0 ? 0 : 1 + rng.below(3);
      for (std::uint64_t o = 0; o < count; ++o) {
        std::uint64_t droplets = 1 + rng.below(3'000'000);
        if (rng.below(15) == 0) droplets = rng.below(kCreationBurn + 1);
        if (rng.below(15) == 0) droplets = kFunds;
        outputs.emplace_back(rng.below(keys.size()), droplets);
      }
    }
    return order;
  }
  SignedTx sign(const Order& order, const ChainId& chain) const {
    TxBody body;
    body.chain_id = chain;
    body.sender = keys[order.from].address;
    body.lane = order.lane;
    body.sequence = order.sequence;
    body.price_max = order.price_max;
    body.tip = order.tip;
    body.expiry_ms = order.expiry_ms;
    for (const auto& outputs : order.messages) {
      Transfer transfer;
      for (const auto& [to, droplets] : outputs) {
        transfer.outputs.push_back({keys[to].address, Amount{droplets}});
      }
      body.messages.push_back(make_message(transfer));
    }
    return sign_tx(body, keys[order.from]);
  }
  void expect_equal(const TestLedger& ledger, const Model& model) const {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto account = load<Account>(ledger.state, account_key(keys[i].address));
      const auto holder = model.holders.find(i);
      ASSERT_EQ(account.has_value(), holder != model.holders.end()) << i;
      if (!account) continue;
      EXPECT_EQ(account->balance.droplets, static_cast<std::uint64_t>(holder->second.balance)) << i;
      for (std::uint8_t lane = 0; lane < kLanes; ++lane) {
        const auto next = holder->second.next.find(lane);
        EXPECT_EQ(account->next_sequence(lane),
                  next == holder->second.next.end() ? 0 : next->second);
      }
    }
    EXPECT_EQ(load<EpochTally>(ledger.state, epoch_tally_key())->validators[0].tips.droplets,
              static_cast<std::uint64_t>(model.tips));
    const SupplySums sums = ledger.supply();
    EXPECT_TRUE(sums.conserved());
    EXPECT_EQ(sums.burned, static_cast<u128>(model.burned));
  }
  std::vector<TestKey> keys;
};

TEST_P(LedgerModel, AgreesWithTheRules) {
  SeededRng rng(GetParam());
  Genesis genesis = testing::test_genesis({keys.begin(), keys.begin() + 6}, kFunds);
  genesis.params.block_units_target = 20'000;
  TestLedger ledger(genesis);
  Model model;
  model.units_target = genesis.params.block_units_target;
  for (std::size_t i = 0; i < 6; ++i) {
    model.holders[i].balance = static_cast<std::int64_t>(kFunds);
  }
  std::map<std::uint16_t, int> seen;
  for (int height = 1; height <= 25; ++height) {
    const std::uint64_t after_ms = 1 + rng.below(height % 6 == 0 ? 5'000 : 300);
    const std::uint64_t now = ledger.parent_time_ms + after_ms;
    const BlockHeader header = ledger.next_header(after_ms);
    auto execution = BlockExecution::begin(ledger.state, ledger.parent_time_ms, header);
    ASSERT_TRUE(execution.has_value());
    std::vector<SignedTx> included;
    std::uint64_t units = 0;
    for (int i = 0; i < 16; ++i) {
      Order order = random_order(model, rng, now);
      const SignedTx tx = sign(order, ledger.chain_id);
      const auto checked = check_form(bcs_encode(tx), ledger.chain_id);
      ASSERT_TRUE(checked.has_value());
      order.units = checked->units();
      const auto outcome = execution->apply(*checked);
      ASSERT_EQ(outcome.has_value(), model.includable(order, now))
          << (outcome ? "included" : fault_name(outcome.error()));
      if (!outcome) {
        ++seen[static_cast<std::uint16_t>(outcome.error())];
        continue;
      }
      EXPECT_EQ(outcome->fault, model.include(order, now));
      ++seen[outcome->fault];
      units += order.units;
      included.push_back(tx);
    }
    if (included.empty()) continue;
    model.close_block(now, units);
    const BlockResult built = std::move(*execution).finish();
    // The block as another node receives it.
    const Block block = ledger.make_block(included, after_ms);
    const auto verified = ledger.execute(block);
    ASSERT_TRUE(verified.has_value());
    EXPECT_EQ(verified->changes, built.changes);
    ledger.commit(block.header, built.changes);
    expect_equal(ledger, model);
  }
  EXPECT_GE(seen.size(), 7U) << "the orders were too tame to test anything";
}

INSTANTIATE_TEST_SUITE_P(Seeds, LedgerModel, ::testing::Range<std::uint64_t>(1, 11));

}  // namespace
}  // namespace fog
