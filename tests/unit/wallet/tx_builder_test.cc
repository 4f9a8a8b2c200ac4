// A built transaction is one that the ledger's own first gate accepts, and costs what was quoted.
#include "wallet/tx_builder.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"
#include "tests/support/test_chain.h"
#include "tests/support/vectors.h"
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

TxPlan plan_for(const TestKey& key) {
  TxPlan plan;
  plan.chain_id = test_chain_id();
  plan.sender = key.address;
  plan.lane = 3;
  plan.sequence = 7;
  plan.expiry_ms = 1'000'000;
  plan.fee = {20, 1};
  plan.messages = {*make_transfer({{TestKey(2).address, Amount{5}}})};
  plan.memo = "rent";
  return plan;
}

TEST(TxBuilder, SignsWhatTheLedgerVerifies) {
  const TestKey key(1);
  KeySigner signer(key.secret);
  const auto ready = sign_tx(*build_body(plan_for(key)), signer);
  ASSERT_TRUE(ready);
  const auto tx = bcs_decode<SignedTx>(ready->encoded);
  ASSERT_TRUE(tx);
  EXPECT_EQ(tx->body, ready->body);
  EXPECT_EQ(ready->id, tx_id(tx->body));
  const auto& auth = std::get<SingleAuth>(tx->auth);
  EXPECT_EQ(address_of(auth.key), tx->body.sender);
  EXPECT_TRUE(verify_ecdsa(auth.key, ready->id, auth.signature));
  EXPECT_EQ(tx->body.lane, 3);
  EXPECT_EQ(tx->body.sequence, 7U);
  EXPECT_EQ(as_text(tx->body.memo), "rent");
}

TEST(TxBuilder, BuildsTheBytesThatAnIndependentWalletBuilds) {
  // Written by tests/functional/wallet_compat_test.py, which shares no code with this.
  const nlohmann::json data = testing::read_json("vectors/wallet_compat.json");
  const auto& expected = data.at("transfer");
  TxPlan plan;
  plan.chain_id = testing::fixed_hex<32>(expected.at("chain_id").get<std::string>());
  plan.lane = expected.at("lane");
  plan.sequence = expected.at("sequence");
  plan.expiry_ms = expected.at("expiry_ms");
  plan.fee = {expected.at("price_max"), expected.at("tip")};
  plan.memo = expected.at("memo");
  std::vector<TransferOutput> outputs;
  for (const auto& output : expected.at("outputs")) {
    const auto key = testing::fixed_hex<33>(output.at(0).get<std::string>());
    outputs.push_back({address_of(key), Amount{output.at(1).get<std::uint64_t>()}});
  }
  plan.messages = {*make_transfer(outputs)};
  const std::string secret = data.at("wallets")[0].at("accounts")[0].at("secret_key");
  KeySigner signer(*SecretKey::from_bytes(testing::hex(secret)));
  plan.sender = signer.address();
  const auto ready = sign_tx(*build_body(plan), signer);
  ASSERT_TRUE(ready);
  EXPECT_EQ(to_hex(ready->id), expected.at("id"));
  EXPECT_EQ(to_hex(ready->encoded), expected.at("encoded"));
}

TEST(TxBuilder, QuotesExactlyWhatTheSignedTransactionWeighs) {
  const TestKey key(1);
  KeySigner signer(key.secret);
  const TxBody body = *build_body(plan_for(key));
  const auto quoted = quote(body);
  const auto ready = sign_tx(body, signer);
  ASSERT_TRUE(quoted && ready);
  EXPECT_EQ(quoted->size, ready->encoded.size());
  EXPECT_EQ(quoted->units, tx_units(*bcs_decode<SignedTx>(ready->encoded), ready->encoded.size()));
  EXPECT_EQ(quoted->fee_max, Amount{quoted->units * 20});
  EXPECT_EQ(ready->quote.units, quoted->units);
}

TEST(TxBuilder, TheFeeFollowsTheBasePriceUpToTheHighest) {
  const TxBody body = *build_body(plan_for(TestKey(1)));
  const TxQuote quoted = *quote(body);
  EXPECT_EQ(quoted.fee_at(body, 10), Amount{quoted.units * 11});
  EXPECT_EQ(quoted.fee_at(body, 19), Amount{quoted.units * 20});
  EXPECT_EQ(quoted.fee_at(body, 20), quoted.fee_max);
  EXPECT_EQ(quoted.fee_at(body, ~std::uint64_t{0}), quoted.fee_max);
}

