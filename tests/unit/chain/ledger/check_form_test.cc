// check_form: what is visible in the bytes alone. Each refusal is a fault of its own.
#include <gtest/gtest.h>

#include "chain/ledger/check.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/test_chain.h"

namespace fog {
namespace {

using testing::make_body;
using testing::make_transfer;
using testing::sign_multi;
using testing::sign_tx;
using testing::test_chain_id;
using testing::TestKey;

class CheckForm : public ::testing::Test {
 protected:
  // The verdict on bytes.
  static Fault verdict(ByteView bytes) {
    const auto checked = check_form(bytes, test_chain_id());
    return checked ? Fault::kNone : checked.error();
  }
  static Fault verdict(const SignedTx& tx) { return verdict(bcs_encode(tx)); }
  TxBody body(const Address& sender) const {
    return make_body(sender, 0, {make_transfer(bob.address, 5)});
  }
  // alice's body after a change, signed after the change.
  template <class Change>
  Fault verdict_of(Change change) const {
    TxBody changed = body(alice.address);
    change(changed);
    return verdict(sign_tx(changed, alice));
  }
  TestKey alice{1};
  TestKey bob{2};
};

TEST_F(CheckForm, AcceptsASignedTransferAndKnowsItsIdAndUnits) {
  const SignedTx tx = sign_tx(body(alice.address), alice);
  const Bytes bytes = bcs_encode(tx);
  const auto checked = check_form(bytes, test_chain_id());
  ASSERT_TRUE(checked.has_value());
  EXPECT_EQ(checked->tx(), tx);
  EXPECT_EQ(checked->id(), tx_id(tx.body));
  EXPECT_EQ(checked->encoded(), bytes);
  EXPECT_EQ(checked->units(), tx_units(tx, bytes.size()));
}

TEST_F(CheckForm, RefusesWhatIsNotTheCanonicalEncoding) {
  const Bytes bytes = bcs_encode(sign_tx(body(alice.address), alice));
  EXPECT_EQ(verdict(Bytes{}), Fault::kMalformed);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_EQ(verdict(ByteView(bytes).first(size)), Fault::kMalformed) << size;
  }
  Bytes trailing = bytes;
  trailing.push_back(0);
  EXPECT_EQ(verdict(trailing), Fault::kMalformed);
}

TEST_F(CheckForm, RefusesMoreThanTheLargestTransaction) {
  EXPECT_EQ(verdict(Bytes(kTxBytesMax + 1)), Fault::kTooLarge);
  EXPECT_EQ(verdict(Bytes(kTxBytesMax)), Fault::kMalformed) << "of the size, but nonsense";
  // Two messages of the largest payload exceed the bound on the whole.
  RawMessage large;
  large.kind = 1;
  large.payload.resize(kMessageBytesMax);
  EXPECT_EQ(verdict_of([&](TxBody& b) { b.messages = {large, large}; }), Fault::kTooLarge);
  EXPECT_EQ(verdict_of([&](TxBody& b) { b.messages = {large}; }), Fault::kNone)
      << "payloads are decoded by consensus/rules";
}

TEST_F(CheckForm, RefusesAnotherChainsTransaction) {
  EXPECT_EQ(verdict_of([](TxBody& b) { b.chain_id.data[0] ^= 1; }), Fault::kWrongChain);
}

TEST_F(CheckForm, LanesGoToFifteen) {
  EXPECT_EQ(verdict_of([](TxBody& b) { b.lane = 15; }), Fault::kNone);
  EXPECT_EQ(verdict_of([](TxBody& b) { b.lane = 16; }), Fault::kBadLane);
  EXPECT_EQ(verdict_of([](TxBody& b) { b.lane = 255; }), Fault::kBadLane);
}

TEST_F(CheckForm, RefusesATransactionWithoutMessages) {
  EXPECT_EQ(verdict_of([](TxBody& b) { b.messages.clear(); }), Fault::kNoMessages);
}

TEST_F(CheckForm, TheTipMayReachTheMaximumPriceAndNotExceedIt) {
  EXPECT_EQ(verdict_of([](TxBody& b) { b.tip = b.price_max; }), Fault::kNone);
  EXPECT_EQ(verdict_of([](TxBody& b) { b.tip = b.price_max + 1; }), Fault::kTipAboveMax);
}

TEST_F(CheckForm, RefusesAKeyThatIsNotTheSenders) {
  EXPECT_EQ(verdict(sign_tx(body(alice.address), bob)), Fault::kSenderMismatch);
}

TEST_F(CheckForm, RefusesAKeyOffTheCurveEvenWhenItHashesToTheSender) {
  TestKey mallory = alice;
  mallory.public_key = PublicKey{};
  mallory.public_key.data[0] = 0x02;
  mallory.public_key.data[32] = 0x05;  // x = 5 is on no point of secp256k1
  ASSERT_FALSE(is_valid(mallory.public_key));
  mallory.address = address_of(mallory.public_key);
  EXPECT_EQ(verdict(sign_tx(body(mallory.address), mallory)), Fault::kBadPublicKey);
}

TEST_F(CheckForm, RefusesEverySignatureButTheOne) {
  const SignedTx good = sign_tx(body(alice.address), alice);
  const auto with = [&](const EcdsaSig& signature) {
    SignedTx tx = good;
    std::get<SingleAuth>(tx.auth).signature = signature;
    return verdict(tx);
  };
  const EcdsaSig signature = std::get<SingleAuth>(good.auth).signature;
  EXPECT_EQ(with(EcdsaSig{}), Fault::kBadSignature) << "zero";
  for (std::size_t i = 0; i < 64; i += 9) {
    EcdsaSig bent = signature;
    bent.data[i] ^= 0x10;
    EXPECT_EQ(with(bent), Fault::kBadSignature) << "byte " << i;
  }
  EcdsaSig zero_s = signature;
  std::fill(zero_s.data.begin() + 32, zero_s.data.end(), std::uint8_t{0});
  EXPECT_EQ(with(zero_s), Fault::kBadSignature);
  TxBody other = good.body;
  ++other.sequence;
  SignedTx moved = good;
  moved.body = other;
  EXPECT_EQ(verdict(moved), Fault::kBadSignature) << "signature of another body";
}

// n - s signs as well as s does mathematically; allowing both would let anybody change a
// transaction's bytes.
TEST_F(CheckForm, RefusesTheHighTwinOfAGoodSignature) {
  SignedTx tx = sign_tx(body(alice.address), alice);
  auto& signature = std::get<SingleAuth>(tx.auth).signature;
  const auto order =
      fixed_from_hex<32>("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
  ASSERT_TRUE(order.has_value());
  int borrow = 0;
  for (std::size_t i = 32; i-- > 0;) {
    int digit = order->data[i] - signature.data[32 + i] - borrow;
    borrow = digit < 0 ? 1 : 0;
    if (digit < 0) digit += 256;
    signature.data[32 + i] = static_cast<std::uint8_t>(digit);
  }
  EXPECT_EQ(verdict(tx), Fault::kBadSignature);
}

TEST_F(CheckForm, DecodingAloneDoesNotLookAtTheSignature) {
  SignedTx tx = sign_tx(body(alice.address), alice);
  std::get<SingleAuth>(tx.auth).signature = EcdsaSig{};
  auto decoded = decode_tx(bcs_encode(tx), test_chain_id());
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->id(), tx_id(tx.body));
  const auto checked = check_signature(*std::move(decoded));
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error(), Fault::kBadSignature);
}

