#include "rpc/json/envelope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rpc/json/rpc_error.h"

namespace fog::rpc {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr EnvelopeLimits kLimits{.depth_max = 8, .batch_max = 3};

const RpcCall& only_call(const Envelope& envelope) {
  return *envelope.calls.at(0);
}

TEST(Envelope, ReadsACallWithEachFormOfId) {
  for (const char* id : {"1", "\"a\"", "null", "1.5"}) {
    const auto envelope = parse_envelope(
        R"({"jsonrpc": "2.0", "method": "m", "params": [1], "id": )" + std::string(id) + "}",
        kLimits);
    ASSERT_TRUE(envelope.has_value());
    EXPECT_FALSE(envelope->batch);
    EXPECT_EQ(only_call(*envelope).method, "m");
    EXPECT_EQ(only_call(*envelope).id, json::parse(id));
  }
}

// Without an id it is a notification; an id of null is a call like any other.
TEST(Envelope, KnowsANotification) {
  const auto envelope = parse_envelope(R"({"jsonrpc": "2.0", "method": "m"})", kLimits);
  ASSERT_TRUE(envelope.has_value());
  EXPECT_FALSE(only_call(*envelope).id.has_value());
  EXPECT_TRUE(only_call(*envelope).params.is_null());
}

TEST(Envelope, RefusesWhatIsNotACall) {
  for (const char* text :
       {"1", "\"x\"", "{}", R"({"jsonrpc": "1.0", "method": "m", "id": 1})",
        R"({"jsonrpc": "2.0", "id": 1})", R"({"jsonrpc": "2.0", "method": 1, "id": 1})",
        R"({"jsonrpc": "2.0", "method": "m", "params": 1, "id": 1})",
        R"({"jsonrpc": "2.0", "method": "m", "params": null, "id": 1})",
        R"({"jsonrpc": "2.0", "method": "m", "id": [1]})",
        R"({"jsonrpc": "2.0", "method": "m", "id": true})",
        R"({"jsonrpc": "2.0", "method": "m", "id": 1, "extra": 1})"}) {
    const auto envelope = parse_envelope(text, kLimits);
    ASSERT_TRUE(envelope.has_value()) << text;
    ASSERT_FALSE(envelope->calls.at(0).has_value()) << text;
    EXPECT_EQ(envelope->calls[0].error().error.code, kInvalidRequest) << text;
  }
}

TEST(Envelope, KeepsTheIdOfABadCallWhereItHasOne) {
  const auto envelope = parse_envelope(R"({"jsonrpc": "2.0", "id": 7})", kLimits);
  ASSERT_TRUE(envelope.has_value());
  EXPECT_EQ(envelope->calls.at(0).error().id, 7);
}

TEST(Envelope, RefusesTextThatIsNotJson) {
  for (const char* text :
       {"", "{", R"({"a": 1,})", R"({"a": 1} x)", "nul", "\"\xff\"", "[1", "{'a': 1}"}) {
    const auto envelope = parse_envelope(text, kLimits);
    ASSERT_FALSE(envelope.has_value()) << text;
    EXPECT_EQ(envelope.error().code, kParseError) << text;
  }
}

TEST(Envelope, RefusesAMemberThatStandsTwice) {
  const auto envelope =
      parse_envelope(R"({"jsonrpc": "2.0", "method": "a", "method": "b", "id": 1})", kLimits);
  ASSERT_FALSE(envelope.has_value());
  EXPECT_THAT(envelope.error().message, HasSubstr("\"method\" stands twice"));
  // The same name in two objects is fine.
  EXPECT_TRUE(
      parse_envelope(
          R"({"jsonrpc": "2.0", "method": "a", "params": [{"x": 1}, {"x": 2}], "id": 1})", kLimits)
          .has_value());
}

TEST(Envelope, HoldsTheDepthExactly) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse_bounded(nested(8), 8).has_value());
  EXPECT_FALSE(parse_bounded(nested(9), 8).has_value());
  // Brackets inside of text do not count.
  EXPECT_TRUE(parse_bounded(R"(["[[[[[[[[[[[[\"[[[[["])", 8).has_value());
  // A million levels neither crash nor allocate.
  EXPECT_FALSE(parse_bounded(std::string(1'000'000, '['), 64).has_value());
}

TEST(Envelope, HoldsTheBatchExactly) {
  const std::string call = R"({"jsonrpc": "2.0", "method": "m", "id": 1})";
  const auto three = parse_envelope("[" + call + "," + call + "," + call + "]", kLimits);
  ASSERT_TRUE(three.has_value());
  EXPECT_TRUE(three->batch);
  EXPECT_EQ(three->calls.size(), 3U);
  const auto four =
      parse_envelope("[" + call + "," + call + "," + call + "," + call + "]", kLimits);
  ASSERT_FALSE(four.has_value());
  EXPECT_EQ(four.error().code, kInvalidRequest);
  EXPECT_EQ(parse_envelope("[]", kLimits).error().code, kInvalidRequest);
}

// An error crosses the wire and is the same kind of error on the other side.
TEST(RpcErrors, ComeBackAsTheSameError) {
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(ErrorCode::kUnavailable); ++i) {
    const Error error{static_cast<ErrorCode>(i), "why"};
    const Error back = error_of(error_json(rpc_error(error)));
    EXPECT_EQ(back.code, error.code) << error_slug(error.code);
    EXPECT_EQ(back.context, "why");
  }
}

TEST(RpcErrors, CarryTheFaultOfARefusedTransaction) {
  const RpcError error = refused_tx(Fault::kSequenceTooLow, "");
  EXPECT_EQ(error.code, kTxRefused);
  EXPECT_EQ(error.data["fault"]["number"], 102);
  EXPECT_EQ(error.data["fault"]["name"], "sequence_too_low");
  EXPECT_EQ(error.message, fault_help(Fault::kSequenceTooLow));
}

TEST(RpcErrors, SurviveAnAnswerThatIsNoError) {
  for (const char* text : {"null", "1", "{}", R"({"code": "x", "message": 1, "data": 2})"}) {
    EXPECT_EQ(error_of(json::parse(text)).code, ErrorCode::kProtocol) << text;
  }
}

}  // namespace
}  // namespace fog::rpc