TEST(TxBuilder, SuggestsRoomForTheBasePriceToDouble) {
  EXPECT_EQ(suggest_fee(10), (FeeTerms{21, 1}));
  EXPECT_EQ(suggest_fee(1000), (FeeTerms{2100, 100}));
  EXPECT_EQ(suggest_fee(0), (FeeTerms{1, 1}));
  const FeeTerms highest = suggest_fee(~std::uint64_t{0});
  EXPECT_EQ(highest.price_max, ~std::uint64_t{0});
  EXPECT_LE(highest.tip, highest.price_max);
}

TEST(TxBuilder, RefusesWhatEveryNodeWouldRefuse) {
  const TestKey key(1);
  TxPlan plan = plan_for(key);
  plan.messages.clear();
  EXPECT_EQ(code_of(build_body(plan)), ErrorCode::kInvalidInput);

  plan = plan_for(key);
  plan.messages.resize(kTxMessagesMax, plan.messages.front());
  EXPECT_TRUE(build_body(plan));
  plan.messages.push_back(plan.messages.front());
  EXPECT_EQ(code_of(build_body(plan)), ErrorCode::kInvalidInput);

  plan = plan_for(key);
  plan.memo = std::string(kMemoBytesMax, 'm');
  EXPECT_TRUE(build_body(plan));
  plan.memo += "m";
  EXPECT_EQ(code_of(build_body(plan)), ErrorCode::kInvalidInput);

  plan = plan_for(key);
  plan.lane = kLanes - 1;
  EXPECT_TRUE(build_body(plan));
  plan.lane = kLanes;
  EXPECT_EQ(code_of(build_body(plan)), ErrorCode::kInvalidInput);

  plan = plan_for(key);
  plan.fee = {5, 5};
  EXPECT_TRUE(build_body(plan));
  plan.fee = {5, 6};
  EXPECT_EQ(code_of(build_body(plan)), ErrorCode::kInvalidInput);

  plan = plan_for(key);
  plan.messages[0].payload = Bytes(kMessageBytesMax + 1);
  EXPECT_EQ(code_of(build_body(plan)), ErrorCode::kInvalidInput);
}

TEST(TxBuilder, RefusesATransactionThatIsTooLargeOrTooDear) {
  const TestKey key(1);
  KeySigner signer(key.secret);
  TxPlan plan = plan_for(key);
  plan.messages[0].payload = Bytes(kMessageBytesMax);
  plan.messages.resize(2, plan.messages[0]);
  const auto large = sign_tx(*build_body(plan), signer);
  EXPECT_EQ(code_of(large), ErrorCode::kExhausted);

  plan = plan_for(key);
  plan.fee = {~std::uint64_t{0}, 0};
  EXPECT_EQ(code_of(quote(*build_body(plan))), ErrorCode::kInvalidInput);
}

TEST(TxBuilder, AnotherAccountsKeyIsRefused) {
  KeySigner signer(TestKey(2).secret);
  EXPECT_EQ(code_of(sign_tx(*build_body(plan_for(TestKey(1))), signer)), ErrorCode::kInvalidInput);
}

TEST(TxBuilder, TransfersHaveSoundOutputs) {
  const Address to = TestKey(2).address;
  EXPECT_TRUE(make_transfer({{to, Amount{1}}}));
  EXPECT_EQ(code_of(make_transfer({})), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(make_transfer({{to, Amount{0}}})), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(make_transfer({{to, Amount{~std::uint64_t{0}}}, {to, Amount{1}}})),
            ErrorCode::kInvalidInput);
  std::vector<TransferOutput> many(kTransferOutputsMax, {to, Amount{1}});
  EXPECT_TRUE(make_transfer(many));
  many.push_back({to, Amount{1}});
  EXPECT_EQ(code_of(make_transfer(many)), ErrorCode::kInvalidInput);
}

TEST(TxBuilder, AddsUpWhatIsTransferred) {
  TxPlan plan = plan_for(TestKey(1));
  plan.messages.push_back(*make_transfer({{TestKey(3).address, Amount{6}}}));
  EXPECT_EQ(transferred(*build_body(plan)), Amount{11});
  plan.messages.push_back(*make_transfer({{TestKey(3).address, Amount{~std::uint64_t{0}}}}));
  EXPECT_EQ(transferred(*build_body(plan)), std::nullopt);
}

