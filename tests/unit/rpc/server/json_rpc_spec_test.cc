// The examples of the JSON-RPC 2.0 specification, section 7, through the dispatcher. The methods of
// the page are mapped to ours: what counts is the form of the answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rpc/server/dispatcher.h"
#include "rpc/server/method.h"
#include "tests/support/fake_node.h"

namespace fog::rpc {
namespace {

using testing::FakeNode;

class Spec : public ::testing::Test {
 protected:
  // The response; null when there is none at all.
  Json say(const std::string& body) {
    std::string response = "not called";
    dispatcher_.handle(body, Caller{}, [&](std::string text) { response = std::move(text); });
    return response.empty() ? Json(nullptr) : Json::parse(response);
  }
  static void expect_error(const Json& response, int code, const Json& id) {
    EXPECT_EQ(response["jsonrpc"], "2.0");
    EXPECT_EQ(response["error"]["code"], code) << response.dump();
    EXPECT_TRUE(response["error"]["message"].is_string());
    EXPECT_FALSE(response.contains("result"));
    ASSERT_TRUE(response.contains("id"));
    EXPECT_EQ(response["id"], id);
  }
  FakeNode node_;
  Dispatcher dispatcher_{node_, {}};
};

TEST_F(Spec, CallWithPositionalParameters) {
  const Json response =
      say(R"({"jsonrpc": "2.0", "method": "chain_wait_height", "params": ["1", "0"], "id": 1})");
  EXPECT_EQ(response["jsonrpc"], "2.0");
  EXPECT_EQ(response["result"]["height"], "2");
  EXPECT_EQ(response["id"], 1);
  EXPECT_FALSE(response.contains("error"));
}

TEST_F(Spec, CallWithNamedParameters) {
  for (const char* params :
       {R"({"height": "1", "timeout_ms": "0"})", R"({"timeout_ms": "0", "height": "1"})"}) {
    const Json response = say(R"({"jsonrpc": "2.0", "method": "chain_wait_height", "params": )" +
                              std::string(params) + R"(, "id": 3})");
    EXPECT_EQ(response["result"]["height"], "2");
    EXPECT_EQ(response["id"], 3);
  }
}

TEST_F(Spec, Notifications) {
  EXPECT_TRUE(say(R"({"jsonrpc": "2.0", "method": "chain_status", "params": []})").is_null());
  // Not even an unknown method is answered.
  EXPECT_TRUE(say(R"({"jsonrpc": "2.0", "method": "foobar"})").is_null());
}

TEST_F(Spec, CallOfNonExistentMethod) {
  expect_error(say(R"({"jsonrpc": "2.0", "method": "foobar", "id": "1"})"), kMethodNotFound, "1");
}

TEST_F(Spec, CallWithInvalidJson) {
  expect_error(say(R"({"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz])"), kParseError,
               nullptr);
}

TEST_F(Spec, CallWithInvalidRequestObject) {
  expect_error(say(R"({"jsonrpc": "2.0", "method": 1, "params": "bar"})"), kInvalidRequest,
               nullptr);
}

TEST_F(Spec, BatchWithInvalidJson) {
  expect_error(say(R"([
    {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
    {"jsonrpc": "2.0", "method"
  ])"),
               kParseError, nullptr);
}

TEST_F(Spec, EmptyArray) {
  expect_error(say("[]"), kInvalidRequest, nullptr);
}

TEST_F(Spec, InvalidBatchButNotEmpty) {
  const Json response = say("[1]");
  ASSERT_TRUE(response.is_array());
  ASSERT_EQ(response.size(), 1U);
  expect_error(response[0], kInvalidRequest, nullptr);
}

TEST_F(Spec, InvalidBatch) {
  const Json response = say("[1,2,3]");
  ASSERT_EQ(response.size(), 3U);
  for (const Json& each : response) expect_error(each, kInvalidRequest, nullptr);
}

TEST_F(Spec, Batch) {
  const Json response = say(R"([
    {"jsonrpc": "2.0", "method": "chain_status", "params": [], "id": "1"},
    {"jsonrpc": "2.0", "method": "chain_status", "params": []},
    {"jsonrpc": "2.0", "method": "params_get", "params": [], "id": "2"},
    {"foo": "boo"},
    {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
    {"jsonrpc": "2.0", "method": "fee_estimate", "id": "9"}
  ])");
  ASSERT_EQ(response.size(), 5U) << "the notification is not answered";
  EXPECT_EQ(response[0]["id"], "1");
  EXPECT_EQ(response[0]["result"]["height"], "2");
  EXPECT_EQ(response[1]["id"], "2");
  expect_error(response[2], kInvalidRequest, nullptr);
  expect_error(response[3], kMethodNotFound, "5");
  EXPECT_EQ(response[4]["id"], "9");
}

TEST_F(Spec, BatchOfNotificationsOnly) {
  EXPECT_TRUE(say(R"([
    {"jsonrpc": "2.0", "method": "chain_status", "params": []},
    {"jsonrpc": "2.0", "method": "foobar", "params": [7]}
  ])")
                  .is_null());
}

TEST_F(Spec, IdComesBackAsItWas) {
  for (const char* id :
       {"1", "-5", "0", "\"a b\"", "\"\\u00e9\\\"\"", "null", "1.25", "18446744073709551615"}) {
    for (const char* method : {"chain_status", "foobar"}) {
      const Json response = say(R"({"jsonrpc": "2.0", "method": ")" + std::string(method) +
                                R"(", "id": )" + std::string(id) + "}");
      EXPECT_EQ(response["id"], Json::parse(id)) << id;
    }
  }
}

TEST_F(Spec, NodeFailuresAreErrorsOfTheApplication) {
  node_.fail_with(Error{ErrorCode::kUnavailable, "the node is starting"});
  const Json response = say(R"({"jsonrpc": "2.0", "method": "chain_status", "id": 1})");
  expect_error(response, kUnavailable, 1);
  EXPECT_EQ(response["error"]["message"], "the node is starting");
}

}  // namespace
}  // namespace fog::rpc
