// The mempool keeps what can still become final, best first, within its bounds, and does the same
// as a plain list that is searched from end to end.
#include "consensus/pool/mempool.h"

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
using testing::test_chain_id;
using testing::TestKey;

class MempoolTest : public ::testing::Test {
 protected:
  PoolVerdict add(const TestKey& key, const Offer& offer, const Account& account = rich()) {
    return pool_.add(make_tx(key, offer), terms_at(10), account);
  }
  TestKey anna_{1};
  TestKey ben_{2};
  Mempool pool_;
};

TEST_F(MempoolTest, ChoosesByTipThenArrivalAndEachLaneInSequence) {
  const CheckedTx first = make_tx(anna_, {.sequence = 0, .tip = 1});
  const CheckedTx second = make_tx(anna_, {.sequence = 1, .tip = 9});
  const CheckedTx other = make_tx(ben_, {.sequence = 0, .tip = 5});
  const CheckedTx equal = make_tx(ben_, {.sequence = 0, .tip = 5, .lane = 3});
  // The second before the first: it waits for it.
  EXPECT_TRUE(pool_.add(second, terms_at(10), rich()).ok());
  EXPECT_TRUE(pool_.choose(terms_at(10), kRoomy).empty());
  EXPECT_FALSE(pool_.has_includable(10, 1'000'000));
  for (const CheckedTx& tx : {other, equal, first})
    EXPECT_TRUE(pool_.add(tx, terms_at(10), rich()).ok());
  EXPECT_TRUE(pool_.has_includable(10, 1'000'000));
  EXPECT_EQ(ids_of(pool_.choose(terms_at(10), kRoomy)),
            (std::vector<TxId>{other.id(), equal.id(), first.id(), second.id()}));
  EXPECT_EQ(pool_.size().txs, 4U) << "choosing takes nothing out";
}

TEST_F(MempoolTest, CountsTheTipThatThePriceLeaves) {
  // Above a base of 18 the first can pay 2 only, whatever tip it names.
  const CheckedTx loud = make_tx(anna_, {.price = 20, .tip = 20});
  const CheckedTx quiet = make_tx(ben_, {.price = 30, .tip = 3});
  ASSERT_TRUE(pool_.add(loud, terms_at(10), rich()).ok());
  ASSERT_TRUE(pool_.add(quiet, terms_at(10), rich()).ok());
  EXPECT_EQ(ids_of(pool_.choose(terms_at(10), kRoomy)), (std::vector<TxId>{loud.id(), quiet.id()}));
  EXPECT_EQ(ids_of(pool_.choose(terms_at(18), kRoomy)), (std::vector<TxId>{quiet.id(), loud.id()}));
}

TEST_F(MempoolTest, WhatIsTooCheapNowComesBackWhenTheBaseHasFallen) {
  ASSERT_TRUE(add(anna_, {.price = 20}).ok());
  EXPECT_FALSE(pool_.has_includable(21, 1'000'000));
  EXPECT_TRUE(pool_.choose(terms_at(21), kRoomy).empty());
  EXPECT_TRUE(pool_.has_includable(20, 1'000'000));
  EXPECT_EQ(pool_.choose(terms_at(20), kRoomy).size(), 1U);
}

