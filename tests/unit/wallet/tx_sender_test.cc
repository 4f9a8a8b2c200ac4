// A sender takes messages to a final block through thick and thin, and never pays twice.
#include "wallet/tx_sender.h"

#include <functional>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"
#include "tests/support/test_chain.h"
#include "wallet/multisig.h"

namespace fog::wallet {
namespace {

using testing::SeededRng;
using testing::test_chain_id;
using testing::TestKey;

ErrorCode code_of(const auto& result) {
  EXPECT_FALSE(result);
  return result ? ErrorCode::kIo : result.error().code;
}
bool says(const auto& result, std::string_view text) {
  return !result && result.error().context.find(text) != std::string::npos;
}

class StillClock final : public Clock {
 public:
  std::uint64_t wall_ms() override { return 1'000'000; }
  std::uint64_t monotonic_ns() override { return now_ns += 1'000'000; }
  std::uint64_t now_ns = 0;
};

// A chain of one account: it finalizes a submitted transaction when it is waited for.
class OneAccountNode final : public NodeApi {
 public:
  explicit OneAccountNode(const Address& address) : address_(address) {
    account.balance = Amount{1'000'000'000};
  }

  ErrorOr<ChainStatus> status() override {
    if (down > 0) return fall();
    ChainStatus out;
    out.chain_id = test_chain_id();
    out.time_ms = time_ms;
    out.base_price = base_price;
    return out;
  }
  ErrorOr<std::vector<SubmitReply>> submit(const std::vector<Bytes>& txs) override {
    ++submissions;
    const auto tx = bcs_decode<SignedTx>(txs.at(0));
    EXPECT_TRUE(tx);
    seen.push_back(tx->body);
    const TxId id = tx_id(tx->body);
    SubmitReply reply = judge ? judge(tx->body) : SubmitReply{};
    reply.id = id;
    if (reply.fault == Fault::kNone && reply.refused.empty() && !lose_submissions) {
      pending[id] = tx->body;
    }
    if (lose_answers) return fail(ErrorCode::kNetwork, "connection lost");
    return std::vector<SubmitReply>{reply};
  }
  ErrorOr<TxStatus> transaction(const TxId& id) override {
    if (down > 0) return fall();
    const auto at = final.find(id);
    if (at != final.end()) return at->second;
    TxStatus out;
    out.place = pending.count(id) > 0 ? TxPlace::kPending : TxPlace::kUnknown;
    return out;
  }
  ErrorOr<TxStatus> wait_transaction(const TxId& id, std::uint64_t) override {
    if (down > 0) return fall();
    const auto at = pending.find(id);
    if (at != pending.end() && !stalled) {
      account.set_next_sequence(at->second.lane, at->second.sequence + 1);
      TxStatus out;
      out.place = TxPlace::kFinal;
      out.height = 9;
      out.outcome = outcome;
      final[id] = out;
      pending.erase(at);
    }
    return transaction(id);
  }
  ErrorOr<std::vector<std::optional<Bytes>>> state_get(const std::vector<StateKey>& keys) override {
    EXPECT_EQ(keys.at(0), account_key(address_));
    std::optional<Bytes> value;
    if (has_account) value = bcs_encode(account);
    return std::vector<std::optional<Bytes>>{value};
  }
  ErrorOr<ChainStatus> wait_height(std::uint64_t, std::uint64_t) override { return status(); }
  ErrorOr<BlockInfo> block(std::uint64_t) override { return unused(); }
  ErrorOr<StatePage> state_scan(const StateKey&, const StateKey&, std::uint32_t) override {
    return unused();
  }
  ErrorOr<StateProof> state_proof(const StateKey&) override { return unused(); }
  ErrorOr<std::vector<SubmitEvidence>> evidence() override { return unused(); }
  ErrorOr<SyncReport> sync_report() override { return unused(); }
  ErrorOr<Checkpoint> checkpoint() override { return unused(); }
  ErrorOr<SupplyReport> verify_supply() override { return unused(); }

  Account account;
  bool has_account = true;
  std::uint64_t time_ms = 1'000'000;
  std::uint64_t base_price = 10;
  TxOutcome outcome;
  int submissions = 0;
  int down = 0;  // so many calls fail
  bool stalled = false;
  bool lose_submissions = false;
  bool lose_answers = false;
  std::function<SubmitReply(const TxBody&)> judge;
  std::vector<TxBody> seen;
  std::map<TxId, TxBody> pending;
  std::map<TxId, TxStatus> final;

 private:
  Fail<Error> fall() {
    --down;
    return fail(ErrorCode::kNetwork, "cannot reach the node");
  }
  static Fail<Error> unused() { return fail(ErrorCode::kUnavailable, "not part of this test"); }
  Address address_;
};

class TxSenderTest : public ::testing::Test {
 protected:
  ErrorOr<Sent> send(const SendOptions& options = {}, std::uint64_t timeout_ms = 1'000) {
    return sender_.send({*make_transfer({{TestKey(2).address, Amount{500}}})}, options, timeout_ms);
  }
  static SubmitReply reply(Fault fault) { return {TxId{}, fault, ""}; }

