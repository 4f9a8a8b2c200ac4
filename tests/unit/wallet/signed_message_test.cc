// A signed message is proof of its text and its signer, and of nothing else.
#include "wallet/signed_message.h"

#include <gtest/gtest.h>

#include "tests/support/sdk_vectors.h"
#include "tests/support/test_chain.h"
#include "wallet/tx_builder.h"

namespace fog::wallet {
namespace {

using testing::TestKey;

ErrorCode code_of(const auto& result) {
  EXPECT_FALSE(result);
  return result ? ErrorCode::kIo : result.error().code;
}

const std::vector<std::string> kTexts = {"", "This address is mine.", "a line\nand another\n",
                                         "Nebel \xf0\x9f\x8c\xab",
                                         std::string("a zero \0 inside", 15)};

TEST(SignedMessage, AreSharedWithTheSdkByteForByte) {
  nlohmann::json vectors = nlohmann::json::array();
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    const TestKey key(i + 1);
    KeySigner signer(key.secret);
    const auto signature = sign_message(kTexts[i], signer);
    ASSERT_TRUE(signature);
    EXPECT_TRUE(verify_message(key.address, kTexts[i], *signature));
    vectors.push_back({{"secret", to_hex0x(key.secret.bytes())},
                       {"address", to_text(key.address)},
                       {"text", kTexts[i]},
                       {"digest", to_hex0x(message_digest(kTexts[i]))},
                       {"signature", *signature}});
  }
  testing::expect_recorded("vectors/messages.json", vectors);
}

TEST(SignedMessage, IsOfOneTextOneAddressAndOneForm) {
  const TestKey key(1);
  KeySigner signer(key.secret);
  const std::string good = *sign_message("pay me", signer);
  EXPECT_EQ(code_of(verify_message(key.address, "pay me ", good)), ErrorCode::kRejected);
  EXPECT_EQ(code_of(verify_message(TestKey(2).address, "pay me", good)), ErrorCode::kRejected);
  for (const std::string& bad :
       {std::string(), good.substr(0, good.size() - 2), good + "00", "zz" + good.substr(2)}) {
    EXPECT_EQ(code_of(verify_message(key.address, "pay me", bad)), ErrorCode::kInvalidInput);
  }
  EXPECT_EQ(code_of(sign_message(std::string(kSignedTextBytesMax + 1, 'x'), signer)),
            ErrorCode::kExhausted);
}

TEST(SignedMessage, OfATransactionsBytesSignsNoTransaction) {
  const TestKey key(1);
  KeySigner signer(key.secret);
  const TxBody body =
      testing::make_body(key.address, 0, {testing::make_transfer(TestKey(2).address, 5)});
  const Bytes bytes = bcs_encode(body);
  EXPECT_NE(message_digest(as_text(bytes)), tx_id(body));
  const auto signature = from_hex(*sign_message(as_text(bytes), signer));
  const ByteView compact = ByteView(*signature).subspan(PublicKey::kSize);
  EXPECT_FALSE(verify_ecdsa(key.public_key, tx_id(body), *fixed_from<64>(compact)));
}

}  // namespace
}  // namespace fog::wallet