TEST_F(MempoolTest, StaysWithinABlocksLimits) {
  for (std::uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(add(anna_, {.sequence = i}).ok());
  const CheckedTx one = make_tx(anna_, {});
  BlockLimits limits = kRoomy;
  limits.txs = 3;
  EXPECT_EQ(pool_.choose(terms_at(10), limits).size(), 3U);
  limits = kRoomy;
  limits.bytes = 2 * one.encoded().size() + 2'100;
  EXPECT_LE(pool_.choose(terms_at(10), limits).size() * one.encoded().size(), limits.bytes);
  limits = kRoomy;
  limits.units = one.units() - 1;
  EXPECT_TRUE(pool_.choose(terms_at(10), limits).empty());
}

TEST_F(MempoolTest, RefusesAtTheDoorWithTheFault) {
  const auto fault = [&](const Offer& offer, const std::optional<Account>& account,
                         std::uint64_t base = 10, std::uint64_t time_ms = 1'000'000) {
    const CheckedTx tx = make_tx(anna_, offer);
    const auto decoded = decode_tx(tx.encoded(), test_chain_id());
    const PoolVerdict cheap = pool_.check(*decoded, terms_at(base, time_ms), account);
    const PoolVerdict full = pool_.add(tx, terms_at(base, time_ms), account);
    EXPECT_EQ(cheap.fault, full.fault) << "the cheap look agrees with the door";
    EXPECT_EQ(cheap.refused.empty(), full.refused.empty());
    EXPECT_FALSE(full.ok());
    return full.fault;
  };
  Account used = rich();
  used.set_next_sequence(0, 7);
  EXPECT_EQ(fault({}, std::nullopt), Fault::kNoAccount);
  EXPECT_EQ(fault({.sequence = 6}, used), Fault::kSequenceTooLow);
  EXPECT_EQ(fault({.price = 9}, rich()), Fault::kFeeTooLow);
  EXPECT_EQ(fault({.sequence = 3, .price = 9}, rich()), Fault::kFeeTooLow) << "also ahead";
  EXPECT_EQ(fault({}, rich(100)), Fault::kCannotPayFee);
  EXPECT_EQ(fault({.expiry_ms = 999'999}, rich()), Fault::kExpired);
  EXPECT_EQ(fault({.expiry_ms = 1'000'000 + 25ULL * 3600 * 1000}, rich()), Fault::kExpiryTooFar);
  EXPECT_EQ(fault({.sequence = 7 + 1'024}, used), Fault::kNone) << "the pool's own bound";
  EXPECT_TRUE(add(anna_, {.sequence = 7 + 1'023}, used).ok()) << "and its edge";
}

TEST_F(MempoolTest, AnAccountCannotPromiseItsBalanceTwice) {
  const CheckedTx tx = make_tx(anna_, {});
  const std::uint64_t fee = fee_max(tx.tx().body, tx.units())->droplets;
  const Account account = rich(2 * fee);
  EXPECT_TRUE(add(anna_, {.sequence = 0}, account).ok());
  EXPECT_TRUE(add(anna_, {.sequence = 0, .lane = 1}, account).ok());
  EXPECT_EQ(add(anna_, {.sequence = 1}, account).fault, Fault::kCannotPayFee);
}

TEST_F(MempoolTest, KnowsWhatItHas) {
  const CheckedTx tx = make_tx(anna_, {});
  ASSERT_TRUE(pool_.add(tx, terms_at(10), rich()).ok());
  EXPECT_TRUE(pool_.contains(tx.id()));
  EXPECT_TRUE(pool_.add(tx, terms_at(10), rich()).ok()) << "again is no fault";
  EXPECT_EQ(pool_.size().txs, 1U);
  EXPECT_EQ(pool_.size().bytes, tx.encoded().size());
  pool_.drop(tx.id());
  EXPECT_FALSE(pool_.contains(tx.id()));
  EXPECT_EQ(pool_.size().bytes, 0U);
}

TEST_F(MempoolTest, AReplacementPaysATenthMoreInPriceAndTip) {
  ASSERT_TRUE(add(anna_, {.price = 100, .tip = 10}).ok());
  EXPECT_FALSE(add(anna_, {.price = 109, .tip = 11}).refused.empty());
  EXPECT_FALSE(add(anna_, {.price = 110, .tip = 10}).refused.empty());
  const CheckedTx better = make_tx(anna_, {.price = 110, .tip = 11});
  EXPECT_TRUE(pool_.add(better, terms_at(10), rich()).ok());
  EXPECT_EQ(ids_of(pool_.choose(terms_at(10), kRoomy)), std::vector<TxId>{better.id()});
}

TEST_F(MempoolTest, ABlockTakesOutUsedSequencesAndWhatTheBalanceNoLongerCovers) {
  for (std::uint64_t i = 0; i < 4; ++i) ASSERT_TRUE(add(anna_, {.sequence = i}).ok());
  ASSERT_TRUE(add(ben_, {.sequence = 0}).ok());
  const CheckedTx third = make_tx(anna_, {.sequence = 2});
  Account after = rich(fee_max(third.tx().body, third.units())->droplets);
  after.set_next_sequence(0, 2);
  pool_.on_block(changed(anna_, after), 1'000'000);
  EXPECT_EQ(pool_.size().txs, 2U) << "two used, one not covered, Ben's untouched";
  EXPECT_TRUE(pool_.contains(third.id()));
  const auto chosen = ids_of(pool_.choose(terms_at(10), kRoomy));
  EXPECT_NE(std::find(chosen.begin(), chosen.end(), third.id()), chosen.end());
}

TEST_F(MempoolTest, ForgetsWhatExpired) {
  ASSERT_TRUE(add(anna_, {.expiry_ms = 1'000'500}).ok());
  ASSERT_TRUE(add(ben_, {.expiry_ms = 1'000'500}).ok());
  EXPECT_FALSE(pool_.has_includable(10, 1'000'501)) << "nobody waits for it";
  ASSERT_TRUE(add(anna_, {.expiry_ms = 1'000'500}).ok());
  EXPECT_TRUE(pool_.choose(terms_at(10, 1'000'501), kRoomy).empty()) << "never in a block";
  ASSERT_TRUE(add(anna_, {.sequence = 1, .expiry_ms = 1'000'500}).ok()) << "it waits for another";
  pool_.on_block({}, 1'010'000);
  EXPECT_EQ(pool_.size().txs, 0U);
}

TEST_F(MempoolTest, TellsItsListenerWhenATransactionIsReady) {
  int calls = 0;
  pool_.set_listener([&] { ++calls; });
  ASSERT_TRUE(add(anna_, {.sequence = 1}).ok());
  EXPECT_EQ(calls, 0) << "it waits for sequence 0";
  ASSERT_TRUE(add(anna_, {.sequence = 0}).ok());
  EXPECT_EQ(calls, 1);
}

TEST_F(MempoolTest, TellsItsArrivalListenerOfAllThatGotInAndOfNothingElse) {
  std::vector<TxId> arrived;
  pool_.set_arrival_listener([&](const PooledTx& tx) {
    EXPECT_TRUE(pool_.contains(tx->id())) << "called without locks held";
    arrived.push_back(tx->id());
  });
  const CheckedTx waiting = make_tx(anna_, {.sequence = 1});
  const CheckedTx ready = make_tx(anna_, {.sequence = 0});
  ASSERT_TRUE(pool_.add(waiting, terms_at(10), rich()).ok());
  ASSERT_TRUE(pool_.add(ready, terms_at(10), rich()).ok());
  EXPECT_TRUE(pool_.add(ready, terms_at(10), rich()).ok()) << "known";
  EXPECT_FALSE(add(ben_, {.price = 9}).ok()) << "refused";
  EXPECT_EQ(arrived, (std::vector<TxId>{waiting.id(), ready.id()}));
}

TEST_F(MempoolTest, HandsOutWhatItHoldsById) {
  const CheckedTx tx = make_tx(anna_, {});
  EXPECT_EQ(pool_.find(tx.id()), nullptr);
  ASSERT_TRUE(pool_.add(tx, terms_at(10), rich()).ok());
  const PooledTx found = pool_.find(tx.id());
  ASSERT_NE(found, nullptr);
  pool_.drop(tx.id());
  EXPECT_EQ(found->encoded(), tx.encoded()) << "whoever has it keeps it";
  EXPECT_EQ(pool_.find(tx.id()), nullptr);
}

TEST(MempoolBounds, AFullPoolGivesWayToWhoPaysMoreFromTheEndsOfLanes) {
  Mempool pool(MempoolOptions{.txs_max = 3, .account_txs_max = 3});
  const TestKey anna(1);
  const TestKey ben(2);
  for (std::uint64_t i = 0; i < 3; ++i)
    ASSERT_TRUE(pool.add(make_tx(anna, {.sequence = i, .tip = 3 - i}), terms_at(10), rich()).ok());
  EXPECT_FALSE(pool.add(make_tx(anna, {.sequence = 3}), terms_at(10), rich()).refused.empty());
  const CheckedTx equal = make_tx(ben, {.tip = 1});
  EXPECT_FALSE(pool.add(equal, terms_at(10), rich()).refused.empty()) << "who comes first stays";
  const CheckedTx better = make_tx(ben, {.tip = 2});
  EXPECT_TRUE(pool.add(better, terms_at(10), rich()).ok());
  EXPECT_EQ(pool.size().txs, 3U);
  EXPECT_FALSE(pool.contains(make_tx(anna, {.sequence = 2, .tip = 1}).id()));
  EXPECT_EQ(pool.choose(terms_at(10), kRoomy).size(), 3U) << "no gap was torn";
}

TEST(MempoolBounds, NobodyPushesOutWhatHeWouldWaitFor) {
  Mempool pool(MempoolOptions{.txs_max = 2});
  const TestKey anna(1);
  for (std::uint64_t i = 0; i < 2; ++i)
    ASSERT_TRUE(pool.add(make_tx(anna, {.sequence = i, .tip = 1}), terms_at(10), rich()).ok());
  EXPECT_FALSE(
      pool.add(make_tx(anna, {.sequence = 2, .tip = 9}), terms_at(10), rich()).refused.empty());
  EXPECT_EQ(pool.choose(terms_at(10), kRoomy).size(), 2U);
}

TEST(MempoolBounds, MemoryIsBoundedToo) {
  Mempool pool(MempoolOptions{.bytes_max = 10'000});
  std::size_t taken = 0;
  for (std::uint64_t i = 0; i < 50; ++i)
    taken += pool.add(make_tx(TestKey(i), {}), terms_at(10), rich()).ok() ? 1U : 0U;
  EXPECT_GT(taken, 2U);
  EXPECT_LT(taken, 10U);
}

// ---- the same as a plain list ----

TEST(MempoolProperty, DoesWhatAPlainListDoes) {
  SeededRng rng(11);
  std::vector<TestKey> keys;
  for (std::uint64_t i = 0; i < 6; ++i) keys.emplace_back(i);
  // All transactions that will ever be offered, signed once.
  std::vector<CheckedTx> offers;
  for (int i = 0; i < 1'500; ++i) {
    const std::uint64_t price = 10 + rng.below(30);
    offers.push_back(
        make_tx(keys[rng.below(keys.size())], {.sequence = rng.below(12),
                                               .price = price,
                                               .tip = rng.below(price),
                                               .lane = static_cast<std::uint8_t>(rng.below(2))}));
  }
  Mempool pool;
  Model model;
  std::map<Address, Account> accounts;
  for (const TestKey& key : keys) accounts[key.address] = rich();
  std::uint64_t arrivals = 0;
  std::size_t included = 0;
  for (int step = 0; step < 6'000; ++step) {
    const std::uint64_t base = 10 + rng.below(12);
    if (rng.below(20) != 0) {
      const CheckedTx& tx = offers[rng.below(offers.size())];
      const TxBody& body = tx.tx().body;
      const bool known = pool.contains(tx.id());
      const bool taken = pool.add(tx, terms_at(10), accounts[body.sender]).ok();
      if (known || !taken) {
        EXPECT_EQ(known, taken);
        continue;
      }
      EXPECT_GE(body.sequence, accounts[body.sender].next_sequence(body.lane));
      std::erase_if(model.items, [&](const Model::Item& item) {
        const TxBody& other = item.tx.tx().body;
        return other.sender == body.sender && other.lane == body.lane &&
               other.sequence == body.sequence;
      });
      model.items.push_back({tx, ++arrivals});
    } else {
      // A block of some of the best.
      const auto chosen = pool.choose(terms_at(base), {rng.below(6), 1'000'000, 1'000'000'000});
      Changes changes;
      for (const PooledTx& tx : chosen) {
        const TxBody& body = tx->tx().body;
        accounts[body.sender].set_next_sequence(body.lane, body.sequence + 1);
        changes[account_key(body.sender)] = bcs_encode(accounts[body.sender]);
        ++included;
      }
      pool.on_block(changes, 1'000'000);
      std::erase_if(model.items, [&](const Model::Item& item) {
        const TxBody& body = item.tx.tx().body;
        return body.sequence < accounts[body.sender].next_sequence(body.lane);
      });
    }
    EXPECT_EQ(pool.size().txs, model.items.size());
    EXPECT_EQ(ids_of(pool.choose(terms_at(base), {40, 10'000'000, 1'000'000'000})),
              model.choose(terms_at(base), accounts, 40));
    EXPECT_EQ(pool.has_includable(base, 1'000'000),
              !model.choose(terms_at(base), accounts, 1).empty());
  }
  EXPECT_GT(included, 50U);
}

}  // namespace
}  // namespace fog