TEST_F(CheckForm, NoFlippedBitPasses) {
  const Bytes bytes = bcs_encode(sign_tx(body(alice.address), alice));
  testing::SeededRng rng(4);
  for (int i = 0; i < 400; ++i) {
    Bytes bent = bytes;
    bent[rng.below(bent.size())] ^= static_cast<std::uint8_t>(1U << rng.below(8));
    EXPECT_TRUE(is_form_fault(verdict(bent)));
  }
}

class CheckMultisig : public CheckForm {
 protected:
  void SetUp() override {
    std::sort(keys.begin(), keys.end(),
              [](const TestKey& a, const TestKey& b) { return a.public_key < b.public_key; });
    policy.threshold = 2;
    for (const TestKey& key : keys) policy.keys.push_back(key.public_key);
    sender = address_of(policy);
  }
  std::vector<TestKey> keys{TestKey{10}, TestKey{11}, TestKey{12}};
  MultisigPolicy policy;
  Address sender;
};

TEST_F(CheckMultisig, AcceptsExactlyTheThresholdOfAnyKeys) {
  for (const auto& [first, second] :
       {std::pair<std::uint8_t, std::uint8_t>{0, 1}, {0, 2}, {1, 2}}) {
    EXPECT_EQ(
        verdict(sign_multi(body(sender), policy, {{first, &keys[first]}, {second, &keys[second]}})),
        Fault::kNone);
  }
}

