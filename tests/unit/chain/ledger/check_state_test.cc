// check_state: whether a transaction could be included now. Each refusal, its edge, and its order.
#include <gtest/gtest.h>

#include "chain/ledger/check.h"
#include "tests/support/memory_state.h"
#include "tests/support/test_chain.h"

namespace fog {
namespace {

using testing::make_body;
using testing::make_transfer;
using testing::TestKey;

constexpr std::uint64_t kNow = 1'000'000;

class CheckState : public ::testing::Test {
 protected:
  void SetUp() override {
    state.put(chain_params_key(), bcs_encode(params));
    state.put(fee_market_key(), bcs_encode(FeeMarket{10, kNow}));
    Account account;
    account.balance = Amount{1'000'000'000};
    account.set_next_sequence(0, 7);
    set_account(account);
  }
  void set_account(const Account& account) {
    state.put(account_key(alice.address), bcs_encode(account));
  }
  // The verdict on alice's next transaction after a change.
  template <class Change>
  Fault verdict(Change change) const {
    TxBody body = make_body(alice.address, 7, {make_transfer(bob.address, 5)});
    change(body);
    const auto checked =
        check_form(bcs_encode(testing::sign_tx(body, alice)), testing::test_chain_id());
    CHECK(checked.has_value());
    const auto decoded = decode_tx(checked->encoded(), testing::test_chain_id());
    CHECK(decoded.has_value());
    const Fault fault = check_state(state, *checked, kNow);
    EXPECT_EQ(check_state(state, *decoded, kNow), fault) << "the cheap look agrees";
    return fault;
  }
  Fault verdict() const {
    return verdict([](TxBody&) {});
  }
  std::uint64_t units() const {
    const SignedTx tx =
        testing::sign_tx(make_body(alice.address, 7, {make_transfer(bob.address, 5)}), alice);
    return tx_units(tx, bcs_encode(tx).size());
  }
  ChainParams params;
  testing::MemoryState state;
  TestKey alice{1};
  TestKey bob{2};
};

TEST_F(CheckState, AcceptsTheLanesNext) {
  EXPECT_EQ(verdict(), Fault::kNone);
  EXPECT_EQ(verdict([](TxBody& b) {
              b.lane = 9;
              b.sequence = 0;
            }),
            Fault::kNone)
      << "another lane counts from zero";
}

TEST_F(CheckState, ExpiryIsTheLastTimeAtWhichItMayEnter) {
  EXPECT_EQ(verdict([](TxBody& b) { b.expiry_ms = kNow; }), Fault::kNone);
  EXPECT_EQ(verdict([](TxBody& b) { b.expiry_ms = kNow - 1; }), Fault::kExpired);
  EXPECT_EQ(verdict([](TxBody& b) { b.expiry_ms = 0; }), Fault::kExpired);
}

TEST_F(CheckState, ExpiryMayNotLieFurtherThanTheChainRemembers) {
  const std::uint64_t last = kNow + params.expiry_ahead_max_ms;
  EXPECT_EQ(verdict([&](TxBody& b) { b.expiry_ms = last; }), Fault::kNone);
  EXPECT_EQ(verdict([&](TxBody& b) { b.expiry_ms = last + 1; }), Fault::kExpiryTooFar);
  EXPECT_EQ(verdict([](TxBody& b) { b.expiry_ms = ~std::uint64_t{0}; }), Fault::kExpiryTooFar);
}

TEST_F(CheckState, AReplayAndAGapAreRefused) {
  EXPECT_EQ(verdict([](TxBody& b) { b.sequence = 6; }), Fault::kSequenceTooLow);
  EXPECT_EQ(verdict([](TxBody& b) { b.sequence = 0; }), Fault::kSequenceTooLow);
  EXPECT_EQ(verdict([](TxBody& b) { b.sequence = 8; }), Fault::kSequenceGap);
  EXPECT_EQ(verdict([](TxBody& b) {
              b.lane = 1;
              b.sequence = 1;
            }),
            Fault::kSequenceGap);
}

TEST_F(CheckState, ThePriceMustReachTheBasePriceOfTheBlocksTime) {
  EXPECT_EQ(verdict([](TxBody& b) { b.price_max = 10; }), Fault::kNone);
  EXPECT_EQ(verdict([](TxBody& b) { b.price_max = 9; }), Fault::kFeeTooLow);
  state.put(fee_market_key(), bcs_encode(FeeMarket{80, kNow}));
  EXPECT_EQ(verdict([](TxBody& b) { b.price_max = 79; }), Fault::kFeeTooLow);
  state.put(fee_market_key(), bcs_encode(FeeMarket{80, kNow - 1'000}));
  EXPECT_EQ(verdict([](TxBody& b) { b.price_max = 70; }), Fault::kNone) << "decayed by an eighth";
  EXPECT_EQ(verdict([](TxBody& b) { b.price_max = 69; }), Fault::kFeeTooLow);
}

TEST_F(CheckState, TheBalanceMustCoverTheMaximumFee) {
  Account account;
  account.set_next_sequence(0, 7);
  account.balance = Amount{units() * 20};
  set_account(account);
  EXPECT_EQ(verdict(), Fault::kNone);
  account.balance -= Amount{1};
  set_account(account);
  EXPECT_EQ(verdict(), Fault::kCannotPayFee);
}

TEST_F(CheckState, AFeeBeyondSixtyFourBitsCannotBePaid) {
  Account account;
  account.set_next_sequence(0, 7);
  account.balance = Amount{~std::uint64_t{0}};
  set_account(account);
  EXPECT_EQ(verdict([](TxBody& b) { b.price_max = ~std::uint64_t{0}; }), Fault::kCannotPayFee);
}

TEST_F(CheckState, ATransactionLargerThanAnyBlockNeverFits) {
  params.block_units_max = units();
  state.put(chain_params_key(), bcs_encode(params));
  EXPECT_EQ(verdict(), Fault::kNone);
  --params.block_units_max;
  state.put(chain_params_key(), bcs_encode(params));
  EXPECT_EQ(verdict(), Fault::kBlockFull);
}

TEST_F(CheckState, ASenderWithoutAccountIsRefused) {
  const TxBody body = make_body(bob.address, 0, {make_transfer(alice.address, 5)});
  const auto checked =
      check_form(bcs_encode(testing::sign_tx(body, bob)), testing::test_chain_id());
  ASSERT_TRUE(checked.has_value());
  EXPECT_EQ(check_state(state, *checked, kNow), Fault::kNoAccount);
}

TEST(Fees, AreSplitIntoBurnedAndTip) {
  TxBody body;
  body.price_max = 30;
  body.tip = 5;
  const auto split = fee_of(body, 100, 20);
  ASSERT_TRUE(split.has_value());
  EXPECT_EQ(split->burned, Amount{2'000});
  EXPECT_EQ(split->tip, Amount{500});
}

TEST(Fees, TheTipGivesWayToTheMaximum) {
  TxBody body;
  body.price_max = 22;
  body.tip = 5;
  EXPECT_EQ(fee_of(body, 100, 20)->tip, Amount{200});
  EXPECT_EQ(fee_of(body, 100, 22)->tip, Amount{0});
  EXPECT_EQ(fee_of(body, 100, 22)->burned, Amount{2'200});
}

TEST(Fees, OverflowIsNoFee) {
  TxBody body;
  body.price_max = ~std::uint64_t{0};
  body.tip = ~std::uint64_t{0};
  EXPECT_EQ(fee_of(body, 2, 20), std::nullopt);
  EXPECT_EQ(fee_max(body, 2), std::nullopt);
  EXPECT_EQ(fee_max(body, 1), Amount{~std::uint64_t{0}});
  EXPECT_TRUE(fee_of(body, 1, 20).has_value());
}

TEST(FeesDeathTest, ABasePriceAboveTheMaximumIsOurBug) {
  TxBody body;
  body.price_max = 5;
  EXPECT_DEATH((void)fee_of(body, 1, 6), "price_max");
}

}  // namespace
}  // namespace fog
