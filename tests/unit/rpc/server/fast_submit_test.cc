#include "rpc/server/fast_submit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "rpc/json/envelope.h"
#include "rpc/server/dispatcher.h"
#include "tests/support/fake_node.h"
#include "tests/support/seeded_rng.h"

namespace fog::rpc {
namespace {

using nlohmann::json;
using testing::FakeNode;

std::optional<FastSubmit> read(std::string body) {
  body.reserve(body.size() + kJsonPadding);
  return read_fast_submit(body, 10, 100);
}
std::string call(const std::string& params, const std::string& id = "1") {
  return R"({"jsonrpc":"2.0","method":"tx_submit","params":)" + params + R"(,"id":)" + id + "}";
}

TEST(FastSubmit, ReadsEachCommonForm) {
  for (const char* params : {R"(["0xAb01"])", R"({"txs":"0xab01"})"}) {
    const auto submit = read(call(params));
    ASSERT_TRUE(submit.has_value()) << params;
    EXPECT_FALSE(submit->calls.at(0).list);
    EXPECT_EQ(submit->txs, (std::vector<Bytes>{{0xAB, 1}}));
  }
  for (const char* params : {R"([["0xab", "0x"]])", R"({"txs":["0xab", "0x"]})"}) {
    const auto submit = read(call(params));
    ASSERT_TRUE(submit.has_value()) << params;
    EXPECT_TRUE(submit->calls.at(0).list);
    EXPECT_EQ(submit->txs, (std::vector<Bytes>{{0xAB}, {}}));
  }
}

// Members may come in any order, and a batch is read as one.
TEST(FastSubmit, ReadsABatchInOrder) {
  const auto submit =
      read("[" + call(R"(["0x01"])") + "," +
           R"({"id":"b","params":{"txs":["0x02","0x03"]},"method":"tx_submit","jsonrpc":"2.0"},)" +
           R"({"jsonrpc":"2.0","method":"tx_submit","params":["0x04"]}])");
  ASSERT_TRUE(submit.has_value());
  EXPECT_TRUE(submit->batch);
  ASSERT_EQ(submit->calls.size(), 3U);
  EXPECT_EQ(submit->calls[1].id, "\"b\"");
  EXPECT_EQ(submit->calls[1].first, 1U);
  EXPECT_EQ(submit->calls[1].count, 2U);
  EXPECT_EQ(submit->calls[2].id, "");
  EXPECT_EQ(submit->txs.size(), 4U);
}

// Whatever is not exactly the common form is left to the general reader.
TEST(FastSubmit, LeavesEverythingElseAlone) {
  const std::string good = call(R"(["0x01"])");
  for (
      const std::string& body :
      {std::string(),
       std::string("[]"),
       good + "x",
       good.substr(0, good.size() - 1),
       call(R"(["01"])"),
       call(R"(["0x0"])"),
       call(R"(["0xzz"])"),
       call(R"(["0x01","0x02"])"),
       call("[1]"),
       call("[]"),
       call("{}"),
       call("null"),
       call(R"({"tx":"0x01"})"),
       call(R"({"txs":"0x01","x":1})"),
       call(R"({"txs":["0x01",1]})"),
       call(R"(["0x01"])", "1.5"),
       call(R"(["0x01"])", "null"),
       call(R"(["0x01"])", "[1]"),
       call(R"(["0x01"])", "\"a\\\"b\""),
       std::string(R"({"method":"tx_submit","params":["0x01"],"id":1})"),
       std::string(R"({"jsonrpc":"2.0","method":"tx_get","params":["tx_submit"],"id":1})"),
       std::string(
           R"({"jsonrpc":"2.0","method":"tx_submit","method":"tx_submit","params":["0x01"],"id":1})"),
       "[" + good + R"(,{"jsonrpc":"2.0","method":"chain_status","id":2}])",
       "[[" + good + "]]"}) {
    EXPECT_FALSE(read(body).has_value()) << body;
  }
}

TEST(FastSubmit, HoldsItsBoundsExactly) {
  std::string many = R"({"txs":["0x01")";
  for (int i = 1; i < 100; ++i) many += R"(,"0x01")";
  EXPECT_TRUE(read(call(many + "]}")).has_value());
  EXPECT_FALSE(read(call(many + R"(,"0x01"]})")).has_value());
  std::string batch = call(R"(["0x01"])");
  for (int i = 1; i < 10; ++i) batch += "," + call(R"(["0x01"])");
  EXPECT_TRUE(read("[" + batch + "]").has_value());
  EXPECT_FALSE(read("[" + batch + "," + call(R"(["0x01"])") + "]").has_value());
}

TEST(FastSubmit, DecodesHexLikeTheSlowWay) {
  testing::SeededRng rng(5);
  for (int i = 0; i < 200; ++i) {
    std::string hex = to_hex(rng.bytes(rng.below(40)));
    if (!hex.empty() && rng.below(2) == 0)
      hex[rng.below(hex.size())] = static_cast<char>(rng.below(256));
    Bytes out(hex.size() / 2);
    const auto expected = from_hex(hex);
    const bool is_prefixed = hex.starts_with("0x");
    ASSERT_EQ(decode_hex_into(hex.data(), hex.size(), out.data()),
              expected.has_value() && !is_prefixed)
        << hex;
    if (expected && !is_prefixed) {
      EXPECT_EQ(out, *expected);
    }
  }
}

// The fast road and the general one answer the same, for every mixture of good and bad.
TEST(FastSubmit, AnswersLikeTheGeneralRoad) {
  SignedTx full = FakeNode::example_tx();
  full.body.memo = BoundedBytes<kMemoBytesMax>(to_bytes(as_bytes("full")));
  const std::string good = "\"" + to_hex0x(bcs_encode(FakeNode::example_tx())) + "\"";
  const std::string refused = "\"" + to_hex0x(bcs_encode(full)) + "\"";
  for (const std::string& params :
       {"[" + good + "]", std::string(R"(["0x00"])"), "[" + refused + "]",
        R"({"txs":[)" + good + R"(,"0x00",)" + refused + "]}", std::string(R"({"txs":[]})")}) {
    FakeNode node;
    Dispatcher dispatcher(node, {});
    const auto say = [&](const std::string& body) {
      std::string response;
      dispatcher.handle(body, Caller{}, [&](std::string text) { response = std::move(text); });
      return json::parse(response);
    };
    ASSERT_TRUE(read(call(params)).has_value()) << params;
    json fast = say(call(params));
    ASSERT_FALSE(read(call(params, "1.5")).has_value());
    json slow = say(call(params, "1.5"));
    fast["id"] = slow["id"] = 0;
    EXPECT_EQ(fast, slow) << params;
  }
}

TEST(FastSubmit, HandsAWholeBatchToTheNodeAtOnce) {
  FakeNode node;
  Dispatcher dispatcher(node, {});
  std::string response;
  dispatcher.handle(
      "[" + call(R"(["0x01"])", "1") + "," + call(R"({"txs":["0x02","0x03"]})", "2") + "]",
      Caller{}, [&](std::string text) { response = std::move(text); });
  EXPECT_EQ(node.submit_calls(), 1U);
  EXPECT_EQ(node.submitted().size(), 3U);
  const json answers = json::parse(response);
  EXPECT_EQ(answers[0]["error"]["code"], -32002);
  EXPECT_EQ(answers[1]["result"].size(), 2U);
}

TEST(FastSubmit, AnswersEachCallWhenTheNodeFails) {
  FakeNode node;
  node.fail_with(Error{ErrorCode::kUnavailable, "stopping"});
  Dispatcher dispatcher(node, {});
  std::string response;
  dispatcher.handle("[" + call(R"(["0x01"])", "1") + "," + call(R"(["0x02"])", "\"b\"") + "]",
                    Caller{}, [&](std::string text) { response = std::move(text); });
  const json answers = json::parse(response);
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0]["error"]["message"], "stopping");
  EXPECT_EQ(answers[1]["id"], "b");
}

}  // namespace
}  // namespace fog::rpc
