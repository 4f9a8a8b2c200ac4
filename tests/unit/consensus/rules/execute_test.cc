// One block: what is included and charged, what is refused without a trace, what makes the whole
// block invalid.
#include "consensus/rules/execute.h"

#include <gtest/gtest.h>

#include "tests/support/test_ledger.h"

namespace fog {
namespace {

using testing::make_transfer;
using testing::sign_tx;
using testing::TestKey;
using testing::TestLedger;

constexpr std::uint64_t kFunds = 1'000'000'000'000;

class ExecuteTest : public ::testing::Test {
 protected:
  TestKey alice{1};
  TestKey bob{2};
  TestKey carol{3};
  Genesis genesis = testing::test_genesis({alice, bob}, kFunds);
  TestLedger ledger{genesis};

  // The verdict of one transaction in a block of its own under construction.
  Result<TxOutcome, Fault> apply_one(const SignedTx& tx) const {
    auto checked = check_form(bcs_encode(tx), ledger.chain_id);
    if (!checked) return Fail{checked.error()};
    auto execution =
        BlockExecution::begin(ledger.state, ledger.parent_time_ms, ledger.next_header());
    CHECK(execution.has_value());
    auto outcome = execution->apply(*checked);
    if (!outcome) {
      EXPECT_EQ(execution->units_used(), 0U) << "no trace";
      EXPECT_FALSE(execution->has_content());
    }
    return outcome;
  }
  Fault refusal(const SignedTx& tx) const {
    const auto outcome = apply_one(tx);
    return outcome ? Fault::kNone : outcome.error();
  }
  SignedTx transfer(const TestKey& from, const Address& to, std::uint64_t droplets) const {
    return ledger.tx(from, {make_transfer(to, droplets)});
  }
};

TEST_F(ExecuteTest, ATransferMovesMoneyAndPaysItsFee) {
  const SignedTx tx = transfer(alice, bob.address, 5'000);
  const std::uint64_t units = tx_units(tx, bcs_encode(tx).size());
  const auto result = ledger.run({tx});
  ASSERT_TRUE(result.has_value());
  ASSERT_EQ(result->outcomes.size(), 1U);
  const TxOutcome& outcome = result->outcomes[0];
  EXPECT_EQ(outcome.fault, 0);
  EXPECT_EQ(outcome.units, units);
  EXPECT_EQ(outcome.fee_burned, Amount{units * 10});
  EXPECT_EQ(outcome.fee_tip, Amount{units * 1});
  EXPECT_EQ(ledger.balance(alice.address), kFunds - 5'000 - units * 11);
  EXPECT_EQ(ledger.balance(bob.address), kFunds + 5'000);
  EXPECT_EQ(load<EpochTally>(ledger.state, epoch_tally_key())->validators[0].tips, Amount{units})
      << "the tip waits for the end of the epoch";
  EXPECT_EQ(load<Supply>(ledger.state, supply_key())->burned, Amount{units * 10});
  EXPECT_TRUE(ledger.supply().conserved());
}

TEST_F(ExecuteTest, AMessageThatFailsPaysAndRecordsItsFault) {
  const SignedTx tx =
      ledger.tx(alice, {make_transfer(bob.address, 1'000), make_transfer(bob.address, kFunds * 2)});
  const std::uint64_t units = tx_units(tx, bcs_encode(tx).size());
  const auto result = ledger.run({tx});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->outcomes[0].fault, static_cast<std::uint16_t>(Fault::kInsufficientFunds));
  EXPECT_EQ(result->outcomes[0].failed_message, 1);
  EXPECT_EQ(ledger.balance(bob.address), kFunds) << "the first message is undone too";
  EXPECT_EQ(ledger.balance(alice.address), kFunds - units * 11);
  EXPECT_EQ(ledger.run({tx}).error(), Fault::kBlockBadTransaction) << "its sequence is used";
}

TEST_F(ExecuteTest, EveryLedgerFaultIsRecorded) {
  const Address nobody = carol.address;
  Transfer overflow;
  overflow.outputs.push_back({bob.address, Amount{~std::uint64_t{0}}});
  overflow.outputs.push_back({bob.address, Amount{1}});
  const std::vector<std::pair<Fault, RawMessage>> cases{
      {Fault::kInsufficientFunds, make_transfer(bob.address, kFunds)},  // the fee went first
      {Fault::kAmountOverflow, make_message(overflow)},
      {Fault::kZeroAmount, make_transfer(bob.address, 0)},
      {Fault::kZeroAmount, make_message(Transfer{})},
      {Fault::kBelowCreation, make_transfer(nobody, 9'999)},
  };
  for (const auto& [fault, message] : cases) {
    const auto result = ledger.run({ledger.tx(alice, {message})});
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(static_cast<Fault>(result->outcomes[0].fault), fault);
    EXPECT_TRUE(ledger.supply().conserved());
  }
}

TEST_F(ExecuteTest, WhatCannotBeIncludedLeavesNoTrace) {
  const TxBody good = ledger.body(alice, {make_transfer(bob.address, 5)});
  const auto refusal_after = [&](auto change) {
    TxBody body = good;
    change(body);
    return refusal(sign_tx(body, alice));
  };
  EXPECT_EQ(refusal_after([](TxBody&) {}), Fault::kNone);
  EXPECT_EQ(refusal_after([](TxBody& b) { b.expiry_ms = 1; }), Fault::kExpired);
  EXPECT_EQ(refusal_after([](TxBody& b) { b.expiry_ms = ~std::uint64_t{0}; }),
            Fault::kExpiryTooFar);
  EXPECT_EQ(refusal_after([](TxBody& b) { b.sequence = 1; }), Fault::kSequenceGap);
  EXPECT_EQ(refusal_after([](TxBody& b) {
              b.price_max = 9;
              b.tip = 0;
            }),
            Fault::kFeeTooLow);
  EXPECT_EQ(refusal_after([](TxBody& b) { b.price_max = kFunds; }), Fault::kCannotPayFee);
  EXPECT_EQ(refusal_after([](TxBody& b) { b.messages[0].kind = 999; }), Fault::kUnknownMessage);
  EXPECT_EQ(refusal_after([](TxBody& b) { b.messages[0].payload.pop_back(); }),
            Fault::kMalformedMessage);
  EXPECT_EQ(refusal(transfer(carol, bob.address, 5)), Fault::kNoAccount);
}

TEST_F(ExecuteTest, AReplayIsRefusedInTheSameBlockAndLater) {
  const SignedTx tx = transfer(alice, bob.address, 5);
  EXPECT_EQ(ledger.execute(ledger.make_block({tx, tx})).error(), Fault::kBlockBadTransaction);
  ASSERT_TRUE(ledger.run({tx}).has_value());
  EXPECT_EQ(refusal(tx), Fault::kSequenceTooLow);
}

TEST_F(ExecuteTest, LanesDoNotWaitForEachOther) {
  std::vector<SignedTx> txs;
  for (std::uint8_t lane = 0; lane < kLanes; ++lane) {
    for (std::uint64_t sequence = 0; sequence < 2; ++sequence) {
      TxBody body = ledger.body(alice, {make_transfer(bob.address, 1)});
      body.lane = static_cast<std::uint8_t>(15 - lane);
      body.sequence = sequence;
      txs.push_back(sign_tx(body, alice));
    }
  }
  const auto result = ledger.run(txs);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(ledger.balance(bob.address), kFunds + 32);
  TxBody late = ledger.body(alice, {make_transfer(bob.address, 1)});
  late.lane = 4;
  late.sequence = 1;
  EXPECT_EQ(refusal(sign_tx(late, alice)), Fault::kSequenceTooLow);
  late.sequence = 2;
  EXPECT_EQ(refusal(sign_tx(late, alice)), Fault::kNone);
}

TEST_F(ExecuteTest, MoneyReceivedInABlockCanBeSpentInIt) {
  TxBody spend = testing::make_body(carol.address, 0, {make_transfer(bob.address, 1'000)},
                                    ledger.parent_time_ms + 1'000);
  spend.chain_id = ledger.chain_id;
  const auto result =
      ledger.run({transfer(alice, carol.address, 500'000'000), sign_tx(spend, carol)});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->outcomes[1].fault, 0);
  EXPECT_EQ(ledger.balance(bob.address), kFunds + 1'000);
}

TEST_F(ExecuteTest, AMultisigAccountSpendsWithItsThreshold) {
  MultisigPolicy policy;
  policy.threshold = 2;
  std::vector<const TestKey*> keys{&alice, &bob, &carol};
  std::sort(keys.begin(), keys.end(),
            [](const TestKey* a, const TestKey* b) { return a->public_key < b->public_key; });
  for (const TestKey* key : keys) policy.keys.push_back(key->public_key);
  const Address shared = address_of(policy);
  ASSERT_TRUE(ledger.run({transfer(alice, shared, 1'000'000'000)}).has_value());
  TxBody body =
      testing::make_body(shared, 0, {make_transfer(bob.address, 7)}, ledger.parent_time_ms + 1'000);
  body.chain_id = ledger.chain_id;
  const auto result = ledger.run({testing::sign_multi(body, policy, {{0, keys[0]}, {2, keys[2]}})});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->outcomes[0].fault, 0);
  EXPECT_EQ(ledger.balance(bob.address), kFunds + 7);
}

// ---- the block ----

TEST_F(ExecuteTest, TimeMustExceedTheParents) {
  const Block same = ledger.make_block({transfer(alice, bob.address, 5)}, 0);
  EXPECT_EQ(ledger.execute(same).error(), Fault::kBlockBadTime);
  EXPECT_TRUE(ledger.execute(ledger.make_block({transfer(alice, bob.address, 5)}, 1)).has_value());
}

TEST_F(ExecuteTest, TheHeaderMustFitTheStateAndTheTransactions) {
  const Block good = ledger.make_block({transfer(alice, bob.address, 5)});
  Block bad = good;
  bad.header.tx_root.data[0] ^= 1;
  EXPECT_EQ(ledger.execute(bad).error(), Fault::kBlockBadTxRoot);
  bad = good;
  bad.header.validators_hash.data[0] ^= 1;
  EXPECT_EQ(ledger.execute(bad).error(), Fault::kBlockBadValidators);
  bad = good;
  bad.header.proposer = bob.secret.x_only_key();
  EXPECT_EQ(ledger.execute(bad).error(), Fault::kBlockBadProposer);
  bad = good;
  bad.header.beacon->link.data[0] ^= 1;
  EXPECT_EQ(ledger.execute(bad).error(), Fault::kBlockBadBeacon);
}

TEST_F(ExecuteTest, ALinkIsRevealedExactlyWhenTheBlockWrites) {
  Block silent = ledger.make_block({transfer(alice, bob.address, 5)});
  silent.header.beacon.reset();
  EXPECT_EQ(ledger.execute(silent).error(), Fault::kBlockBadBeacon) << "transactions, no link";
  const Block talkative = ledger.make_block({});
  EXPECT_EQ(ledger.execute(talkative).error(), Fault::kBlockBadBeacon) << "a link for nothing";
}

TEST_F(ExecuteTest, AnIdleBlockWritesNothing) {
  ASSERT_TRUE(ledger.run({transfer(alice, bob.address, 5)}).has_value());
  const Hash32 root = ledger.root();
  for (int i = 0; i < 5; ++i) {
    Block idle;
    idle.header = ledger.next_header(60'000, false);
    const auto result = ledger.execute(idle);
    ASSERT_TRUE(result.has_value());
    EXPECT_TRUE(result->changes.empty());
    ledger.commit(idle.header, result->changes);
  }
  EXPECT_EQ(ledger.root(), root) << "an idle chain's app hash stands still";
}

TEST_F(ExecuteTest, ABlockTakesAsManyUnitsAsItMayAndNoMore) {
  const SignedTx first = transfer(alice, bob.address, 5);
  const std::uint64_t units = tx_units(first, bcs_encode(first).size());
  genesis.params.block_units_target = 1;
  genesis.params.block_units_max = 2 * units;
  TestLedger small(genesis);
  std::vector<SignedTx> txs;
  for (std::uint64_t sequence = 0; sequence < 3; ++sequence) {
    TxBody body = small.body(alice, {make_transfer(bob.address, 5)});
    body.sequence = sequence;
    txs.push_back(sign_tx(body, alice));
  }
  EXPECT_EQ(small.execute(small.make_block(txs)).error(), Fault::kBlockTooLarge);
  txs.pop_back();
  EXPECT_TRUE(small.execute(small.make_block(txs)).has_value());
}

TEST_F(ExecuteTest, FullBlocksRaiseTheBasePriceAndTimeLowersIt) {
  genesis.params.block_units_target = 1;
  genesis.params.base_price_min = 16;
  TestLedger busy(genesis);
  ASSERT_TRUE(busy.run({busy.tx(alice, {make_transfer(bob.address, 5)})}).has_value());
  EXPECT_EQ(load<FeeMarket>(busy.state, fee_market_key()), (FeeMarket{18, busy.parent_time_ms}));
  TxBody cheap = busy.body(alice, {make_transfer(bob.address, 5)});
  cheap.price_max = 17;
  EXPECT_EQ(busy.execute(busy.make_block({sign_tx(cheap, alice)})).error(),
            Fault::kBlockBadTransaction);
  EXPECT_TRUE(busy.execute(busy.make_block({sign_tx(cheap, alice)}, 1'000)).has_value());
}

TEST_F(ExecuteTest, TheSameBlockTwiceGivesTheSameChanges) {
  const Block block = ledger.make_block(
      {transfer(alice, carol.address, 50'000), transfer(bob, carol.address, 60'000)});
  const auto once = ledger.execute(block);
  const auto twice = ledger.execute(block);
  ASSERT_TRUE(once.has_value() && twice.has_value());
  EXPECT_EQ(once->changes, twice->changes);
  EXPECT_EQ(once->outcomes, twice->outcomes);
}

TEST_F(ExecuteTest, BuildingAndVerifyingABlockAgree) {
  const std::vector<SignedTx> candidates{transfer(alice, bob.address, 5),
                                         transfer(carol, bob.address, 5),  // no account
                                         transfer(bob, alice.address, 7)};
  auto building = BlockExecution::begin(ledger.state, ledger.parent_time_ms, ledger.next_header());
  ASSERT_TRUE(building.has_value());
  std::vector<SignedTx> included;
  for (const SignedTx& tx : candidates) {
    const auto checked = check_form(bcs_encode(tx), ledger.chain_id);
    ASSERT_TRUE(checked.has_value());
    if (building->apply(*checked)) included.push_back(tx);
  }
  EXPECT_EQ(included.size(), 2U);
  const BlockResult built = std::move(*building).finish();
  const auto verified = ledger.execute(ledger.make_block(included));
  ASSERT_TRUE(verified.has_value());
  EXPECT_EQ(built.changes, verified->changes);
  EXPECT_EQ(built.outcomes, verified->outcomes);
}

TEST_F(ExecuteTest, ConservationNoticesADropletTooMany) {
  Overlay overlay(ledger.state);
  EXPECT_TRUE(conserves_supply(ledger.state, overlay.changes()));
  Account account = *load<Account>(ledger.state, account_key(alice.address));
  account.balance += Amount{1};
  store(overlay, account_key(alice.address), account);
  EXPECT_FALSE(conserves_supply(ledger.state, overlay.changes()));
  Supply supply = *load<Supply>(ledger.state, supply_key());
  supply.minted += Amount{1};
  store(overlay, supply_key(), supply);
  EXPECT_TRUE(conserves_supply(ledger.state, overlay.changes())) << "minted, so it may exist";
  supply.burned += Amount{1};
  store(overlay, supply_key(), supply);
  EXPECT_FALSE(conserves_supply(ledger.state, overlay.changes()));
}

}  // namespace
}  // namespace fog
