// Messages: every kind is decoded to its own type, everything else is a form fault.
#include "consensus/rules/messages.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

// A default message of each alternative, as it would travel.
template <std::size_t... I>
std::vector<RawMessage> one_of_each(std::index_sequence<I...>) {
  return {make_message(std::variant_alternative_t<I, Message>{})...};
}
std::vector<RawMessage> one_of_each() {
  return one_of_each(std::make_index_sequence<std::variant_size_v<Message>>{});
}

TEST(DecodeMessage, EveryKindBecomesItsOwnType) {
  const auto raws = one_of_each();
  for (std::size_t i = 0; i < raws.size(); ++i) {
    const auto message = decode_message(raws[i]);
    ASSERT_TRUE(message.has_value()) << raws[i].kind;
    EXPECT_EQ(message->index(), i);
  }
}

TEST(DecodeMessage, KindsDiffer) {
  std::set<std::uint16_t> kinds;
  for (const RawMessage& raw : one_of_each()) EXPECT_TRUE(kinds.insert(raw.kind).second);
}

TEST(DecodeMessage, AnUnknownKindIsRefused) {
  for (const std::uint32_t kind : {0U, 2U, 9U, 46U, 65'535U}) {
    RawMessage raw;
    raw.kind = static_cast<std::uint16_t>(kind);
    const auto message = decode_message(raw);
    ASSERT_FALSE(message.has_value()) << kind;
    EXPECT_EQ(message.error(), Fault::kUnknownMessage);
  }
}

TEST(DecodeMessage, APayloadMustBeCanonicalAndComplete) {
  for (RawMessage raw : one_of_each()) {
    raw.payload.push_back(0);
    EXPECT_EQ(decode_message(raw).error(), Fault::kMalformedMessage) << raw.kind;
    raw.payload.pop_back();
    if (raw.payload.empty()) continue;
    raw.payload.pop_back();
    EXPECT_EQ(decode_message(raw).error(), Fault::kMalformedMessage) << raw.kind;
  }
}

TEST(DecodeMessage, MoreOutputsThanAllowedAreMalformed) {
  Transfer transfer;
  transfer.outputs.resize(kTransferOutputsMax);
  RawMessage raw = make_message(transfer);
  EXPECT_TRUE(decode_message(raw).has_value());
  BcsWriter writer;
  writer.uleb(static_cast<std::uint32_t>(kTransferOutputsMax + 1));
  writer.raw(Bytes((kTransferOutputsMax + 1) * 28));
  raw.payload = std::move(writer).take();
  EXPECT_EQ(decode_message(raw).error(), Fault::kMalformedMessage);
}

TEST(CheckMessages, NamesTheFirstFaultOfATransaction) {
  TxBody body;
  body.messages.push_back(make_message(Transfer{}));
  EXPECT_EQ(check_messages(body), Fault::kNone);
  body.messages.push_back(RawMessage{});
  body.messages.push_back({1, Bytes{}});
  EXPECT_EQ(check_messages(body), Fault::kUnknownMessage);
  EXPECT_EQ(decode_messages(body).error(), Fault::kUnknownMessage);
  std::swap(body.messages[1], body.messages[2]);
  EXPECT_EQ(check_messages(body), Fault::kMalformedMessage);
}

TEST(DecodeMessage, RandomPayloadsAreRefusedOrReencodeToThemselves) {
  testing::SeededRng rng(8);
  const auto raws = one_of_each();
  for (int i = 0; i < 20'000; ++i) {
    RawMessage raw = raws[rng.below(raws.size())];
    if (raw.payload.empty()) continue;
    raw.payload[rng.below(raw.payload.size())] = static_cast<std::uint8_t>(rng.next());
    const auto message = decode_message(raw);
    if (!message) continue;
    const Bytes again = std::visit([](const auto& m) { return bcs_encode(m); }, *message);
    EXPECT_EQ(again, static_cast<const Bytes&>(raw.payload)) << raw.kind;
  }
}

}  // namespace
}  // namespace fog