class Multisig : public ::testing::Test {
 protected:
  Multisig() {
    policy_ = *make_policy(2, {a_.public_key, b_.public_key, c_.public_key});
    TxPlan plan = plan_for(a_);
    plan.sender = address_of(policy_);
    body_ = *build_body(plan);
  }
  IndexedSignature share(const TestKey& key) {
    KeySigner signer(key.secret);
    return *sign_share(policy_, body_, signer);
  }
  TestKey a_{1}, b_{2}, c_{3}, stranger_{4};
  MultisigPolicy policy_;
  TxBody body_;
};

TEST_F(Multisig, APolicyDoesNotDependOnTheOrderOfItsKeys) {
  EXPECT_TRUE(policy_.is_valid());
  EXPECT_EQ(*make_policy(2, {c_.public_key, a_.public_key, b_.public_key}), policy_);
  EXPECT_NE(address_of(*make_policy(1, {a_.public_key, b_.public_key, c_.public_key})),
            address_of(policy_))
      << "another threshold is another account";
}

TEST_F(Multisig, APolicyIsWithinItsBounds) {
  EXPECT_EQ(code_of(make_policy(1, {})), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(make_policy(0, {a_.public_key})), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(make_policy(2, {a_.public_key})), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(make_policy(1, {a_.public_key, a_.public_key})), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(make_policy(1, {PublicKey{}})), ErrorCode::kInvalidInput);
  std::vector<PublicKey> keys;
  for (std::uint64_t i = 0; i < kMultisigKeysMax; ++i) keys.push_back(TestKey(i).public_key);
  EXPECT_TRUE(make_policy(16, keys));
  keys.push_back(TestKey(99).public_key);
  EXPECT_EQ(code_of(make_policy(16, keys)), ErrorCode::kInvalidInput);
}

TEST_F(Multisig, AnyTwoSharesInAnyOrderMakeAnAuthorization) {
  const auto auth = combine_shares(policy_, body_, {share(c_), share(a_), share(c_)});
  ASSERT_TRUE(auth);
  ASSERT_EQ(auth->signatures.size(), 2U);
  EXPECT_LT(auth->signatures[0].index, auth->signatures[1].index);
  for (const IndexedSignature& one : auth->signatures) {
    EXPECT_TRUE(verify_ecdsa(policy_.keys[one.index], tx_id(body_), one.signature));
  }
  const auto ready = assemble_tx(body_, *auth);
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->quote.units, quote(body_, policy_)->units);
  EXPECT_EQ(ready->encoded.size(), quote(body_, policy_)->size);
}

TEST_F(Multisig, MoreSharesThanNeededGiveExactlyTheThreshold) {
  const auto auth = combine_shares(policy_, body_, {share(a_), share(b_), share(c_)});
  EXPECT_EQ(auth->signatures.size(), 2U);
}

TEST_F(Multisig, TooFewSharesAreCounted) {
  const auto auth = combine_shares(policy_, body_, {share(a_), share(a_)});
  EXPECT_EQ(code_of(auth), ErrorCode::kInvalidInput);
  EXPECT_NE(auth.error().context.find("1 of 2 required signatures"), std::string::npos);
}

TEST_F(Multisig, AForeignShareIsNamed) {
  IndexedSignature bad = share(a_);
  bad.signature.data[9] ^= 1;
  EXPECT_EQ(code_of(combine_shares(policy_, body_, {bad, share(b_)})), ErrorCode::kInvalidInput);
  IndexedSignature outside = share(a_);
  outside.index = 3;
  EXPECT_EQ(code_of(combine_shares(policy_, body_, {outside, share(b_)})),
            ErrorCode::kInvalidInput);
  TxBody changed = body_;
  changed.sequence += 1;
  EXPECT_EQ(code_of(combine_shares(policy_, changed, {share(a_), share(b_)})),
            ErrorCode::kInvalidInput);
}

TEST_F(Multisig, AStrangerOrAnotherAccountIsRefused) {
  KeySigner stranger(stranger_.secret);
  EXPECT_EQ(code_of(sign_share(policy_, body_, stranger)), ErrorCode::kInvalidInput);
  TxBody foreign = body_;
  foreign.sender = a_.address;
  KeySigner a(a_.secret);
  EXPECT_EQ(code_of(sign_share(policy_, foreign, a)), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(combine_shares(policy_, foreign, {share(a_), share(b_)})),
            ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace fog::wallet
