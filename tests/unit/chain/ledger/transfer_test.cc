// Transfer and money: every output arrives or none does, and what is not held was burned.
#include "chain/ledger/transfer.h"

#include <gtest/gtest.h>

#include "tests/support/memory_state.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/test_chain.h"

namespace fog {
namespace {

using testing::TestKey;

class TransferTest : public ::testing::Test {
 protected:
  void SetUp() override {
    base.put(chain_params_key(), bcs_encode(params));
    base.put(supply_key(), bcs_encode(Supply{Amount{1'000'000}, Amount{0}}));
    set_balance(alice, 900'000);
    set_balance(bob, 100'000);
  }
  void set_balance(const Address& address, std::uint64_t droplets) {
    Account account;
    account.balance = Amount{droplets};
    account.set_next_sequence(0, 3);
    base.put(account_key(address), bcs_encode(account));
  }
  Fault transfer(std::initializer_list<std::pair<Address, std::uint64_t>> outputs) {
    Transfer message;
    for (const auto& [to, droplets] : outputs) message.outputs.push_back({to, Amount{droplets}});
    TxContext tx;
    tx.sender = alice;
    Overlay overlay(state);
    const Fault fault = apply(overlay, BlockContext{}, tx, message);
    if (fault == Fault::kNone) state.merge(std::move(overlay).take_changes());
    return fault;
  }
  std::optional<std::uint64_t> balance(const Address& address) const {
    const auto account = load<Account>(state, account_key(address));
    if (!account) return std::nullopt;
    return account->balance.droplets;
  }
  std::uint64_t burned() const { return load<Supply>(state, supply_key())->burned.droplets; }

  ChainParams params;  // creation burn 10 000
  testing::MemoryState base;
  Overlay state{base};
  Address alice = TestKey{1}.address;
  Address bob = TestKey{2}.address;
  Address carol = TestKey{3}.address;
};

TEST_F(TransferTest, MovesEachOutput) {
  EXPECT_EQ(transfer({{bob, 1'000}, {bob, 500}}), Fault::kNone);
  EXPECT_EQ(balance(alice), 898'500U);
  EXPECT_EQ(balance(bob), 101'500U);
  EXPECT_EQ(burned(), 0U);
}

TEST_F(TransferTest, MovesAllThatThereIsAndNotADropletMore) {
  EXPECT_EQ(transfer({{bob, 900'001}}), Fault::kInsufficientFunds);
  EXPECT_EQ(transfer({{bob, 900'000}}), Fault::kNone);
  EXPECT_EQ(balance(alice), 0U);
}

TEST_F(TransferTest, ToOneselfChangesNothing) {
  EXPECT_EQ(transfer({{alice, 900'000}}), Fault::kNone);
  EXPECT_EQ(balance(alice), 900'000U);
  EXPECT_EQ(transfer({{alice, 900'001}}), Fault::kInsufficientFunds);
}

TEST_F(TransferTest, AFirstPaymentCreatesTheAccountAndBurnsItsPrice) {
  EXPECT_EQ(transfer({{carol, 25'000}}), Fault::kNone);
  EXPECT_EQ(balance(carol), 15'000U);
  EXPECT_EQ(burned(), 10'000U);
  EXPECT_EQ(transfer({{carol, 1}}), Fault::kNone) << "only the first payment burns";
  EXPECT_EQ(balance(carol), 15'001U);
}

TEST_F(TransferTest, AFirstPaymentMayJustCoverTheBurn) {
  EXPECT_EQ(transfer({{carol, 9'999}}), Fault::kBelowCreation);
  EXPECT_EQ(balance(carol), std::nullopt);
  EXPECT_EQ(transfer({{carol, 10'000}}), Fault::kNone);
  EXPECT_EQ(balance(carol), 0U);
}

TEST_F(TransferTest, OneBadOutputStopsAllOfThem) {
  EXPECT_EQ(transfer({{bob, 5}, {carol, 1}}), Fault::kBelowCreation);
  EXPECT_EQ(balance(alice), 900'000U);
  EXPECT_EQ(balance(bob), 100'000U);
}

TEST_F(TransferTest, RefusesZeroAndNothing) {
  EXPECT_EQ(transfer({}), Fault::kZeroAmount);
  EXPECT_EQ(transfer({{bob, 5}, {bob, 0}}), Fault::kZeroAmount);
}

TEST_F(TransferTest, RefusesSumsBeyondSixtyFourBits) {
  EXPECT_EQ(transfer({{bob, ~std::uint64_t{0}}, {bob, 1}}), Fault::kAmountOverflow);
  EXPECT_EQ(transfer({{bob, ~std::uint64_t{0}}}), Fault::kInsufficientFunds);
}

TEST_F(TransferTest, KeepsTheLanesOfBothSides) {
  EXPECT_EQ(transfer({{bob, 5}}), Fault::kNone);
  EXPECT_EQ(load<Account>(state, account_key(alice))->next_sequence(0), 3U);
  EXPECT_EQ(load<Account>(state, account_key(bob))->next_sequence(0), 3U);
}

TEST_F(TransferTest, ABurnBeyondWhatWasMintedIsOurBug) {
  EXPECT_DEATH(burn(state, Amount{1'000'001}), "minted");
  burn(state, Amount{1'000'000});
  EXPECT_EQ(burned(), 1'000'000U);
}

TEST_F(TransferTest, CreditNeedsAnAccountAndDebitSaysThereIsNone) {
  EXPECT_DEATH(credit(state, carol, Amount{1}), "account");
  EXPECT_EQ(debit(state, carol, Amount{1}), Fault::kInsufficientFunds);
  credit(state, bob, Amount{1});
  EXPECT_EQ(balance(bob), 100'001U);
}

// Random transfers keep balances + burned constant, whatever succeeds or fails.
TEST_F(TransferTest, NothingAppearsOrVanishes) {
  testing::SeededRng rng(6);
  std::vector<Address> all{alice, bob};
  for (std::uint64_t i = 3; i < 10; ++i) all.push_back(TestKey{i}.address);
  for (int i = 0; i < 2'000; ++i) {
    Transfer message;
    const std::uint64_t outputs = rng.below(4);
    for (std::uint64_t o = 0; o < outputs; ++o) {
      message.outputs.push_back({all[rng.below(all.size())], Amount{rng.below(60'000)}});
    }
    TxContext tx;
    tx.sender = all[rng.below(all.size())];
    Overlay overlay(state);
    if (apply(overlay, BlockContext{}, tx, message) == Fault::kNone) {
      state.merge(std::move(overlay).take_changes());
    }
    std::uint64_t sum = burned();
    for (const Address& address : all) sum += balance(address).value_or(0);
    ASSERT_EQ(sum, 1'000'000U);
  }
  EXPECT_GT(burned(), 0U);
}

}  // namespace
}  // namespace fog
