// Which of its replicas a service's requests go to, and which to two.
#include "tests/unit/rpc/gateway/gateway_fixture.h"

namespace fog::gateway {
namespace {

TEST_F(GatewayTest, TriesAnotherReplicaForWhatIsSafe) {
  EchoHost good(1);
  EchoHost bad(2);
  bad.mode = EchoHost::Mode::kHangUp;
  add_service("echo");
  const auto bid = add_bid("echo");
  add_lease("echo", bid, good, 0);
  add_lease("echo", bid, bad, 1);
  start();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get("/echo/").status, 200U);
  EXPECT_TRUE(good.disagreements().empty());
}

TEST_F(GatewayTest, DoesNotRepeatAPost) {
  EchoHost host(1);
  EchoHost other(2);
  host.mode = EchoHost::Mode::kHangUp;
  other.mode = EchoHost::Mode::kHangUp;
  add_service("echo");
  const auto bid = add_bid("echo");
  add_lease("echo", bid, host, 0);
  add_lease("echo", bid, other, 1);
  start();
  EXPECT_EQ(post("/echo/", "once").status, 502U);
  EXPECT_EQ(host.requests_seen() + other.requests_seen(), 1U);
}

// Who has a session comes back to where it is, and gets another one where that replica is gone.
TEST_F(GatewayTest, AStickyServiceKeepsItsEndUsersAtTheirReplica) {
  EchoHost one(1);
  EchoHost two(2);
  add_service("echo");
  const auto bid = add_bid("echo");
  add_lease("echo", bid, one, 0);
  add_lease("echo", bid, two, 1);
  GatewayConfig config;
  config.sticky_s["echo"] = 600;
  start(config);
  const Answer first = get("/echo/");
  ASSERT_EQ(first.status, 200U);
  EXPECT_NE(first.set_cookie.find("; Path=/echo; Max-Age=600; HttpOnly; SameSite=Lax"),
            std::string::npos)
      << first.set_cookie;
  EchoHost& his = one.requests_seen() == 1 ? one : two;
  EchoHost& other = one.requests_seen() == 1 ? two : one;
  const auto with = [&](const Answer& session) {
    return raw("GET /echo/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: a=b; " +
               session.set_cookie.substr(0, session.set_cookie.find(';')) + "\r\n\r\n");
  };
  for (int i = 0; i < 20; ++i) {
    const Answer next = with(first);
    EXPECT_EQ(next.status, 200U);
    EXPECT_EQ(next.set_cookie, "") << "once is enough";
  }
  EXPECT_EQ(his.requests_seen(), 21U);
  EXPECT_EQ(other.requests_seen(), 0U);
  his.mode = EchoHost::Mode::kHangUp;
  const Answer moved = with(first);
  EXPECT_EQ(moved.status, 200U);
  EXPECT_NE(moved.set_cookie, "");
  EXPECT_NE(moved.set_cookie, first.set_cookie);
  EXPECT_EQ(with(moved).set_cookie, "");
  EXPECT_EQ(other.requests_seen(), 2U);
}

// The answer that begins first goes out; the other is accounted for all the same.
TEST_F(GatewayTest, AGetWhoseAnswerIsLateGoesToASecondReplicaToo) {
  EchoHost slow(1);
  EchoHost quick(2);
  slow.mode = EchoHost::Mode::kHold;
  add_service("echo");
  const auto bid = add_bid("echo");
  add_lease("echo", bid, slow, 0);
  add_lease("echo", bid, quick, 1);
  GatewayConfig config;
  config.hedge_ms["echo"] = 1;
  start(config);
  for (std::uint64_t i = 0; slow.requests_seen() == 0; ++i) {
    ASSERT_LT(i, 1'000U) << "chance never asks the slow one";
    ASSERT_EQ(get("/echo/a?b").status, 200U);
  }
  const std::uint64_t forwarded = slow.requests_seen();
  slow.release();
  ASSERT_TRUE(slow.wait_vouched(forwarded));
  EXPECT_TRUE(slow.disagreements().empty());
  EXPECT_GT(slow.voucher()->voucher.response_bytes, 0U) << "it is paid for its answer";
  EXPECT_EQ(server_->counters().voids, 0U);
}

TEST_F(GatewayTest, WhatMayNotBeRepeatedIsNotHedged) {
  EchoHost slow(1);
  EchoHost other(2);
  slow.mode = EchoHost::Mode::kHold;
  other.mode = EchoHost::Mode::kHold;
  add_service("echo");
  const auto bid = add_bid("echo");
  add_lease("echo", bid, slow, 0);
  add_lease("echo", bid, other, 1);
  GatewayConfig config;
  config.hedge_ms["echo"] = 1;
  start(config);
  std::thread asks([this] { EXPECT_EQ(post("/echo/", "once").status, 200U); });
  while (slow.requests_seen() + other.requests_seen() == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  slow.release();
  other.release();
  asks.join();
  EXPECT_EQ(slow.requests_seen() + other.requests_seen(), 1U);
}

TEST_F(GatewayTest, AHedgedAnswerMayBeLargerThanWhatIsHeldOfIt) {
  EchoHost host(1);
  add_service("echo");
  add_lease("echo", add_bid("echo"), host);
  GatewayConfig config;
  config.hedge_ms["echo"] = 10'000;
  start(config);
  host.answer_with(std::string(900'000, 'x'));
  net::io_context context;
  tcp::socket socket(context);
  socket.connect({net::ip::address_v4::loopback(), port_});
  beast::flat_buffer buffer;
  for (int i = 0; i < 3; ++i) {
    net::write(socket, net::buffer(std::string("GET /echo/ HTTP/1.1\r\nHost: x\r\n\r\n")));
    http::response<http::string_body> answer;
    http::read(socket, buffer, answer);
    EXPECT_EQ(answer.body(), std::string(900'000, 'x'));
    EXPECT_TRUE(answer.keep_alive());
  }
  ASSERT_TRUE(host.wait_vouched(3));
  EXPECT_TRUE(host.disagreements().empty());
}

// Its kernel has no more room for it meanwhile, which looks to ours like a machine without power.
TEST_F(GatewayTest, AnUploadWaitsForAHostThatIsBusyForAWhile) {
  EchoHost host(1);
  host.busy_ms = 8'000;
  add_service("echo");
  add_lease("echo", add_bid("echo"), host);
  start();
  const std::string body(1'000'000, 'x');
  const Answer answer = post("/echo/", body);
  EXPECT_EQ(answer.status, 200U) << answer.body.substr(0, 200);
  EXPECT_EQ(answer.body.size(), body.size());
}

}  // namespace
}  // namespace fog::gateway
