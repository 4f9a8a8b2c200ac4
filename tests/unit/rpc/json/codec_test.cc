#include "rpc/json/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/any_value.h"

namespace fog::rpc {
namespace {

using nlohmann::json;
using testing::any_value;
using ::testing::HasSubstr;
using testing::SeededRng;

// Whatever is written as JSON text is read back as the same value.
template <class T>
class RoundTrip : public ::testing::Test {};
using PublicTypes =
    ::testing::Types<Account, BlockHeader, ChainParams, Hash32, MultisigPolicy, SignedTx,
                     StakingParams, Proposal, SubmitEvidence, Supply, TxBody, market::Bid,
                     market::BidTerms, market::CreateBid, market::Gateway, market::Host,
                     market::Lease, market::Location, market::Manifest, market::MarketParams,
                     market::Offer, market::PublishService, market::ReceiptRecord,
                     market::RegisterHost, market::Resources, market::Service,
                     market::SignedVoucher, market::SubmitReceipts>;
TYPED_TEST_SUITE(RoundTrip, PublicTypes);

TYPED_TEST(RoundTrip, GivesTheSameValue) {
  SeededRng rng(7);
  for (int i = 0; i < 50; ++i) {
    const auto value = any_value<TypeParam>(rng);
    const std::string text = compact(to_json(value));
    const auto back = from_json<TypeParam>(json::parse(text), "value");
    ASSERT_TRUE(back.has_value()) << text << "\n" << back.error().context;
    EXPECT_EQ(*back, value) << text;
  }
}

TEST(Codec, OutcomesAndStatusesComeBackToo) {
  SeededRng rng(8);
  for (int i = 0; i < 50; ++i) {
    TxStatus status;
    status.place = TxPlace::kFinal;
    status.height = rng.next();
    status.index = static_cast<std::uint32_t>(rng.next());
    status.outcome = any_value<TxOutcome>(rng);
    if (status.outcome.fault == 0) status.outcome.failed_message = 0;
    const auto back = from_json<TxStatus>(to_json(status), "status");
    ASSERT_TRUE(back.has_value()) << back.error().context;
    EXPECT_EQ(back->height, status.height);
    EXPECT_EQ(back->index, status.index);
    EXPECT_EQ(back->outcome, status.outcome);
  }
}

TEST(Codec, BlocksKeepTheirSignedBytes) {
  SeededRng rng(9);
  BlockInfo info{any_value<Hash32>(rng),
                 any_value<Block>(rng),
                 {any_value<TxOutcome>(rng)},
                 any_value<Certificate>(rng)};
  info.outcomes[0].fault = 0;
  info.outcomes[0].failed_message = 0;
  const auto back = from_json<BlockInfo>(to_json(info), "block");
  ASSERT_TRUE(back.has_value()) << back.error().context;
  EXPECT_EQ(back->id, info.id);
  EXPECT_EQ(back->block, info.block);
  EXPECT_EQ(back->outcomes, info.outcomes);
  EXPECT_EQ(back->finalization, info.finalization);
}

// The forms that the design fixes: numbers of 64 bits as text, bytes as hex, addresses as Bech32.
TEST(Codec, WritesTheFormsOfTheDesign) {
  market::Offer offer;
  offer.price_class = 2;
  offer.since_height = ~0ULL;
  const json out = to_json(offer);
  EXPECT_EQ(out["since_height"], "18446744073709551615");
  EXPECT_EQ(out["price_class"], 2);
  EXPECT_EQ(out["host"], "0x" + std::string(64, '0'));
  EXPECT_TRUE(out["free"]["gpu"].is_null());
  EXPECT_EQ(to_json(Amount{5}), "5");
  EXPECT_THAT(to_json(Address{}).get<std::string>(), ::testing::StartsWith("fog1"));
  EXPECT_EQ(to_json(Fault::kSequenceTooLow)["name"], "sequence_too_low");
}

TEST(Codec, ShowsMessagesByNameAndBody) {
  const Transfer transfer{{{Address{}, Amount{12}}}};
  const json out = to_json(make_message(transfer));
  EXPECT_EQ(out["name"], "transfer");
  EXPECT_EQ(out["body"]["outputs"][0]["amount"], "12");
  const auto back = from_json<RawMessage>(out, "message");
  ASSERT_TRUE(back.has_value()) << back.error().context;
  EXPECT_EQ(*back, make_message(transfer));
}

// A payload that is not canonical, or of a kind from the future, stays as bytes and loses nothing.
TEST(Codec, KeepsForeignMessagesAsBytes) {
  for (const RawMessage& raw : {RawMessage{1, Bytes{0xFF}}, RawMessage{999, Bytes{1, 2, 3}}}) {
    const json out = to_json(raw);
    EXPECT_TRUE(out.contains("payload"));
    const auto back = from_json<RawMessage>(out, "message");
    ASSERT_TRUE(back.has_value()) << back.error().context;
    EXPECT_EQ(*back, raw);
  }
}

template <class T>
std::string refusal(const char* text) {
  const auto value = from_json<T>(json::parse(text), "params");
  return value ? "accepted" : value.error().context;
}

TEST(Codec, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(refusal<Supply>(R"({"minted": "1"})"), "params.burned: missing");
  EXPECT_EQ(refusal<Supply>(R"({"minted": "1", "burned": "2", "x": 1})"),
            "params.x: there is no such field");
  EXPECT_THAT(refusal<Supply>(R"({"minted": "1", "burned": "-2"})"),
              HasSubstr("params.burned: expected a decimal string"));
  EXPECT_THAT(
      refusal<market::Offer>(
          R"({"host": "0x00", "price_class": 0, "scale": 1, "free": {}, "since_height": 1})"),
      HasSubstr("params.host: expected exactly 32 bytes"));
  EXPECT_THAT(
      refusal<Account>(
          R"({"balance": "1", "lanes": [{"lane": 0, "next": "1"}, {"lane": 256, "next": "1"}]})"),
      HasSubstr("params.lanes[1].lane: expected at most 255"));
  EXPECT_THAT(refusal<RawMessage>(
                  R"({"name": "transfer", "body": {"outputs": [{"to": "fog1x", "amount": "1"}]}})"),
              HasSubstr("params.body.outputs[0].to: expected an address"));
}

TEST(Codec, RefusesNumbersThatAreNotOneNumber) {
  for (const char* text : {R"("01")", R"("")", R"("+1")", R"("1.0")", R"(1.5)", R"(-1)",
                           R"("18446744073709551616")", R"(" 1")", "true", "null"}) {
    EXPECT_THAT(refusal<std::uint64_t>(text), HasSubstr("params: expected")) << text;
  }
  EXPECT_EQ(*from_json<std::uint64_t>(json(5), "params"), 5U);
  EXPECT_EQ(*from_json<std::uint64_t>(json("18446744073709551615"), "params"), ~0ULL);
}

TEST(Codec, RefusesBytesThatAreNotHexWithPrefix) {
  for (const char* text : {R"("00")", R"("0x0")", R"("0xzz")", "1", "null"}) {
    EXPECT_THAT(refusal<Bytes>(text), HasSubstr("params: expected")) << text;
  }
  EXPECT_EQ(*from_json<Bytes>(json("0x"), "params"), Bytes{});
  EXPECT_EQ(*from_json<Bytes>(json("0xAb01"), "params"), (Bytes{0xAB, 1}));
}

// Bounds of the types hold at the door, so that writing them as BCS later cannot stop the program.
TEST(Codec, KeepsListsTextsAndMapsWithinTheirBounds) {
  json many = json::array();
  for (int i = 0; i < 33; ++i) many.push_back("DE");
  SeededRng rng(3);
  json constraints = to_json(any_value<market::BidTerms>(rng));
  constraints["constraints"]["countries"] = many;
  EXPECT_THAT(from_json<market::BidTerms>(constraints, "terms").error().context,
              HasSubstr("terms.constraints.countries: expected at most 32 entries"));
  constraints["constraints"]["countries"] = {"DEU"};
  EXPECT_THAT(from_json<market::BidTerms>(constraints, "terms").error().context,
              HasSubstr("terms.constraints.countries[0]: expected at most 2 bytes"));
}

TEST(Codec, IgnoresFieldsOfANewerNodeWhenAsked) {
  const json newer = json::parse(R"({"minted": "1", "burned": "2", "melted": "3"})");
  EXPECT_TRUE(from_json<Supply>(newer, "supply", UnknownFields::kIgnore).has_value());
  EXPECT_FALSE(from_json<Supply>(newer, "supply").has_value());
}

}  // namespace
}  // namespace fog::rpc
