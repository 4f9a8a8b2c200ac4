// WebSockets at the server's door: the protocol's edges by hand, subscriptions, and every bound.
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "rpc/server/server.h"
#include "tests/support/fake_node.h"
#include "tests/support/raw_socket.h"

namespace fog::rpc {
namespace {

using nlohmann::json;
using testing::FakeNode;
using ::testing::HasSubstr;
using testing::RawHttp;
using testing::RawSocket;

constexpr const char* kStatusCall = R"({"jsonrpc":"2.0","method":"chain_status","id":1})";
constexpr int kFin = 0x80;

std::string call(const std::string& method, const json& params, int id = 1) {
  return json{{"jsonrpc", "2.0"}, {"method", method}, {"params", params}, {"id", id}}.dump();
}

class Socket : public ::testing::Test {
 protected:
  void start(const ServerOptions& options = {}) {
    auto server = RpcServer::start(node_, options);
    ASSERT_TRUE(server.has_value()) << server.error().context;
    server_ = *std::move(server);
  }
  std::uint16_t port() const { return server_->port(); }
  static json next(RawSocket& socket) {
    const auto frame = socket.receive();
    return frame.opcode == RawSocket::kText ? json::parse(frame.payload) : json(nullptr);
  }
  static json ask(RawSocket& socket, const std::string& method, const json& params) {
    socket.send(call(method, params));
    return next(socket);
  }
  // The code of the close frame that answers these bytes.
  int refusal_of(const std::string& bytes) {
    RawSocket socket(port());
    socket.send_bytes(bytes);
    return socket.close_code();
  }
  const std::string who_ = to_text(FakeNode::example_address());
  FakeNode node_;
  std::unique_ptr<RpcServer> server_;
};

// ---- the protocol ----

TEST_F(Socket, ShakesHandsAsTheStandardSays) {
  start();
  RawSocket socket(port());
  EXPECT_EQ(socket.answer().status, 101);
  EXPECT_EQ(socket.answer().fields.at("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_F(Socket, AnswersEveryMethodBatchesAndErrors) {
  start();
  RawSocket socket(port());
  EXPECT_EQ(ask(socket, "chain_status", json::object())["result"]["height"], "2");
  socket.send("[" + std::string(kStatusCall) + "," + call("nonsense", json::array(), 2) + "]");
  const json batch = next(socket);
  EXPECT_EQ(batch[0]["result"]["height"], "2");
  EXPECT_EQ(batch[1]["error"]["code"], -32601);
  socket.send("{");
  EXPECT_EQ(next(socket)["error"]["code"], -32700);
  // A notification is answered by nothing; the call after it is.
  socket.send(R"({"jsonrpc":"2.0","method":"chain_status"})");
  EXPECT_EQ(ask(socket, "chain_status", json::object())["id"], 1);
}

TEST_F(Socket, ACallThatWaitsDelaysNoOther) {
  start();
  RawSocket socket(port());
  socket.send(call("chain_wait_height", {{"height", "3"}, {"timeout_ms", "60000"}}, 7));
  EXPECT_EQ(ask(socket, "chain_status", json::object())["id"], 1);
  node_.add_block();
  EXPECT_EQ(next(socket)["id"], 7);
}

TEST_F(Socket, TakesFragmentsWithControlFramesBetweenThem) {
  start();
  RawSocket socket(port());
  const std::string text = kStatusCall;
  socket.send_bytes(RawSocket::frame(RawSocket::kText, text.substr(0, 5)));
  socket.send_bytes(RawSocket::frame(kFin | RawSocket::kPing, "are you there"));
  socket.send_bytes(RawSocket::frame(0, ""));
  socket.send_bytes(RawSocket::frame(kFin, text.substr(5)));
  const auto pong = socket.receive();
  EXPECT_EQ(pong.opcode, RawSocket::kPong);
  EXPECT_EQ(pong.payload, "are you there");
  EXPECT_EQ(next(socket)["id"], 1);
}

TEST_F(Socket, RefusesWhatTheStandardForbids) {
  start();
  using S = RawSocket;
  EXPECT_EQ(refusal_of(S::frame(kFin | S::kText, "{}", false)), 1002) << "not masked";
  EXPECT_EQ(refusal_of(S::frame(kFin | 0x40 | S::kText, "{}")), 1002) << "reserved bit 1";
  EXPECT_EQ(refusal_of(S::frame(kFin | 0x20 | S::kText, "{}")), 1002) << "reserved bit 2";
  EXPECT_EQ(refusal_of(S::frame(kFin | 0x10 | S::kText, "{}")), 1002) << "reserved bit 3";
  EXPECT_EQ(refusal_of(S::frame(kFin | 3, "")), 1002) << "a reserved kind of data";
  EXPECT_EQ(refusal_of(S::frame(kFin | 11, "")), 1002) << "a reserved kind of control";
  EXPECT_EQ(refusal_of(S::frame(S::kPing, "")), 1002) << "a control frame in fragments";
  EXPECT_EQ(refusal_of(S::frame(kFin | S::kPing, std::string(126, 'x'))), 1002) << "a long ping";
  EXPECT_EQ(refusal_of(S::frame(kFin, "{}")), 1002) << "a continuation of nothing";
  EXPECT_EQ(refusal_of(S::frame(S::kText, "{") + S::frame(kFin | S::kText, "}")), 1002)
      << "a message within a message";
  EXPECT_EQ(refusal_of(S::frame(kFin | S::kText, "\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80")), 1007)
      << "no UTF-8";
  EXPECT_EQ(refusal_of(S::frame(kFin | S::kText, "\xe1\xbd")), 1007) << "half a character";
  EXPECT_EQ(refusal_of(S::frame(kFin | S::kBinary, "{}")), 1003) << "not text";
  const std::string wide = std::string("\xfe", 1) + std::string(1, '\x00') + "\x05" + "aaaahello";
  EXPECT_EQ(refusal_of(S::frame(kFin | S::kText, "").substr(0, 1) + wide), 1002)
      << "a length that is longer than it need be";
}

TEST_F(Socket, ClosesAsItIsAskedTo) {
  start();
  using S = RawSocket;
  EXPECT_EQ(refusal_of(S::frame(kFin | S::kClose, "\x03\xe8")), 1000);
  EXPECT_EQ(refusal_of(S::frame(kFin | S::kClose, "")), 1000);
  EXPECT_EQ(refusal_of(S::frame(kFin | S::kClose, "\x0b\xb8")), 3000);
  EXPECT_EQ(refusal_of(S::frame(kFin | S::kClose, "\x03")), 1002) << "half a code";
  EXPECT_EQ(refusal_of(S::frame(kFin | S::kClose, "\x03\xec")), 1002) << "1004 is reserved";
  EXPECT_EQ(refusal_of(S::frame(kFin | S::kClose, "\x03\xed")), 1002) << "1005 is never sent";
  // Section 7.1.6 has it fail; which code says so is the library's choice.
  EXPECT_EQ(refusal_of(S::frame(kFin | S::kClose, "\x03\xe8\xff\xff")), 1002) << "a bad reason";
}

TEST_F(Socket, RefusesHandshakesThatAreNone) {
  start();
  const auto status_of = [&](const std::string& head) {
    RawHttp http(port());
    http.send("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + head + "\r\n");
    return http.receive().status;
  };
  const std::string upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string version = "Sec-WebSocket-Version: 13\r\n";
  EXPECT_EQ(status_of(upgrade + key + version), 101);
  EXPECT_EQ(status_of(upgrade + version), 400);
  EXPECT_EQ(status_of(upgrade + key + "Sec-WebSocket-Version: 12\r\n"), 426);
  EXPECT_EQ(status_of(upgrade + key + version + "Content-Length: 5\r\n"), 400);
  EXPECT_EQ(status_of("Connection: Upgrade\r\nUpgrade: h2c\r\n"), 405);
}

// ---- who may connect ----

TEST_F(Socket, NoPageOfAnotherSiteConnects) {
  start();
  EXPECT_EQ(RawSocket(port(), "Origin: http://evil.example\r\n").answer().status, 403);
  EXPECT_EQ(RawSocket(port(), "Origin: null\r\n").answer().status, 403);
  EXPECT_EQ(RawSocket(port(), "Origin: http://127.0.0.1\r\n").answer().status, 101);
  RawHttp rebound(port());
  rebound.send(
      "GET / HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  EXPECT_EQ(rebound.receive().status, 403);
}

TEST_F(Socket, IsTheOperatorsWithTheToken) {
  ServerOptions options;
  options.operator_token = "secret";
  start(options);
  RawSocket stranger(port());
  EXPECT_EQ(ask(stranger, "supply_verify", json::object())["error"]["code"], -32006);
  RawSocket known(port(), "Authorization: Bearer secret\r\n");
  EXPECT_EQ(ask(known, "supply_verify", json::object())["result"]["conserved"], true);
}

// ---- bounds ----

TEST_F(Socket, HoldsTheMessageBoundExactly) {
  ServerOptions options;
  options.socket_message_bytes_max = 1'000;
  start(options);
  std::string text = kStatusCall;
  text.append(1'000 - text.size(), ' ');
  RawSocket socket(port());
  socket.send(text);
  EXPECT_EQ(next(socket)["id"], 1);
  // Also when no frame is too large by itself.
  EXPECT_EQ(refusal_of(RawSocket::frame(kFin | RawSocket::kText, text + " ")), 1009);
  EXPECT_EQ(refusal_of(RawSocket::frame(RawSocket::kText, text) + RawSocket::frame(kFin, " ")),
            1009);
}

TEST_F(Socket, RefusesMoreThanAllMayHoldTogether) {
  ServerOptions options;
  options.bodies_bytes_max = 100;
  start(options);
  EXPECT_EQ(refusal_of(RawSocket::frame(kFin | RawSocket::kText, std::string(101, ' '))), 1013);
  RawSocket socket(port());  // The place is given back.
  EXPECT_EQ(ask(socket, "chain_status", json::object())["id"], 1);
}

TEST_F(Socket, RefusesMoreSocketsThanItsBoundAndTellsHowManyThereAre) {
  ServerOptions options;
  options.sockets_max = 1;
  start(options);
  {
    RawSocket first(port());
    EXPECT_EQ(ask(first, "subscribe_blocks", json::object())["result"]["subscription"], "1");
    EXPECT_EQ(RawSocket(port()).answer().status, 503);
    const std::string metrics = RawHttp(port()).get("/metrics").body;
    EXPECT_THAT(metrics, HasSubstr("fog_websocket_connections 1\n"));
    EXPECT_THAT(metrics, HasSubstr("fog_rpc_subscriptions 1\n"));
  }
  // Its place is free again as soon as the server has seen it go.
  int status = 0;
  while (status != 101) status = RawSocket(port()).answer().status;
}

TEST_F(Socket, RefusesMoreSubscriptionsThanItsBound) {
  ServerOptions options;
  options.calls.subscriptions_max = 2;
  start(options);
  RawSocket socket(port());
  for (const char* id : {"1", "2"}) {
    EXPECT_EQ(ask(socket, "subscribe_blocks", json::object())["result"]["subscription"], id);
  }
  EXPECT_EQ(ask(socket, "subscribe_blocks", json::object())["error"]["data"]["error"], "exhausted");
  EXPECT_EQ(ask(socket, "unsubscribe", {"1"})["result"], true);
  EXPECT_EQ(ask(socket, "subscribe_blocks", json::object())["result"]["subscription"], "3");
}

TEST_F(Socket, EndsAConnectionThatAnswersNoPing) {
  ServerOptions options;
  options.socket_idle_timeout_ms = 60;
  start(options);
  RawSocket socket(port());
  EXPECT_EQ(socket.receive().opcode, RawSocket::kPing);
  EXPECT_EQ(socket.receive().opcode, -1);
}

TEST_F(Socket, EndsAMessageThatNeverBecomesWhole) {
  ServerOptions options;
  options.transfer_timeout_ms = 30;
  start(options);
  EXPECT_EQ(refusal_of(RawSocket::frame(RawSocket::kText, "{")), 1008);
}

TEST_F(Socket, TellsWhyWhenTheServerStops) {
  start();
  RawSocket socket(port());
  EXPECT_EQ(ask(socket, "chain_status", json::object())["id"], 1);
  std::thread stops([&] { server_.reset(); });
  EXPECT_EQ(socket.close_code(), 1001);
  socket.send_bytes(RawSocket::frame(kFin | RawSocket::kClose, "\x03\xe9"));
  stops.join();
}

// ---- subscriptions ----

TEST_F(Socket, BringsBlocksAsTheyComeAndFromACursor) {
  start();
  RawSocket socket(port());
  EXPECT_EQ(ask(socket, "subscribe_blocks", json::object())["result"],
            (json{{"subscription", "1"}, {"cursor", "3"}}));
  node_.add_block({FakeNode::example_tx()});
  const json told = next(socket);
  EXPECT_EQ(told["method"], "subscription");
  EXPECT_FALSE(told.contains("id"));
  EXPECT_EQ(told["params"]["subscription"], "1");
  EXPECT_EQ(told["params"]["cursor"], "4");
  EXPECT_EQ(told["params"]["item"]["header"]["height"], "3");
  EXPECT_EQ(told["params"]["item"]["transactions"], 1);
  // What came meanwhile comes first, then what is new.
  node_.add_block();
  RawSocket again(port());
  EXPECT_EQ(ask(again, "subscribe_blocks", {{"cursor", "4"}})["result"]["cursor"], "4");
  EXPECT_EQ(next(again)["params"]["item"]["header"]["height"], "4");
  node_.add_block();
  EXPECT_EQ(next(again)["params"]["item"]["header"]["height"], "5");
}

// A thousand blocks, over connections that are cut again and again: none is missed, none comes
// twice.
TEST_F(Socket, ACursorMissesNothingAndGivesNothingTwice) {
  start();
  std::string cursor = "3";
  std::uint64_t expected = 3;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 50; ++i) node_.add_block();
    RawSocket socket(port());
    ask(socket, "subscribe_blocks", {{"cursor", cursor}});
    for (int i = 0; i < 45; ++i) {
      const json told = next(socket);
      ASSERT_EQ(told["params"]["item"]["header"]["height"], std::to_string(expected));
      ++expected;
      cursor = told["params"]["cursor"].get<std::string>();
    }
  }
}

TEST_F(Socket, BringsTransactionsOfAnAddressOnly) {
  start();
  RawSocket socket(port());
  EXPECT_EQ(ask(socket, "subscribe_transactions", {{"address", who_}})["result"]["cursor"], "3:0");
  SignedTx other = FakeNode::example_tx();
  other.body.sender = Address{};
  other.body.messages[0] = make_message(Transfer{{{Address{}, Amount{1}}}});
  SignedTx paid = other;
  paid.body.messages[0] = make_message(Transfer{{{FakeNode::example_address(), Amount{1}}}});
  node_.add_block({other, FakeNode::example_tx(), other, paid});
  node_.add_block({other});
  node_.add_block({FakeNode::example_tx()});
  json told = next(socket)["params"];
  EXPECT_EQ(told["cursor"], "3:2");
  EXPECT_EQ(told["item"]["id"], to_hex0x(tx_id(FakeNode::example_tx().body)));
  EXPECT_EQ(told["item"]["tx"]["body"]["sender"], who_);
  EXPECT_EQ(told["item"]["outcome"]["fee_burned"], "25000");
  const std::string cursor = told["cursor"];
  EXPECT_EQ(next(socket)["params"]["item"]["id"], to_hex0x(tx_id(paid.body)));
  EXPECT_EQ(next(socket)["params"]["item"]["height"], "5");
  // From within a block on.
  RawSocket again(port());
  ask(again, "subscribe_transactions", {{"address", who_}, {"cursor", cursor}});
  EXPECT_EQ(next(again)["params"]["cursor"], "3:4");
  EXPECT_EQ(next(again)["params"]["cursor"], "5:1");
}

TEST_F(Socket, BringsTheTransactionsOfALongAbsence) {
  start();
  SignedTx other = FakeNode::example_tx();
  other.body.sender = Address{};
  other.body.messages.pop_back();
  for (int i = 0; i < 500; ++i) {
    node_.add_block(i % 2 == 0 ? std::vector{FakeNode::example_tx()} : std::vector{other});
  }
  RawSocket socket(port());
  ask(socket, "subscribe_transactions", {{"address", who_}, {"cursor", "3:0"}});
  for (int i = 0; i < 250; ++i) {
    ASSERT_EQ(next(socket)["params"]["item"]["height"], std::to_string(3 + 2 * i));
  }
  node_.add_block({FakeNode::example_tx()});
  EXPECT_EQ(next(socket)["params"]["item"]["height"], "503");
}

TEST_F(Socket, BringsAllTransactionsOfABlockThatIsFullOfThem) {
  start();
  RawSocket socket(port());
  ask(socket, "subscribe_transactions", {{"address", who_}});
  node_.add_block(std::vector<SignedTx>(1'000, FakeNode::example_tx()));
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(next(socket)["params"]["item"]["index"], i);
}

TEST_F(Socket, BringsMarketEventsAsTheyComeAndFromACursor) {
  start();
  RawSocket socket(port());
  // The event of the example chain is of block 2.
  EXPECT_TRUE(ask(socket, "subscribe_market_events", {{"address", who_}}).contains("result"));
  node_.add_event(FakeNode::example_address(), market::EventKind::kBidCreated);
  node_.add_event(Address{}, market::EventKind::kBidCreated);
  node_.add_block();
  const json told = next(socket)["params"];
  EXPECT_EQ(told["item"]["kind"], "bid_created");
  node_.add_event(FakeNode::example_address(), market::EventKind::kLeaseClosed);
  node_.add_block();
  EXPECT_EQ(next(socket)["params"]["item"]["kind"], "lease_closed");
  RawSocket again(port());
  ask(again, "subscribe_market_events", {{"address", who_}, {"cursor", told["cursor"]}});
  EXPECT_EQ(next(again)["params"]["item"]["kind"], "lease_closed");
}

TEST_F(Socket, RefusesCursorsThatItCannotGoOnFrom) {
  start();
  RawSocket socket(port());
  for (const char* cursor : {"", "x", "-1", "2x", "0", "99", "3:0"}) {
    EXPECT_EQ(ask(socket, "subscribe_blocks", {{"cursor", cursor}})["error"]["code"], -32602)
        << cursor;
  }
  for (const char* cursor : {"3", ":", "3:", "3:x", "0:0", "99:0", "3:99999999"}) {
    EXPECT_EQ(ask(socket, "subscribe_transactions",
                  {{"address", who_}, {"cursor", cursor}})["error"]["code"],
              -32602)
        << cursor;
  }
  for (const char* cursor :
       {"3", "0x", "0x8f", "0x8f00000000000000000000000000000000000000000000"}) {
    EXPECT_EQ(ask(socket, "subscribe_market_events",
                  {{"address", who_}, {"cursor", cursor}})["error"]["code"],
              -32602)
        << cursor;
  }
  // Block 1 is not there any more: nobody may believe that nothing was missed.
  const json gone = ask(socket, "subscribe_blocks", {{"cursor", "1"}});
  EXPECT_EQ(gone["error"]["data"]["error"], "not_found");
  EXPECT_THAT(gone["error"]["message"].get<std::string>(), HasSubstr("no longer kept"));
}

TEST_F(Socket, SaysNothingOfASubscriptionThatHasEnded) {
  start();
  RawSocket socket(port());
  ask(socket, "subscribe_blocks", json::object());
  EXPECT_EQ(ask(socket, "unsubscribe", {{"subscription", "1"}})["result"], true);
  node_.add_block();
  EXPECT_EQ(ask(socket, "unsubscribe", {{"subscription", "1"}})["error"]["data"]["error"],
            "not_found");
  EXPECT_EQ(ask(socket, "unsubscribe", {{"subscription", "x"}})["error"]["code"], -32602);
}

TEST_F(Socket, AnswersBeforeItNotifies) {
  start();
  for (int round = 0; round < 20; ++round) {
    RawSocket socket(port());
    node_.add_block();
    socket.send("[" + call("subscribe_blocks", {{"cursor", "2"}}, 1) + "," +
                call("subscribe_blocks", {{"cursor", "2"}}, 2) + "]");
    ASSERT_TRUE(next(socket).is_array());
    EXPECT_EQ(next(socket)["method"], "subscription");
  }
}

TEST_F(Socket, ASubscriptionNeedsAnOpenConnection) {
  start();
  const json answer =
      json::parse(RawHttp(port()).post(call("subscribe_blocks", json::object())).body);
  EXPECT_EQ(answer["error"]["code"], -32602);
  EXPECT_THAT(answer["error"]["message"].get<std::string>(), HasSubstr("ws://"));
}

// Nothing is kept for whoever does not take it, and others get theirs meanwhile.
TEST_F(Socket, CutsASlowConsumerOffAndSaysWhy) {
  ServerOptions options;
  options.socket_slow_ms = 50;
  options.socket_queue_bytes_max = 4'096;
  start(options);
  RawSocket slow(port());
  RawSocket quick(port());
  ask(slow, "subscribe_transactions", {{"address", who_}});
  ask(quick, "subscribe_blocks", json::object());
  // More than the kernel holds for a connection on its own.
  for (int i = 0; i < 40; ++i) {
    node_.add_block(std::vector<SignedTx>(500, FakeNode::example_tx()));
    EXPECT_EQ(next(quick)["params"]["item"]["transactions"], 500);
  }
  const auto dropped = [&] {
    return RawHttp(port()).get("/metrics").body.find("fog_websocket_dropped_total 1\n") !=
           std::string::npos;
  };
  while (!dropped()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::size_t came = 0;
  RawSocket::Frame frame = slow.receive();
  for (; frame.opcode == RawSocket::kText; frame = slow.receive()) ++came;
  EXPECT_LT(came, 20'000U);
  EXPECT_EQ(frame.close_code(), 1008);
  EXPECT_THAT(frame.payload, HasSubstr("last cursor"));
}

TEST_F(Socket, SurvivesClientsThatLeave) {
  start();
  std::vector<std::thread> clients;
  for (int c = 0; c < 4; ++c) {
    clients.emplace_back([this, c] {
      for (int i = 0; i < 30; ++i) {
        RawSocket socket(port());
        socket.send(call("subscribe_blocks", {{"cursor", "2"}}));
        if ((i + c) % 3 == 0) socket.send_bytes(RawSocket::frame(RawSocket::kText, "{"));
        if ((i + c) % 3 == 1) socket.receive();
        node_.add_block();
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(RawHttp(port()).post(kStatusCall).status, 200);
}

}  // namespace
}  // namespace fog::rpc