  TestKey key_{1};
  KeySigner signer_{key_.secret};
  StillClock clock_;
  SeededRng rng_{1};
  OneAccountNode node_{key_.address};
  TxSender sender_{node_, signer_, clock_, rng_};
};

TEST_F(TxSenderTest, SendsAndReportsTheBlock) {
  node_.outcome.fee_burned = Amount{100};
  node_.outcome.fee_tip = Amount{10};
  const auto sent = send();
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->height, 9U);
  EXPECT_EQ(sent->fee(), Amount{110});
  ASSERT_EQ(node_.seen.size(), 1U);
  const TxBody& body = node_.seen[0];
  EXPECT_EQ(body.chain_id, test_chain_id());
  EXPECT_EQ(body.sender, key_.address);
  EXPECT_EQ(body.sequence, 0U);
  EXPECT_EQ(body.price_max, suggest_fee(10).price_max);
  EXPECT_EQ(body.expiry_ms, 1'000'000U + SendOptions{}.ttl_ms);
}

TEST_F(TxSenderTest, OnAnIdleChainTheExpiryCountsFromNow) {
  node_.time_ms = 5;
  ASSERT_TRUE(send());
  EXPECT_EQ(node_.seen[0].expiry_ms, 1'000'000U + SendOptions{}.ttl_ms);
}

TEST_F(TxSenderTest, FollowsTheLanesSequence) {
  SendOptions options;
  options.lane = 5;
  node_.account.set_next_sequence(5, 41);
  ASSERT_TRUE(send(options));
  ASSERT_TRUE(send(options));
  EXPECT_EQ(node_.seen[0].sequence, 41U);
  EXPECT_EQ(node_.seen[1].sequence, 42U);
}

TEST_F(TxSenderTest, SeveralUnderWayTakeLanesOfTheirOwn) {
  std::set<std::uint8_t> lanes;
  std::vector<ReadyTx> ready;
  for (int i = 0; i < kLanes; ++i) {
    ready.push_back(*sender_.prepare({*make_transfer({{TestKey(2).address, Amount{1}}})}));
    lanes.insert(ready.back().body.lane);
    EXPECT_EQ(ready.back().body.sequence, 0U);
  }
  EXPECT_EQ(lanes.size(), kLanes);
  const auto next = sender_.prepare({*make_transfer({{TestKey(2).address, Amount{1}}})});
  EXPECT_EQ(next->body.sequence, 1U) << "behind one that is under way";
}

TEST_F(TxSenderTest, AFailedMessageIsExplained) {
  node_.outcome.fault = static_cast<std::uint16_t>(Fault::kInsufficientFunds);
  node_.outcome.fee_burned = Amount{77};
  const auto sent = send();
  EXPECT_EQ(code_of(sent), ErrorCode::kRejected);
  EXPECT_TRUE(says(sent, std::string(fault_name(Fault::kInsufficientFunds))));
  EXPECT_TRUE(says(sent, "block 9"));
  EXPECT_TRUE(says(sent, "0.000000077 FOG"));
  EXPECT_EQ(node_.submissions, 1);
}

TEST_F(TxSenderTest, WithoutAnAccountOrMoneyNothingIsSent) {
  node_.has_account = false;
  EXPECT_EQ(code_of(send()), ErrorCode::kNotFound);
  node_.has_account = true;
  node_.account.balance = Amount{10};
  EXPECT_TRUE(says(send(), "does not cover the highest fee"));
  // Enough for the fee and the 500 it sends, or one droplet short of it.
  const auto ready = sender_.prepare({*make_transfer({{TestKey(2).address, Amount{500}}})});
  EXPECT_EQ(code_of(ready), ErrorCode::kExhausted);
  EXPECT_EQ(node_.submissions, 0);
}

TEST_F(TxSenderTest, MoneyForFeeAndTransferIsCountedToTheDroplet) {
  SendOptions options;
  options.fee = FeeTerms{11, 1};
  node_.account.balance = Amount{1'000'000'000};
  const auto ready =
      sender_.prepare({*make_transfer({{TestKey(2).address, Amount{500}}})}, options);
  ASSERT_TRUE(ready);
  const Amount needed = ready->quote.fee_at(ready->body, 10) + Amount{500};
  node_.account.balance = needed;
  EXPECT_TRUE(send(options));
  node_.account.balance = needed - Amount{1};
  const auto short_by_one = send(options);
  EXPECT_EQ(code_of(short_by_one), ErrorCode::kExhausted);
  EXPECT_TRUE(says(short_by_one, "needs more"));
}

TEST_F(TxSenderTest, ALaneInUseByAnotherProgramIsLeft) {
  std::optional<std::uint8_t> busy;
  node_.judge = [&](const TxBody& body) {
    if (!busy) busy = body.lane;
    return reply(body.lane == *busy ? Fault::kSequenceTooLow : Fault::kNone);
  };
  ASSERT_TRUE(send());
  EXPECT_EQ(node_.submissions, 2);
  EXPECT_NE(node_.seen[0].lane, node_.seen[1].lane);
  ASSERT_TRUE(send());
  EXPECT_EQ(node_.submissions, 3) << "the busy lane is remembered";
}

TEST_F(TxSenderTest, ALaneAskedForIsKept) {
  SendOptions options;
  options.lane = 2;
  node_.judge = [](const TxBody&) { return reply(Fault::kSequenceGap); };
  const auto sent = send(options);
  EXPECT_EQ(code_of(sent), ErrorCode::kRejected);
  EXPECT_TRUE(says(sent, std::string(fault_name(Fault::kSequenceGap))));
  EXPECT_EQ(node_.submissions, 1);
}

TEST_F(TxSenderTest, ARisenPriceIsReadAnewUnlessItWasGiven) {
  node_.judge = [&](const TxBody& body) {
    if (body.price_max >= 100) return reply(Fault::kNone);
    node_.base_price = 100;
    return reply(Fault::kFeeTooLow);
  };
  EXPECT_TRUE(send());
  EXPECT_EQ(node_.submissions, 2);
  SendOptions options;
  options.fee = FeeTerms{50, 1};
  EXPECT_EQ(code_of(send(options)), ErrorCode::kRejected);
  EXPECT_EQ(node_.submissions, 3);
}

TEST_F(TxSenderTest, OtherFaultsAreFinalAndGiveTheirPlaceBack) {
  node_.judge = [](const TxBody&) { return reply(Fault::kExpiryTooFar); };
  EXPECT_EQ(code_of(send()), ErrorCode::kRejected);
  EXPECT_EQ(node_.submissions, 1);
  node_.judge = nullptr;
  ASSERT_TRUE(send());
  EXPECT_EQ(node_.seen[1].sequence, node_.seen[0].sequence);
  EXPECT_EQ(node_.seen[1].lane, node_.seen[0].lane);
}

TEST_F(TxSenderTest, AFullPoolIsTriedAFewTimesAndThenSaid) {
  node_.judge = [](const TxBody&) { return SubmitReply{TxId{}, Fault::kNone, "pool full"}; };
  const auto sent = send();
  EXPECT_EQ(code_of(sent), ErrorCode::kRejected);
  EXPECT_TRUE(says(sent, "pool full"));
  EXPECT_EQ(node_.submissions, 4);
}

TEST_F(TxSenderTest, ALostAnswerNeverMakesASecondPayment) {
  node_.lose_answers = true;
  const auto sent = send();
  ASSERT_TRUE(sent) << "it was accepted, and its own fate told";
  EXPECT_EQ(node_.submissions, 1);
}

TEST_F(TxSenderTest, ALostTransactionIsSubmittedAgainAsItIs) {
  node_.lose_submissions = true;
  node_.judge = [&](const TxBody&) {
    if (node_.submissions == 3) node_.lose_submissions = false;
    return reply(Fault::kNone);
  };
  ASSERT_TRUE(send());
  ASSERT_EQ(node_.seen.size(), 3U);
  EXPECT_EQ(node_.seen[0], node_.seen[2]);
}

TEST_F(TxSenderTest, AnUnreachableNodeIsWaitedFor) {
  const auto ready = sender_.prepare({*make_transfer({{TestKey(2).address, Amount{1}}})});
  ASSERT_TRUE(sender_.submit(*ready));
  node_.down = 3;
  EXPECT_TRUE(sender_.wait(*ready, 1'000));
  const auto next = sender_.prepare({*make_transfer({{TestKey(2).address, Amount{1}}})});
  ASSERT_TRUE(sender_.submit(*next));
  node_.down = 1'000'000;
  const auto lost = sender_.wait(*next, 20);
  EXPECT_EQ(code_of(lost), ErrorCode::kNetwork);
  EXPECT_TRUE(says(lost, to_hex0x(next->id)));
}

TEST_F(TxSenderTest, WhatIsNotYetFinalIsNotSafeToSendAnew) {
  node_.stalled = true;
  const auto sent = send({}, 20);
  EXPECT_EQ(code_of(sent), ErrorCode::kTimeout);
  EXPECT_TRUE(says(sent, "it still may be included"));
}

TEST_F(TxSenderTest, WhatHasExpiredIsSafeToSendAnew) {
  const auto ready = sender_.prepare({*make_transfer({{TestKey(2).address, Amount{1}}})});
  node_.time_ms = ready->body.expiry_ms + 1;
  const auto sent = sender_.wait(*ready, 1'000);
  EXPECT_EQ(code_of(sent), ErrorCode::kTimeout);
  EXPECT_TRUE(says(sent, "safe to send it anew"));
}

TEST_F(TxSenderTest, AtTheLastMomentOfItsExpiryItIsStillOffered) {
  const auto ready = sender_.prepare({*make_transfer({{TestKey(2).address, Amount{1}}})});
  node_.time_ms = ready->body.expiry_ms;
  EXPECT_TRUE(sender_.wait(*ready, 1'000));
}

TEST_F(TxSenderTest, APlaceTakenByAnotherTransactionIsSaid) {
  const auto ready = sender_.prepare({*make_transfer({{TestKey(2).address, Amount{1}}})});
  node_.judge = [](const TxBody&) { return reply(Fault::kSequenceTooLow); };
  const auto sent = sender_.wait(*ready, 1'000);
  EXPECT_EQ(code_of(sent), ErrorCode::kRejected);
  EXPECT_TRUE(says(sent, "took the place"));
}

TEST_F(TxSenderTest, AMultisigAccountIsDraftedWithItsWeight) {
  const auto policy = *make_policy(2, {key_.public_key, TestKey(7).public_key});
  OneAccountNode node(address_of(policy));
  LaneBook lanes;
  const auto draft = draft_tx(node, clock_, lanes, address_of(policy),
                              {*make_transfer({{TestKey(2).address, Amount{500}}})}, {}, policy);
  ASSERT_TRUE(draft);
  EXPECT_EQ(draft->base_price, 10U);
  // Enough for one signature's fee is not enough for two.
  node.account.balance = quote(draft->body)->fee_max;
  EXPECT_EQ(code_of(draft_tx(node, clock_, lanes, address_of(policy), {draft->body.messages[0]}, {},
                             policy)),
            ErrorCode::kExhausted);
}

TEST(LaneBook, FillsLanesEvenlyFromItsFirst) {
  LaneBook book(14);
  const Account account;
  std::vector<int> order;
  for (int i = 0; i < 4; ++i) order.push_back(book.take(account, {}, 10, 0).lane);
  EXPECT_EQ(order, (std::vector<int>{14, 15, 0, 1}));
}

TEST(LaneBook, ADoneLaneIsFreeAndFollowsTheChain) {
  LaneBook book;
  Account account;
  const LanePlace first = book.take(account, 0, 10, 0);
  EXPECT_EQ(book.take(account, 0, 10, 0), (LanePlace{0, 1}));
  account.set_next_sequence(0, 1);
  book.done(first);
  EXPECT_EQ(book.take(account, 0, 10, 0), (LanePlace{0, 2})) << "one is still under way";
}

TEST(LaneBook, ExpiredTransactionsHoldNothingUp) {
  LaneBook book;
  const Account account;
  EXPECT_EQ(book.take(account, 0, 10, 0), (LanePlace{0, 0}));
  EXPECT_EQ(book.take(account, 0, 20, 10), (LanePlace{0, 1})) << "at 10 it may still be included";
  EXPECT_EQ(book.take(account, 0, 30, 21), (LanePlace{0, 0})) << "after 20 neither may";
}

TEST(LaneBook, APlaceGivenBackIsTakenNext) {
  LaneBook book;
  const Account account;
  EXPECT_EQ(book.take(account, 3, 10, 0), (LanePlace{3, 0}));
  const LanePlace second = book.take(account, 3, 10, 0);
  book.give_back(second);
  EXPECT_EQ(book.take(account, 3, 10, 0), second);
}

}  // namespace
}  // namespace fog::wallet
