// Transactions: the id covers the body and not the signature; units follow bytes, signatures and
// messages.
#include "chain/types/transaction.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"

namespace fog {
namespace {

SignedTx transfer_tx(std::size_t outputs) {
  SignedTx tx;
  Transfer transfer;
  transfer.outputs.resize(outputs);
  tx.body.messages.push_back(make_message(transfer));
  tx.auth = SingleAuth{};
  return tx;
}

TEST(TxIdTest, IsTheTaggedHashOfTheBody) {
  const SignedTx tx = transfer_tx(1);
  EXPECT_EQ(tx_id(tx.body), tagged_hash("fog/tx", bcs_encode(tx.body)));
  EXPECT_EQ(tx_id(tx.body), tx_id(ByteView(bcs_encode(tx.body))));
}

TEST(TxIdTest, TheBodyStandsAtTheStartOfTheSignedBytes) {
  const SignedTx tx = transfer_tx(2);
  const Bytes body = bcs_encode(tx.body);
  const Bytes whole = bcs_encode(tx);
  ASSERT_GT(whole.size(), body.size());
  EXPECT_TRUE(std::equal(body.begin(), body.end(), whole.begin()));
}

TEST(Units, CountBytesSignaturesAndMessages) {
  const SignedTx one = transfer_tx(1);
  const std::uint64_t payload = one.body.messages[0].payload.size();
  EXPECT_EQ(payload, 1U + 20 + 8);
  EXPECT_EQ(tx_units(one, 300), 300 + 2'000 + 200 + 20 * payload);
  SignedTx multi = one;
  MultiAuth auth;
  auth.signatures.resize(3);
  multi.auth = auth;
  EXPECT_EQ(tx_units(multi, 300), 300 + 3 * 2'000 + 200 + 20 * payload);
}

TEST(Units, AnUnknownKindWeighsAsTheHeaviest) {
  EXPECT_EQ(message_units(999, 0), 20'000U);
  EXPECT_EQ(message_units(static_cast<std::uint16_t>(MessageKind::kPublishService), 10), 20'000U);
  EXPECT_EQ(message_units(static_cast<std::uint16_t>(MessageKind::kHeartbeat), 10), 1'000U);
}

TEST(MakeMessage, CarriesKindAndPayload) {
  Transfer transfer;
  transfer.outputs.push_back({Address{}, Amount{7}});
  const RawMessage message = make_message(transfer);
  EXPECT_EQ(message.kind, 1);
  const auto decoded = bcs_decode<Transfer>(message.payload);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, transfer);
}

}  // namespace
}  // namespace fog
