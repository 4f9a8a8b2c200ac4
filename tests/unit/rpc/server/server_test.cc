#include "rpc/server/server.h"

#include <future>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "rpc/server/http_rules.h"
#include "tests/support/fake_node.h"
#include "tests/support/raw_http.h"

namespace fog::rpc {
namespace {

using nlohmann::json;
using testing::FakeNode;
using ::testing::HasSubstr;
using testing::RawHttp;

constexpr const char* kStatusCall = R"({"jsonrpc":"2.0","method":"chain_status","id":1})";

class Server : public ::testing::Test {
 protected:
  void start(const ServerOptions& options = {}) {
    auto server = RpcServer::start(node_, options);
    ASSERT_TRUE(server.has_value()) << server.error().context;
    server_ = *std::move(server);
  }
  std::uint16_t port() const { return server_->port(); }
  FakeNode node_;
  std::unique_ptr<RpcServer> server_;
};

TEST_F(Server, AnswersCallsOnOneConnectionOneAfterTheOther) {
  start();
  RawHttp http(port());
  for (int i = 0; i < 3; ++i) {
    const auto response = http.post(kStatusCall);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.fields.at("content-type"), "application/json");
    EXPECT_EQ(json::parse(response.body)["result"]["height"], "2");
  }
}

TEST_F(Server, AnswersANotificationWithoutABody) {
  start();
  RawHttp http(port());
  const auto response = http.post(R"({"jsonrpc":"2.0","method":"chain_status"})");
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(http.post(kStatusCall).status, 200);
}

// Requests sent before their answers are answered in their order, even when the first one waits.
TEST_F(Server, AnswersPipelinedRequestsInOrder) {
  start();
  RawHttp http(port());
  const auto request = [](const std::string& body) {
    return "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  };
  std::string all =
      request(R"({"jsonrpc":"2.0","method":"chain_wait_height","params":["3","5000"],"id":0})");
  for (int i = 1; i < 20; ++i) {
    all += request(R"({"jsonrpc":"2.0","method":"chain_status","id":)" + std::to_string(i) + "}");
  }
  http.send(all);
  node_.add_block();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(json::parse(http.receive().body)["id"], i);
}

TEST_F(Server, ClosesWhenTheClientAsksForIt) {
  start();
  RawHttp http(port());
  EXPECT_EQ(http.post(kStatusCall, "Connection: close\r\n").status, 200);
  EXPECT_TRUE(http.ended());
}

TEST_F(Server, TakesChunkedBodiesAndExpectContinue) {
  start();
  RawHttp chunked(port());
  chunked.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string body = kStatusCall;
  chunked.send("5\r\n" + body.substr(0, 5) + "\r\n");
  chunked.send(fmt::format("{:x}\r\n", body.size() - 5) + body.substr(5) + "\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.receive().status, 200);

  RawHttp patient(port());
  patient.send("POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_EQ(patient.receive().status, 100);
  patient.send(body);
  EXPECT_EQ(patient.receive().status, 200);
}

TEST_F(Server, ServesHealthAndMetrics) {
  start();
  RawHttp http(port());
  http.post(kStatusCall);
  http.post(R"({"jsonrpc":"2.0","method":"nonsense","id":1})");
  const auto health = http.get("/health");
  EXPECT_EQ(health.status, 200);
  EXPECT_THAT(health.body, HasSubstr("ok, height 2"));
  const auto metrics = http.get("/metrics");
  EXPECT_EQ(metrics.status, 200);
  for (const char* line :
       {"fog_up 1\n", "fog_chain_height 2\n", "fog_mempool_transactions 1\n",
        "fog_http_connections 1\n", "fog_rpc_calls_total{method=\"chain_status\"} 1\n",
        "fog_rpc_failures_total{method=\"other\"} 1\n", "# TYPE fog_rpc_calls_total counter\n"}) {
    EXPECT_THAT(metrics.body, HasSubstr(line));
  }
  node_.fail_with(Error{ErrorCode::kUnavailable, "starting"});
  EXPECT_EQ(http.get("/health").status, 503);
  EXPECT_THAT(http.get("/metrics").body, HasSubstr("fog_up 0\n"));
}

// Whatever stands before this node must not be read otherwise here (request smuggling).
TEST_F(Server, ALengthThatCanBeReadInTwoWaysEndsTheConnection) {
  start();
  const std::string next = "0\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (const std::string length :
       {"Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "Content-Length: 5, 5",
        "Content-Length: 5\r\nContent-Length: 5", "Content-Length: +5",
        "Transfer-Encoding: chunked\r\nContent-Length: 5"}) {
    RawHttp http(port());
    http.send("POST / HTTP/1.1\r\nHost: localhost\r\n" + length + "\r\n\r\n" + next);
    EXPECT_EQ(http.receive().status, 400) << length;
    EXPECT_EQ(http.receive().status, 0) << length;
  }
}

TEST_F(Server, RefusesOtherPathsAndMethodsWithAHint) {
  start();
  EXPECT_EQ(RawHttp(port()).get("/nowhere").status, 404);
  const auto get = RawHttp(port()).get("/");
  EXPECT_EQ(get.status, 405);
  EXPECT_EQ(get.fields.at("allow"), "POST");
  RawHttp put(port());
  put.send("PUT /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(put.receive().status, 405);
}

// A page of another site, even one whose name was pointed at this address, reaches nothing.
TEST_F(Server, RefusesForeignHostNamesAndOrigins) {
  ServerOptions options;
  options.host_names = {"node.example"};
  start(options);
  EXPECT_EQ(RawHttp(port()).get("/health", "Host: evil.example\r\n").status, 403);
  EXPECT_EQ(RawHttp(port()).get("/health", "Host: node.example:80\r\n").status, 200);
  EXPECT_EQ(RawHttp(port()).get("/health", "").status, 403);
  EXPECT_EQ(
      RawHttp(port()).get("/health", "Host: 127.0.0.1\r\nOrigin: http://evil.example\r\n").status,
      403);
  EXPECT_EQ(
      RawHttp(port()).get("/health", "Host: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\n").status,
      200);
}

// CORS: https://fetch.spec.whatwg.org/#http-cors-protocol
TEST_F(Server, ListedSitesPagesMayCallAndNoOthers) {
  ServerOptions options;
  options.origins = {"https://wallet.example"};
  start(options);
  const auto ask = [&](const std::string& start, const std::string& origin,
                       const std::string& more = "", const std::string& body = "") {
    RawHttp http(port());
    http.send(start + " HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: " + origin + "\r\n" + more +
              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return http.receive();
  };
  const std::string asks = "Access-Control-Request-Method: POST\r\n";
  const auto may = ask("OPTIONS /", "https://wallet.example", asks);
  EXPECT_EQ(may.status, 204);
  EXPECT_EQ(may.fields.at("access-control-allow-origin"), "https://wallet.example");
  EXPECT_THAT(may.fields.at("access-control-allow-methods"), HasSubstr("POST"));
  EXPECT_THAT(may.fields.at("access-control-allow-headers"), HasSubstr("Content-Type"));
  EXPECT_EQ(may.fields.at("vary"), "Origin");
  const auto called = ask("POST /", "https://wallet.example", "", kStatusCall);
  EXPECT_EQ(called.status, 200);
  EXPECT_EQ(called.fields.at("access-control-allow-origin"), "https://wallet.example");
  for (const char* other : {"https://wallet.example.evil", "http://wallet.example", "null",
                            "https://wallet.example:444"}) {
    EXPECT_EQ(ask("OPTIONS /", other, asks).status, 403) << other;
    const auto refused = ask("POST /", other, "", kStatusCall);
    EXPECT_EQ(refused.status, 403) << other;
    EXPECT_EQ(refused.fields.count("access-control-allow-origin"), 0U);
  }
  // The node's own pages need no permission, and who is no page is told nothing of it.
  EXPECT_EQ(RawHttp(port()).post(kStatusCall).fields.count("access-control-allow-origin"), 0U);
  EXPECT_EQ(ask("OPTIONS /", "http://127.0.0.1", asks).status, 405);
}

// A visitor of that site may sit at the node's own machine, where operators need no token.
TEST_F(Server, AnotherSitesPageIsNoOperatorWithoutTheToken) {
  const std::string call = R"({"jsonrpc":"2.0","method":"supply_verify","id":1})";
  const std::string page = "Origin: https://any.example\r\n";
  ServerOptions options;
  options.origins = {"*"};
  start(options);
  EXPECT_EQ(json::parse(RawHttp(port()).post(call, page).body)["error"]["code"], -32006);
  EXPECT_EQ(json::parse(RawHttp(port()).post(call).body)["result"]["conserved"], true);
  options.operator_token = "secret";
  start(options);
  EXPECT_EQ(json::parse(RawHttp(port())
                            .post(call, page + "Authorization: Bearer secret\r\n")
                            .body)["result"]["conserved"],
            true);
}

TEST_F(Server, HoldsTheBodyBoundExactly) {
  ServerOptions options;
  options.body_bytes_max = 1'000;
  start(options);
  std::string body = kStatusCall;
  body.append(1'000 - body.size(), ' ');
  EXPECT_EQ(RawHttp(port()).post(body).status, 200);
  EXPECT_EQ(RawHttp(port()).post(body + " ").status, 413);
  RawHttp chunked(port());
  chunked.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
               body + " \r\n0\r\n\r\n");
  EXPECT_EQ(chunked.receive().status, 413);
}

TEST_F(Server, RefusesALongHeadAndNonsense) {
  start();
  RawHttp head(port());
  head.send("GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(20'000, 'x') +
            "\r\n\r\n");
  EXPECT_EQ(head.receive().status, 431);
  RawHttp nonsense(port());
  nonsense.send("\x16\x03\x01\x02 hello\r\n\r\n");
  EXPECT_EQ(nonsense.receive().status, 400);
  // The server is as well as before.
  EXPECT_EQ(RawHttp(port()).post(kStatusCall).status, 200);
}

TEST_F(Server, RefusesConnectionsBeyondItsBound) {
  ServerOptions options;
  options.connections_max = 2;
  start(options);
  RawHttp first(port());
  RawHttp second(port());
  EXPECT_EQ(first.post(kStatusCall).status, 200);
  EXPECT_EQ(second.post(kStatusCall).status, 200);
  RawHttp third(port());
  EXPECT_TRUE(third.ended());
}

TEST_F(Server, ClosesAConnectionThatSaysNothing) {
  ServerOptions options;
  options.idle_timeout_ms = 50;
  start(options);
  RawHttp silent(port());
  EXPECT_TRUE(silent.ended());
  RawHttp slow(port());
  slow.send("POST / HTTP/1.1\r\nHost: loc");
  EXPECT_TRUE(slow.ended());
}

TEST_F(Server, RefusesBodiesBeyondWhatAllMayHoldTogether) {
  ServerOptions options;
  options.bodies_bytes_max = 100;
  start(options);
  EXPECT_EQ(RawHttp(port()).post(std::string(101, ' ')).status, 503);
  // The place is given back.
  EXPECT_EQ(RawHttp(port()).post(kStatusCall).status, 200);
}

// More callers wait than there are threads, and others are answered meanwhile.
TEST_F(Server, LetsManyWaitWithoutDelayingOthers) {
  ServerOptions options;
  options.workers = 2;
  start(options);
  std::vector<std::unique_ptr<RawHttp>> waiting;
  const std::string wait =
      R"({"jsonrpc":"2.0","method":"chain_wait_height","params":["3","60000"],"id":1})";
  for (int i = 0; i < 50; ++i) {
    waiting.push_back(std::make_unique<RawHttp>(port()));
    waiting.back()->send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                         std::to_string(wait.size()) + "\r\n\r\n" + wait);
  }
  EXPECT_EQ(json::parse(RawHttp(port()).post(kStatusCall).body)["result"]["height"], "2");
  node_.add_block();
  for (const auto& http : waiting) {
    EXPECT_EQ(json::parse(http->receive().body)["result"]["height"], "3");
  }
}

TEST_F(Server, AnswersAWaitWhenItsTimeIsUp) {
  start();
  const auto response = RawHttp(port()).post(
      R"({"jsonrpc":"2.0","method":"chain_wait_height","params":["99","20"],"id":1})");
  EXPECT_EQ(json::parse(response.body)["result"]["height"], "2");
}

TEST_F(Server, RefusesWaitsBeyondItsBound) {
  ServerOptions options;
  options.calls.waits_max = 1;
  start(options);
  RawHttp http(port());
  const std::string wait =
      R"({"jsonrpc":"2.0","method":"chain_wait_height","params":["9","200"],"id":1})";
  const json answers = json::parse(http.post("[" + wait + "," + wait + "]").body);
  EXPECT_EQ(answers[0]["result"]["height"], "2");
  EXPECT_EQ(answers[1]["error"]["data"]["error"], "exhausted");
}

TEST_F(Server, AnswersAWaitForATransaction) {
  start();
  RawHttp http(port());
  const std::string id = "0x" + std::string(64, '7');
  const std::string wait =
      R"({"jsonrpc":"2.0","method":"tx_wait","params":[")" + id + R"("],"id":1})";
  http.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(wait.size()) +
            "\r\n\r\n" + wait);
  node_.make_final(FakeNode::hash_of(0x77));
  const json answer = json::parse(http.receive().body);
  EXPECT_EQ(answer["result"]["place"], "final");
  EXPECT_EQ(answer["result"]["height"], "3");
}

TEST_F(Server, AnswersWaitingCallsWhenItStops) {
  start();
  RawHttp http(port());
  const std::string wait =
      R"({"jsonrpc":"2.0","method":"chain_wait_height","params":["9","60000"],"id":1})";
  http.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(wait.size()) +
            "\r\n\r\n" + wait);
  // Whether the call came to wait or was still on its way: the connection ends with an answer.
  RawHttp(port()).post(kStatusCall);
  server_.reset();
  const auto response = http.receive();
  if (response.status == 200) {
    EXPECT_EQ(json::parse(response.body)["error"]["data"]["error"], "unavailable");
  }
  EXPECT_TRUE(http.ended());
}

TEST_F(Server, AsksForTheTokenWhereOneIsSet) {
  ServerOptions options;
  options.operator_token = "secret";
  start(options);
  const std::string call = R"({"jsonrpc":"2.0","method":"supply_verify","id":1})";
  EXPECT_EQ(json::parse(RawHttp(port()).post(call).body)["error"]["code"], -32006);
  EXPECT_EQ(
      json::parse(
          RawHttp(port()).post(call, "Authorization: Bearer wrong1\r\n").body)["error"]["code"],
      -32006);
  EXPECT_EQ(
      json::parse(RawHttp(port()).post(call, "Authorization: Bearer secret\r\n").body)["result"]
                                                                                      ["conserved"],
      true);
}

TEST_F(Server, LetsLoopbackOperateWithoutAToken) {
  start();
  const auto response =
      RawHttp(port()).post(R"({"jsonrpc":"2.0","method":"supply_verify","id":1})");
  EXPECT_EQ(json::parse(response.body)["result"]["conserved"], true);
}

TEST_F(Server, TakesABodyOfManyTransactions) {
  start();
  const std::string tx = "\"" + to_hex0x(bcs_encode(FakeNode::example_tx())) + "\"";
  std::string body = R"({"jsonrpc":"2.0","method":"tx_submit","params":{"txs":[)" + tx;
  for (int i = 1; i < 5'000; ++i) body += "," + tx;
  body += R"(]},"id":1})";
  RawHttp http(port());
  for (int i = 0; i < 3; ++i) {
    const json answer = json::parse(http.post(body).body);
    EXPECT_EQ(answer["result"].size(), 5'000U);
  }
  EXPECT_EQ(node_.submit_calls(), 3U);
}

TEST_F(Server, SaysWhyItCannotListen) {
  start();
  ServerOptions same;
  same.port = port();
  const auto again = RpcServer::start(node_, same);
  ASSERT_FALSE(again.has_value());
  EXPECT_THAT(again.error().context, HasSubstr("cannot listen on 127.0.0.1"));
  ServerOptions nonsense;
  nonsense.address = "localhost";
  EXPECT_EQ(RpcServer::start(node_, nonsense).error().code, ErrorCode::kInvalidInput);
}

// Many clients at once, some of whom go away in the middle of everything.
TEST_F(Server, SurvivesClientsThatLeave) {
  start();
  std::vector<std::thread> clients;
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([this, c] {
      for (int i = 0; i < 20; ++i) {
        RawHttp http(port());
        if ((i + c) % 3 == 0) {
          http.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{");
        } else if ((i + c) % 3 == 1) {
          http.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                    std::to_string(std::string(kStatusCall).size()) + "\r\n\r\n" +
                    std::string(kStatusCall));
        } else {
          EXPECT_EQ(http.post(kStatusCall).status, 200);
        }
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(RawHttp(port()).post(kStatusCall).status, 200);
}

TEST(HttpRules, KnowAddressesAndNames) {
  for (const char* good : {"127.0.0.1", "127.0.0.1:80", "localhost", "LocalHost:1", "[::1]",
                           "[::1]:80", "10.1.2.3:65535", "Name.example", "name.example:8"}) {
    EXPECT_TRUE(host_is_allowed(good, {"name.example"})) << good;
  }
  for (const char* bad : {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                          "localhost:", "localhost:x", "localhost:123456", "[::1", "[::1]x", "::1",
                          "name.example.", "a:b:c"}) {
    EXPECT_FALSE(host_is_allowed(bad, {"name.example"})) << bad;
  }
}

TEST(HttpRules, CompareOriginWithHost) {
  EXPECT_TRUE(origin_is_allowed("http://localhost:80", "localhost:80"));
  EXPECT_FALSE(origin_is_allowed("http://localhost:81", "localhost:80"));
  EXPECT_FALSE(origin_is_allowed("null", "localhost:80"));
}

TEST(HttpRules, KnowOriginsFromOtherText) {
  for (const char* good : {"*", "https://a.example", "http://127.0.0.1:80", "http://[::1]:7780",
                           "chrome-extension://abcdefgh"}) {
    EXPECT_TRUE(is_origin_rule(good)) << good;
  }
  for (const char* bad : {"", "a.example", "https://", "https://a.example/", "://a", "https://*.a",
                          "https://a,https://b", "https://a b", "null"}) {
    EXPECT_FALSE(is_origin_rule(bad)) << bad;
  }
  EXPECT_TRUE(origin_is_listed("HTTPS://A.example", {"x", "https://a.example"}));
  EXPECT_FALSE(origin_is_listed("https://a.example", {}));
}

TEST(HttpRules, CompareTokens) {
  EXPECT_TRUE(bearer_fits("Bearer abc", "abc"));
  EXPECT_TRUE(bearer_fits("bearer abc", "abc"));
  for (const char* bad :
       {"", "abc", "Bearer", "Bearer ", "Bearer abd", "Bearer abcd", "Bearer  abc", "Basic abc"}) {
    EXPECT_FALSE(bearer_fits(bad, "abc")) << bad;
  }
  EXPECT_FALSE(bearer_fits("Bearer ", ""));
}

}  // namespace
}  // namespace fog::rpc