TEST_F(CheckMultisig, RefusesTooFewTooManyUnsortedAndRepeated) {
  const TxBody b = body(sender);
  EXPECT_EQ(verdict(sign_multi(b, policy, {{0, &keys[0]}})), Fault::kBadMultisig);
  EXPECT_EQ(verdict(sign_multi(b, policy, {{0, &keys[0]}, {1, &keys[1]}, {2, &keys[2]}})),
            Fault::kBadMultisig);
  EXPECT_EQ(verdict(sign_multi(b, policy, {{1, &keys[1]}, {0, &keys[0]}})), Fault::kBadMultisig);
  EXPECT_EQ(verdict(sign_multi(b, policy, {{1, &keys[1]}, {1, &keys[1]}})), Fault::kBadMultisig);
  EXPECT_EQ(verdict(sign_multi(b, policy, {{1, &keys[1]}, {3, &keys[2]}})), Fault::kBadMultisig);
}

TEST_F(CheckMultisig, EachSignatureMustBeItsKeys) {
  EXPECT_EQ(verdict(sign_multi(body(sender), policy, {{0, &keys[0]}, {1, &keys[2]}})),
            Fault::kBadSignature);
}

TEST_F(CheckMultisig, ThePolicyMustBeTheSenders) {
  EXPECT_EQ(verdict(sign_multi(body(alice.address), policy, {{0, &keys[0]}, {1, &keys[1]}})),
            Fault::kSenderMismatch);
  MultisigPolicy weaker = policy;
  weaker.threshold = 1;
  EXPECT_EQ(verdict(sign_multi(body(sender), weaker, {{0, &keys[0]}})), Fault::kSenderMismatch)
      << "a weaker policy is another account";
}

TEST_F(CheckMultisig, PoliciesOutOfBoundsAreRefusedThoughTheyHashToTheSender) {
  const auto verdict_with = [&](MultisigPolicy changed,
                                std::vector<std::pair<std::uint8_t, const TestKey*>> signers) {
    return verdict(sign_multi(body(address_of(changed)), changed, signers));
  };
  MultisigPolicy changed = policy;
  changed.threshold = 0;
  EXPECT_EQ(verdict_with(changed, {}), Fault::kBadMultisig);
  changed = policy;
  std::swap(changed.keys[0], changed.keys[1]);
  EXPECT_EQ(verdict_with(changed, {{0, &keys[1]}, {1, &keys[0]}}), Fault::kBadMultisig)
      << "keys must ascend";
  changed = policy;
  changed.keys[2].data[0] = 0x07;
  EXPECT_EQ(verdict_with(changed, {{0, &keys[0]}, {1, &keys[1]}}), Fault::kBadMultisig)
      << "every key must be a point";
  changed.keys.clear();
  changed.threshold = 1;
  EXPECT_EQ(verdict_with(changed, {}), Fault::kBadMultisig) << "no keys";
}

TEST_F(CheckMultisig, SixteenOfSixteenPasses) {
  std::vector<TestKey> many;
  for (std::uint64_t i = 0; i < 16; ++i) many.emplace_back(100 + i);
  std::sort(many.begin(), many.end(),
            [](const TestKey& a, const TestKey& b) { return a.public_key < b.public_key; });
  MultisigPolicy all;
  all.threshold = 16;
  std::vector<std::pair<std::uint8_t, const TestKey*>> signers;
  for (std::uint8_t i = 0; i < 16; ++i) {
    all.keys.push_back(many[i].public_key);
    signers.emplace_back(i, &many[i]);
  }
  EXPECT_EQ(verdict(sign_multi(body(address_of(all)), all, signers)), Fault::kNone);
}

}  // namespace
}  // namespace fog
