// A transaction in a file goes from builder to signers to sender and is worth nothing once anybody
// has touched it.
#include "wallet/tx_file.h"

#include <gtest/gtest.h>

#include "chain/ledger/check.h"
#include "tests/support/test_chain.h"

namespace fog::wallet {
namespace {

using testing::make_body;
using testing::make_transfer;
using testing::test_chain_id;
using testing::TestKey;

ErrorCode code_of(const auto& result) {
  EXPECT_FALSE(result);
  return result ? ErrorCode::kIo : result.error().code;
}

// Two of three keys, and a payment by them.
struct Team {
  Team() {
    policy = *make_policy(2, {TestKey(1).public_key, TestKey(2).public_key, TestKey(3).public_key});
    file.policy = policy;
    file.body = make_body(address_of(policy), 0, {make_transfer(TestKey(9).address, 5)});
  }
  TxFile signed_by(std::initializer_list<std::uint64_t> keys) const {
    TxFile out = file;
    for (const std::uint64_t key : keys) {
      KeySigner signer(TestKey(key).secret);
      EXPECT_TRUE(add_signature(out, signer));
    }
    return out;
  }
  MultisigPolicy policy;
  TxFile file;
};

TxFile single() {
  TxFile file;
  file.body = make_body(TestKey(1).address, 4, {make_transfer(TestKey(9).address, 5)});
  return file;
}

TEST(TxFile, OneKeySignsWhatTheLedgerVerifies) {
  TxFile file = *decode_tx_file(encode_tx_file(single()));
  EXPECT_EQ(file, single());
  EXPECT_EQ(file.missing(), 1U);
  EXPECT_EQ(code_of(finish(file)), ErrorCode::kInvalidInput);
  KeySigner signer(TestKey(1).secret);
  ASSERT_TRUE(add_signature(file, signer));
  const auto back = decode_tx_file(encode_tx_file(file));
  ASSERT_TRUE(back) << back.error().context;
  const auto ready = finish(*back);
  ASSERT_TRUE(ready);
  EXPECT_TRUE(check_form(ready->encoded, test_chain_id()));
  EXPECT_EQ(ready->quote.fee_max, quote(file)->fee_max);
  EXPECT_EQ(*tx_file_of(*bcs_decode<SignedTx>(ready->encoded)), file);
}

TEST(TxFile, CopiesThatDifferentPeopleSignedBecomeOne) {
  const Team team;
  const TxFile a = team.signed_by({3});
  const TxFile b = *decode_tx_file(encode_tx_file(team.signed_by({1})));
  EXPECT_EQ(a.missing(), 1U);
  EXPECT_EQ(code_of(finish(a)), ErrorCode::kInvalidInput);
  const auto both = combine({a, b, team.file, a});
  ASSERT_TRUE(both);
  EXPECT_EQ(both->missing(), 0U);
  EXPECT_EQ(*both, team.signed_by({1, 3}));
  const auto ready = finish(*both);
  ASSERT_TRUE(ready);
  EXPECT_TRUE(check_form(ready->encoded, test_chain_id()));
  EXPECT_EQ(*tx_file_of(*bcs_decode<SignedTx>(ready->encoded)), *both);
  // More than needed is no harm.
  const auto all = finish(team.signed_by({1, 2, 3}));
  ASSERT_TRUE(all);
  EXPECT_TRUE(check_form(all->encoded, test_chain_id()));
}

TEST(TxFile, NobodyElseSignsAndNobodyTwice) {
  const Team team;
  TxFile file = team.signed_by({1});
  KeySigner stranger(TestKey(4).secret);
  KeySigner again(TestKey(1).secret);
  EXPECT_EQ(code_of(add_signature(file, stranger)), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(add_signature(file, again)), ErrorCode::kAlreadyExists);
  EXPECT_EQ(file, team.signed_by({1}));
  TxFile mine = single();
  EXPECT_EQ(code_of(add_signature(mine, stranger)), ErrorCode::kInvalidInput);
}

TEST(TxFile, WhatIsNotOfOneTransactionIsNotCombined) {
  const Team team;
  TxFile other = team.signed_by({2});
  other.body.sequence += 1;
  EXPECT_EQ(code_of(combine({team.signed_by({1}), other})), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(combine({})), ErrorCode::kInvalidInput);
  // One whose signature is over something else, made without the file's text.
  TxFile forged = team.file;
  forged.signatures = {{TestKey(2).public_key, TestKey(2).secret.sign_ecdsa(Hash32{})}};
  EXPECT_EQ(code_of(combine({team.file, forged})), ErrorCode::kInvalidInput);
}

TEST(TxFile, AFileThatWasTouchedIsRefused) {
  const Team team;
  const std::string text = encode_tx_file(team.signed_by({1}));
  const auto replaced = [&](const std::string& what, const std::string& by) {
    std::string out = text;
    const std::size_t at = out.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return out.replace(at, what.size(), by);
  };
  const std::string key = to_hex0x(team.policy.keys[0]);
  const std::string body = to_hex0x(bcs_encode(team.file.body));
  for (const std::string& bad :
       {std::string(), std::string("[]"), std::string("{}"), text.substr(0, text.size() - 4),
        replaced("fogcoin-transaction", "fogcoin-keystore"),
        replaced("\"version\": 1", "\"version\": 2"),
        replaced("\"threshold\": 2", "\"threshold\": 1"),
        replaced("\"threshold\": 2", "\"threshold\": -1"),
        replaced("\"threshold\": 2", "\"threshold\": 300"),
        replaced("\"threshold\"", "\"treshold\""), replaced(key, key.substr(0, key.size() - 2)),
        replaced(body, body + "00"), replaced(body, body.substr(0, body.size() - 2)),
        // Another amount under the old signature.
        replaced(body.substr(body.size() - 20),
                 body.substr(body.size() - 20, 2) + "06" + body.substr(body.size() - 16))}) {
    EXPECT_EQ(code_of(decode_tx_file(bad)), ErrorCode::kInvalidInput) << bad;
  }
  EXPECT_TRUE(decode_tx_file(text));
  EXPECT_EQ(code_of(decode_tx_file(std::string(kTxFileBytesMax + 1, ' '))),
            ErrorCode::kInvalidInput);
}

TEST(TxFile, ALargestTransactionFits) {
  const Team team;
  TxFile file = team.signed_by({1, 2, 3});
  file.signatures.clear();
  RawMessage filler{static_cast<std::uint16_t>(MessageKind::kTransfer), {}};
  filler.payload.resize(kMessageBytesMax);
  file.body.messages.clear();
  file.body.messages.push_back(filler);
  filler.payload.resize(kTxBytesMax - kMessageBytesMax - 1'000);
  file.body.messages.push_back(filler);
  ASSERT_TRUE(quote(file));
  EXPECT_TRUE(decode_tx_file(encode_tx_file(file)));
}

}  // namespace
}  // namespace fog::wallet
