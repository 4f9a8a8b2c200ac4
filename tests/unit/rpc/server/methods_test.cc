#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rpc/server/dispatcher.h"
#include "rpc/server/method.h"
#include "rpc/server/subscriber.h"
#include "tests/support/fake_node.h"

namespace fog::rpc {
namespace {

using testing::FakeNode;
using ::testing::HasSubstr;

class Deaf final : public Subscriber {
 public:
  bool has_room() const override { return false; }
  void notify(std::string) override {}
};

// As on an open connection that has one subscription.
Json call(Dispatcher& dispatcher, const std::string& body, bool is_operator = true) {
  std::string response;
  const auto take = [&](std::string text) { response = std::move(text); };
  SocketCall socket{std::make_shared<Deaf>()};
  const Caller caller{is_operator, "", &socket};
  dispatcher.handle(
      R"({"jsonrpc":"2.0","method":"subscribe_blocks","params":{"cursor":"2"},"id":0})", caller,
      take);
  dispatcher.handle(body, caller, take);
  return response.empty() ? Json(nullptr) : Json::parse(response);
}
Json call(Dispatcher& dispatcher, const std::string& method, const Json& params,
          bool is_operator = true) {
  return call(dispatcher,
              Json{{"jsonrpc", "2.0"}, {"method", method}, {"params", params}, {"id", 1}}.dump(),
              is_operator);
}

// Every member of `part`, at every depth, is the same in `whole`. An example may leave members out.
::testing::AssertionResult contains(const Json& whole, const Json& part, const std::string& at) {
  if (part.is_object() && whole.is_object()) {
    for (const auto& [name, value] : part.items()) {
      if (!whole.contains(name))
        return ::testing::AssertionFailure() << at << "." << name << " is missing";
      const auto inner = contains(whole[name], value, at + "." + name);
      if (!inner) return inner;
    }
    return ::testing::AssertionSuccess();
  }
  if (part.is_array() && whole.is_array() && part.size() == whole.size()) {
    for (std::size_t i = 0; i < part.size(); ++i) {
      const auto inner = contains(whole[i], part[i], at + "[" + std::to_string(i) + "]");
      if (!inner) return inner;
    }
    return ::testing::AssertionSuccess();
  }
  if (part == whole) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << at << " is " << whole.dump() << ", not " << part.dump();
}

// What the documentation shows is what the node answers.
TEST(Methods, AnswerAsTheirExamplesSay) {
  FakeNode node;
  Dispatcher dispatcher(node, {});
  for (const Method& method : all_methods()) {
    const Json response = call(dispatcher, method.name, Json::parse(method.example_params));
    ASSERT_TRUE(response.contains("result")) << method.name << ": " << response.dump();
    const Json expected = Json::parse(method.example_result);
    EXPECT_FALSE(expected.empty()) << method.name;
    EXPECT_TRUE(contains(response["result"], expected, method.name)) << response["result"].dump();
  }
}

// The same example by position answers the same as by name.
TEST(Methods, TakeParametersByPositionToo) {
  FakeNode node;
  Dispatcher dispatcher(node, {});
  for (const Method& method : all_methods()) {
    const Json named = Json::parse(method.example_params);
    Json positions = Json::array();
    bool gap = false;
    for (const Param& param : method.params) {
      gap = gap || !named.contains(param.name);
      if (!gap) positions.push_back(named[param.name]);
    }
    if (positions.size() != named.size()) continue;  // the example leaves one out in the middle
    EXPECT_EQ(call(dispatcher, method.name, named), call(dispatcher, method.name, positions))
        << method.name;
  }
}

TEST(Methods, RefuseMissingUnknownAndSurplusParameters) {
  FakeNode node;
  Dispatcher dispatcher(node, {});
  for (const Method& method : all_methods()) {
    Json params = Json::parse(method.example_params);
    params["nonsense"] = 1;
    EXPECT_EQ(call(dispatcher, method.name, params)["error"]["code"], kInvalidParams)
        << method.name;
    Json surplus = Json::array();
    for (std::size_t i = 0; i <= method.params.size(); ++i) surplus.push_back(1);
    EXPECT_EQ(call(dispatcher, method.name, surplus)["error"]["code"], kInvalidParams)
        << method.name;
    if (method.params.empty() || !method.params[0].required) continue;
    const Json response = call(dispatcher, method.name, Json::object());
    EXPECT_EQ(response["error"]["code"], kInvalidParams) << method.name;
    EXPECT_THAT(response["error"]["message"].get<std::string>(), HasSubstr(method.params[0].name));
  }
}

// No parameter of the wrong type crashes, or is taken for something else.
TEST(Methods, RefuseParametersOfAnotherType) {
  FakeNode node;
  Dispatcher dispatcher(node, {});
  for (const Method& method : all_methods()) {
    const Json good = Json::parse(method.example_params);
    for (const Param& param : method.params) {
      for (const Json& wrong :
           {Json(-1), Json(1.5), Json("?"), Json::object(), Json(Json::array({Json::array()}))}) {
        Json params = good;
        params[param.name] = wrong;
        const Json response = call(dispatcher, method.name, params);
        ASSERT_TRUE(response.contains("error"))
            << method.name << "." << param.name << " took " << wrong.dump();
        EXPECT_EQ(response["error"]["code"], kInvalidParams) << response.dump();
        EXPECT_THAT(response["error"]["message"].get<std::string>(), HasSubstr(param.name));
      }
    }
  }
}

TEST(Methods, SayNotFoundWithAHint) {
  FakeNode node;
  Dispatcher dispatcher(node, {});
  const std::string nothing = "0x" + std::string(64, '9');
  for (const char* method : {"market_host", "market_bid", "market_lease"}) {
    const Json response = call(dispatcher, method, {{"id", nothing}});
    EXPECT_EQ(response["error"]["code"], kNotFound);
    EXPECT_EQ(response["error"]["data"]["error"], "not_found");
    EXPECT_THAT(response["error"]["message"].get<std::string>(), HasSubstr("see market_"));
  }
  EXPECT_EQ(call(dispatcher, "chain_block", {{"height", "99"}})["error"]["code"], kNotFound);
  EXPECT_EQ(call(dispatcher, "market_service", {{"name", "nobody"}})["error"]["code"], kNotFound);
  // An address that was never paid is no error: it has nothing.
  const Json account = call(dispatcher, "account_get", {{"address", to_text(Address{})}})["result"];
  EXPECT_EQ(account["exists"], false);
  EXPECT_EQ(account["balance"], "0");
}

// A preview reads thousands of Offers: each client has so many of them, whether in a batch or not.
TEST(Methods, ADearCallIsAnsweredOnlySoOften) {
  FakeNode node;
  DispatchLimits limits;
  limits.dear_calls_max = 0;
  Dispatcher dispatcher(node, limits);
  Json preview;
  for (const Method& method : all_methods()) {
    if (method.name == "market_preview") preview = Json::parse(method.example_params);
  }
  const auto ask = [&](const Caller& caller, const char* method, const Json& params) {
    std::string response;
    dispatcher.handle(
        Json{{"jsonrpc", "2.0"}, {"method", method}, {"params", params}, {"id", 1}}.dump(), caller,
        [&](std::string text) { response = std::move(text); });
    return Json::parse(response);
  };
  const Caller someone{false, "192.0.2.1"};
  const Json refused = ask(someone, "market_preview", preview);
  EXPECT_EQ(refused["error"]["code"], kLimitReached);
  EXPECT_THAT(refused["error"]["message"].get<std::string>(), HasSubstr("too often"));
  EXPECT_TRUE(ask(someone, "chain_status", Json::object()).contains("result"));
  EXPECT_TRUE(ask({true, "192.0.2.1"}, "market_preview", preview).contains("result"));
  EXPECT_TRUE(ask({false, ""}, "market_preview", preview).contains("result"));
  Dispatcher generous(node, {});
  std::string response;
  generous.handle(
      Json{{"jsonrpc", "2.0"}, {"method", "market_preview"}, {"params", preview}, {"id", 1}}.dump(),
      someone, [&](std::string text) { response = std::move(text); });
  EXPECT_TRUE(Json::parse(response).contains("result"));
}

// Pages follow each other without a gap or a repetition.
TEST(Methods, PageThroughAList) {
  FakeNode node;
  Dispatcher dispatcher(node, {});
  const Json first = call(dispatcher, "market_hosts", {{"limit", 1}})["result"];
  ASSERT_EQ(first["items"].size(), 1U);
  ASSERT_TRUE(first["next"].is_string());
  const Json second =
      call(dispatcher, "market_hosts", {{"limit", 1}, {"cursor", first["next"]}})["result"];
  ASSERT_EQ(second["items"].size(), 1U);
  EXPECT_TRUE(second["next"].is_null());
  EXPECT_EQ(call(dispatcher, "market_hosts", {{"limit", 256}})["result"]["items"].size(), 2U);
  for (const Json& limit : {Json(0), Json(257)}) {
    EXPECT_EQ(call(dispatcher, "market_hosts", {{"limit", limit}})["error"]["code"],
              kInvalidParams);
  }
  // A cursor of another list is refused: it would read past the list's own end.
  EXPECT_EQ(call(dispatcher, "market_gateways", {{"cursor", first["next"]}})["error"]["code"],
            kInvalidParams);
}

TEST(Methods, PageThroughAHistoryInBothOrders) {
  FakeNode node;
  node.add_block({FakeNode::example_tx(), FakeNode::example_tx()});
  Dispatcher dispatcher(node, {});
  const std::string who = to_text(FakeNode::example_address());
  Json page = call(dispatcher, "account_history", {{"address", who}, {"limit", 2}})["result"];
  EXPECT_EQ(page["items"][0]["index"], 1);
  EXPECT_EQ(page["items"][1]["height"], "3");
  EXPECT_EQ(page["items"][0]["tx"]["body"]["sender"], who);
  EXPECT_EQ(page["next"], "2:0");
  page = call(dispatcher, "account_history", {{"address", who}, {"cursor", "2:0"}})["result"];
  EXPECT_EQ(page["items"].size(), 1U);
  EXPECT_TRUE(page["next"].is_null());
  page =
      call(dispatcher, "account_history", {{"address", who}, {"order", "oldest_first"}})["result"];
  EXPECT_EQ(page["items"].size(), 3U);
  EXPECT_EQ(page["next"], "4:0");
  for (const Json& limit : {Json(0), Json(101)}) {
    EXPECT_EQ(
        call(dispatcher, "account_history", {{"address", who}, {"limit", limit}})["error"]["code"],
        kInvalidParams);
  }
}

TEST(Methods, ABlockIsNamedByItsHeightOrItsId) {
  FakeNode node;
  Dispatcher dispatcher(node, {});
  const std::string id = to_hex0x(FakeNode::hash_of(0xB2));
  EXPECT_EQ(call(dispatcher, "chain_block", {{"id", id}}),
            call(dispatcher, "chain_block", {{"height", "2"}}));
  EXPECT_EQ(call(dispatcher, "chain_block", Json::object())["error"]["code"], kInvalidParams);
  EXPECT_EQ(call(dispatcher, "chain_block", {{"height", "2"}, {"id", id}})["error"]["code"],
            kInvalidParams);
  EXPECT_EQ(call(dispatcher, "chain_block", {{"id", to_hex0x(Hash32{})}})["error"]["code"],
            kNotFound);
}

TEST(Methods, ListBidsByEachFilter) {
  FakeNode node;
  Dispatcher dispatcher(node, {});
  const std::string owner = to_text(FakeNode::example_address());
  for (const Json& params : {Json::object(), Json{{"owner", owner}}, Json{{"service", "echo"}}}) {
    EXPECT_EQ(call(dispatcher, "market_bids", params)["result"]["items"].size(), 1U)
        << params.dump();
  }
  EXPECT_EQ(
      call(dispatcher, "market_bids", {{"owner", owner}, {"service", "echo"}})["error"]["code"],
      kInvalidParams);
  EXPECT_EQ(call(dispatcher, "market_leases", Json::object())["error"]["code"], kInvalidParams);
}

TEST(Methods, KeepTheOperatorsMethodsForTheOperator) {
  FakeNode node;
  Dispatcher dispatcher(node, {});
  const Json response = call(dispatcher, "supply_verify", Json::object(), false);
  EXPECT_EQ(response["error"]["code"], kPermissionDenied);
  EXPECT_THAT(response["error"]["message"].get<std::string>(), HasSubstr("bearer token"));
}

TEST(Methods, TellWhyASingleTransactionIsRefused) {
  FakeNode node;
  Dispatcher dispatcher(node, {});
  SignedTx tx = FakeNode::example_tx();
  const Json good = call(dispatcher, "tx_submit", {{"txs", to_hex0x(bcs_encode(tx))}});
  EXPECT_EQ(good["result"]["id"], to_hex0x(tx_id(tx.body)));
  const Json malformed = call(dispatcher, "tx_submit", {{"txs", "0x00"}});
  EXPECT_EQ(malformed["error"]["code"], kTxRefused);
  EXPECT_EQ(malformed["error"]["data"]["fault"]["name"], "malformed");
  EXPECT_EQ(malformed["error"]["message"], fault_help(Fault::kMalformed));
  tx.body.memo = BoundedBytes<kMemoBytesMax>(to_bytes(as_bytes("full")));
  const Json full = call(dispatcher, "tx_submit", {{"txs", to_hex0x(bcs_encode(tx))}});
  EXPECT_EQ(full["error"]["message"], "the mempool is full; try again later");
}

TEST(Methods, EstimateTheFeeOfAGivenTransaction) {
  FakeNode node;
  Dispatcher dispatcher(node, {});
  const SignedTx tx = FakeNode::example_tx();
  const Bytes bytes = bcs_encode(tx);
  const Json fee = call(dispatcher, "fee_estimate", {{"tx", to_hex0x(bytes)}})["result"];
  const std::uint64_t units = tx_units(tx, bytes.size());
  EXPECT_EQ(fee["units"], std::to_string(units));
  EXPECT_EQ(fee["fee"], std::to_string(units * 10));
  EXPECT_EQ(fee["fee_max"], std::to_string(units * 20));
}

TEST(Discover, DescribesEveryMethodOnce) {
  FakeNode node;
  Dispatcher dispatcher(node, {});
  const Json document = call(dispatcher, "rpc.discover", Json::array())["result"];
  EXPECT_EQ(document["openrpc"], "1.2.6");
  std::set<std::string> names;
  for (const Json& method : document["methods"]) {
    EXPECT_TRUE(names.insert(method["name"].get<std::string>()).second);
    EXPECT_GT(method["summary"].get<std::string>().size(), 10U) << method["name"];
    EXPECT_EQ(method["examples"].size(), 1U);
    EXPECT_TRUE(method["result"]["schema"].is_object());
    // OpenRPC has required parameters first.
    bool optional = false;
    for (const Json& param : method["params"]) {
      EXPECT_FALSE(optional && param["required"].get<bool>()) << method["name"];
      optional = optional || !param["required"].get<bool>();
    }
  }
  EXPECT_EQ(names.size(), all_methods().size());
}

}  // namespace
}  // namespace fog::rpc
