// A block above blocks that are not final: the mempool skips what those carry and goes on behind
// it.
#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"
#include "tests/unit/consensus/pool/pool_offers.h"

namespace fog {
namespace {

using testing::changed;
using testing::ids_of;
using testing::kRoomy;
using testing::make_tx;
using testing::Model;
using testing::Offer;
using testing::rich;
using testing::SeededRng;
using testing::terms_at;
using testing::TestKey;

IncludedTxs included_of(const std::vector<CheckedTx>& txs) {
  IncludedTxs included;
  for (const CheckedTx& tx : txs) included.add(tx.tx().body);
  return included;
}

class MempoolIncludedTest : public ::testing::Test {
 protected:
  CheckedTx add(const TestKey& key, const Offer& offer) {
    CheckedTx tx = make_tx(key, offer);
    EXPECT_TRUE(pool_.add(tx, terms_at(10), rich()).ok());
    return tx;
  }
  std::vector<TxId> choose(const IncludedTxs& included, std::uint64_t base_price = 10,
                           std::uint64_t time_ms = 1'000'000) {
    return ids_of(pool_.choose(terms_at(base_price, time_ms), kRoomy, included));
  }
  TestKey anna_{1};
  TestKey ben_{2};
  Mempool pool_;
};

TEST(IncludedTxs, KnowsTheLastSequenceOfEachLaneInWhateverOrderItHears) {
  const TestKey anna(1);
  IncludedTxs included;
  EXPECT_TRUE(included.empty());
  EXPECT_EQ(included.next_sequence(anna.address, 0), 0U);
  included.add(make_tx(anna, {.sequence = 4}).tx().body);
  included.add(make_tx(anna, {.sequence = 3}).tx().body);
  included.add(make_tx(anna, {.sequence = 9, .lane = 2}).tx().body);
  EXPECT_EQ(included.next_sequence(anna.address, 0), 5U);
  EXPECT_EQ(included.next_sequence(anna.address, 2), 10U);
  EXPECT_EQ(included.next_sequence(anna.address, 1), 0U);
  IncludedTxs all = included_of({make_tx(anna, {.sequence = 7})});
  all.add(included);
  EXPECT_EQ(all.next_sequence(anna.address, 0), 8U);
  EXPECT_EQ(all.next_sequence(anna.address, 2), 10U);
  all.clear();
  EXPECT_TRUE(all.empty());
}

TEST_F(MempoolIncludedTest, GoesOnBehindWhatTheAncestorsCarry) {
  const CheckedTx first = add(anna_, {.sequence = 0, .tip = 9});
  const CheckedTx second = add(anna_, {.sequence = 1, .tip = 1});
  const CheckedTx third = add(anna_, {.sequence = 2, .tip = 1});
  const CheckedTx other = add(ben_, {.tip = 5});
  EXPECT_EQ(choose(included_of({first})), (std::vector<TxId>{other.id(), second.id(), third.id()}));
  EXPECT_EQ(choose(included_of({first, second})), (std::vector<TxId>{other.id(), third.id()}));
  EXPECT_EQ(choose(included_of({first, second, other})), std::vector<TxId>{third.id()});
  EXPECT_TRUE(choose(included_of({first, second, third, other})).empty());
  EXPECT_EQ(choose({}).size(), 4U) << "nothing was taken out";
}

TEST_F(MempoolIncludedTest, KnowsWhetherAnythingIsLeft) {
  const CheckedTx first = add(anna_, {.sequence = 0});
  EXPECT_FALSE(pool_.has_includable(10, 1'000'000, included_of({first})));
  const CheckedTx second = add(anna_, {.sequence = 1, .price = 20, .expiry_ms = 1'000'500});
  EXPECT_TRUE(pool_.has_includable(10, 1'000'000, included_of({first})));
  EXPECT_FALSE(pool_.has_includable(10, 1'000'000, included_of({first, second})));
  EXPECT_FALSE(pool_.has_includable(21, 1'000'000, included_of({first}))) << "too cheap";
  EXPECT_TRUE(pool_.has_includable(20, 1'000'500, included_of({first})));
  EXPECT_FALSE(pool_.has_includable(10, 1'000'501, included_of({first}))) << "expired";
  EXPECT_TRUE(choose(included_of({first}), 10, 1'000'501).empty());
}

// The ancestors' transactions need not be the pool's: another proposer may have had a replacement,
// or one that never came here.
TEST_F(MempoolIncludedTest, OnlyTheSequenceCounts) {
  const CheckedTx here = add(anna_, {.sequence = 0, .tip = 2});
  const CheckedTx next = add(anna_, {.sequence = 1});
  const CheckedTx there = make_tx(anna_, {.sequence = 0, .tip = 1});
  EXPECT_EQ(choose(included_of({there})), std::vector<TxId>{next.id()});
  const CheckedTx behind = add(ben_, {.sequence = 2});
  const CheckedTx unknown = make_tx(ben_, {.sequence = 1});
  EXPECT_TRUE(pool_.has_includable(10, 1'000'000, included_of({here, next, unknown})));
  EXPECT_EQ(choose(included_of({here, next, unknown})), std::vector<TxId>{behind.id()});
}

TEST_F(MempoolIncludedTest, AncestorsThatHaveBecomeFinalMeanwhileHideNothing) {
  const CheckedTx first = add(anna_, {.sequence = 0});
  const CheckedTx second = add(anna_, {.sequence = 1});
  Account after = rich();
  after.set_next_sequence(0, 1);
  pool_.on_block(changed(anna_, after), 1'000'000);
  EXPECT_TRUE(pool_.has_includable(10, 1'000'000, included_of({first})));
  EXPECT_EQ(choose(included_of({first})), std::vector<TxId>{second.id()});
}

// Blocks are chosen on top of up to four that are not final; sometimes the oldest becomes final,
// sometimes all are given up. Each choice is what a plain list would choose from their state.
TEST(MempoolIncludedProperty, ChoosesWhatAPlainListDoesAboveUnfinishedBlocks) {
  SeededRng rng(12);
  std::vector<TestKey> keys;
  for (std::uint64_t i = 0; i < 6; ++i) keys.emplace_back(i);
  Mempool pool;
  Model model;
  std::map<Address, Account> final_accounts;
  for (const TestKey& key : keys) final_accounts[key.address] = rich();
  std::vector<std::vector<PooledTx>> pending;
  const auto apply = [](std::map<Address, Account>& accounts, const std::vector<PooledTx>& block) {
    for (const PooledTx& tx : block) {
      const TxBody& body = tx->tx().body;
      accounts[body.sender].set_next_sequence(body.lane, body.sequence + 1);
    }
  };
  std::uint64_t arrivals = 0;
  std::size_t above_unfinished = 0;
  for (int step = 0; step < 4'000; ++step) {
    const std::uint64_t price = 10 + rng.below(30);
    const TestKey& key = keys[rng.below(keys.size())];
    const auto lane = static_cast<std::uint8_t>(rng.below(2));
    const std::uint64_t from = final_accounts[key.address].next_sequence(lane);
    const CheckedTx tx = make_tx(
        key,
        {.sequence = from + rng.below(8), .price = price, .tip = rng.below(price), .lane = lane});
    if (!pool.contains(tx.id()) && pool.add(tx, terms_at(10), final_accounts[key.address]).ok()) {
      std::erase_if(model.items, [&](const Model::Item& item) {
        const TxBody& other = item.tx.tx().body;
        return other.sender == key.address && other.lane == lane &&
               other.sequence == tx.tx().body.sequence;
      });
      model.items.push_back({tx, ++arrivals});
    }
    IncludedTxs included;
    std::map<Address, Account> accounts = final_accounts;
    for (const auto& block : pending) {
      apply(accounts, block);
      for (const PooledTx& used : block) included.add(used->tx().body);
    }
    const std::uint64_t base = 10 + rng.below(12);
    const auto expected = model.choose(terms_at(base), accounts, 5);
    const auto chosen = pool.choose(terms_at(base), {5, 10'000'000, 1'000'000'000}, included);
    ASSERT_EQ(ids_of(chosen), expected);
    ASSERT_EQ(pool.has_includable(base, 1'000'000, included), !expected.empty());
    const std::uint64_t turn = rng.below(8);
    if (turn < 2 && pending.size() < 4 && !chosen.empty()) {
      above_unfinished += pending.empty() ? 0U : 1U;
      pending.push_back(chosen);
    } else if (turn == 2 && !pending.empty()) {
      apply(final_accounts, pending.front());
      for (const PooledTx& used : pending.front()) {
        const TxBody& body = used->tx().body;
        Changes changes;
        changes[account_key(body.sender)] = bcs_encode(final_accounts[body.sender]);
        pool.on_block(changes, 1'000'000);
      }
      std::erase_if(model.items, [&](const Model::Item& item) {
        const TxBody& body = item.tx.tx().body;
        return body.sequence < final_accounts[body.sender].next_sequence(body.lane);
      });
      pending.erase(pending.begin());
    } else if (turn == 3 && rng.below(4) == 0) {
      pending.clear();
    }
  }
  EXPECT_GT(above_unfinished, 100U);
}

}  // namespace
}  // namespace fog
