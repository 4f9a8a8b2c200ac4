// The gateway over real sockets: what it answers, refuses and vouches for.
#include "tests/unit/rpc/gateway/gateway_fixture.h"

namespace fog::gateway {
namespace {

TEST_F(GatewayTest, AnswersByPathAndByHostName) {
  EchoHost host(1);
  add_service("echo");
  add_lease("echo", add_bid("echo"), host);
  start();
  const Answer by_path = post("/echo/a/b?c=d", "hello");
  EXPECT_EQ(by_path.status, 200U);
  EXPECT_EQ(by_path.body, "hello");
  EXPECT_EQ(by_path.target, "/a/b?c=d");
  const Answer by_name = post("/a/b?c=d", "hello", "Echo.fog.localhost:80");
  EXPECT_EQ(by_name.status, 200U);
  EXPECT_EQ(by_name.target, "/a/b?c=d");
  EXPECT_EQ(get("/echo").target, "/");
  EXPECT_EQ(get("/echo?x").target, "/?x");
  ASSERT_TRUE(host.wait_vouched(4));
  EXPECT_TRUE(host.disagreements().empty());
  EXPECT_EQ(host.voucher()->voucher.request_bytes, 10U);
}

TEST_F(GatewayTest, StreamsLargeAndChunkedBodies) {
  EchoHost host(1);
  add_service("echo");
  add_lease("echo", add_bid("echo"), host);
  start();
  std::string large(1 << 20, 'x');
  for (std::size_t i = 0; i < large.size(); i += 1000)
    large[i] = static_cast<char>('a' + i / 1000 % 26);
  EXPECT_EQ(post("/echo/", large).body, large);
  const Answer chunked = raw(
      "POST /echo/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.body, "hello world");
  ASSERT_TRUE(host.wait_vouched(2));
  EXPECT_TRUE(host.disagreements().empty());
}

TEST_F(GatewayTest, HeadHasNoBodyAndIsSettled) {
  EchoHost host(1);
  add_service("echo");
  add_lease("echo", add_bid("echo"), host);
  start();
  const Answer head = raw("HEAD /echo/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", true);
  EXPECT_EQ(head.status, 200U);
  ASSERT_TRUE(host.wait_vouched(1));
  EXPECT_TRUE(host.disagreements().empty());
}

TEST_F(GatewayTest, SaysWhyNothingServes) {
  add_service("lonely");
  add_service("waiting");
  add_service("foreign");
  add_bid("waiting");
  add_bid("foreign", false);
  start();
  EXPECT_EQ(get("/nobody/").status, 404U);
  EXPECT_EQ(get("/nobody/").reason, "no-such-service");
  EXPECT_EQ(get("/lonely/").status, 503U);
  EXPECT_EQ(get("/lonely/").reason, "no-bid");
  EXPECT_EQ(get("/foreign/").reason, "no-bid");
  EXPECT_EQ(get("/waiting/").status, 503U);
  EXPECT_EQ(get("/waiting/").reason, "no-replica");
  EXPECT_EQ(get("/").reason, "no-service-named");
}

// A Host that lost a request it had served (a power cut, say) loses its pay for that one; the
// others stand.
TEST_F(GatewayTest, VouchesAsVoidForWhatTheHostHasLost) {
  EchoHost host(1);
  host.forget(1);
  add_service("echo");
  add_lease("echo", add_bid("echo"), host);
  start();
  for (int i = 0; i < 3; ++i) ASSERT_EQ(post("/echo/", "four").status, 200U);
  ASSERT_TRUE(host.wait_vouched(3));
  EXPECT_EQ(host.voucher()->voucher.request_bytes, 8U);
  EXPECT_EQ(server_->counters().voids, 1U);
  ASSERT_EQ(post("/echo/", "four").status, 200U);
  ASSERT_TRUE(host.wait_vouched(4));
  EXPECT_EQ(host.voucher()->voucher.request_bytes, 12U);
}

// A workload's own failure is an answer: it is settled, and the End User sees which failure it was.
TEST_F(GatewayTest, SettlesAFailedWorkload) {
  EchoHost host(1);
  host.mode = EchoHost::Mode::kWorkloadFails;
  add_service("echo");
  add_lease("echo", add_bid("echo"), host);
  start();
  const Answer answer = get("/echo/");
  EXPECT_EQ(answer.status, 502U);
  EXPECT_EQ(answer.reason, "trap");
  ASSERT_TRUE(host.wait_vouched(1));
  EXPECT_EQ(server_->counters().voids, 0U);
}

// An answer without the link's MAC is nobody's: refused, and void in the voucher.
TEST_F(GatewayTest, RefusesAnAnswerWithoutTheHostsMac) {
  EchoHost host(1);
  host.mode = EchoHost::Mode::kNoMac;
  add_service("echo");
  add_lease("echo", add_bid("echo"), host);
  start();
  EXPECT_EQ(get("/echo/").status, 502U);
  EXPECT_EQ(get("/echo/").reason, "host-failed");
  ASSERT_TRUE(host.wait_vouched(2));
  EXPECT_EQ(host.voucher()->voucher.response_bytes, 0U);
  EXPECT_EQ(server_->counters().voids, 2U);
}

TEST_F(GatewayTest, RefusesWhatIsNotStrictHttp) {
  EchoHost host(1);
  add_service("echo");
  add_lease("echo", add_bid("echo"), host);
  start();
  EXPECT_EQ(raw("GET /echo/ HTTP/1.1\r\n\r\n").status, 400U);
  EXPECT_EQ(raw("GET /echo/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").status, 400U);
  EXPECT_EQ(raw("GET http://x/echo/ HTTP/1.1\r\nHost: a\r\n\r\n").status, 400U);
  EXPECT_EQ(raw("TRACE /echo/ HTTP/1.1\r\nHost: a\r\n\r\n").status, 400U);
  EXPECT_EQ(raw("POST /echo/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: "
                "chunked\r\n\r\n"
                "3\r\nabc\r\n0\r\n\r\n")
                .status,
            400U);
  EXPECT_EQ(
      raw("POST /echo/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")
          .status,
      400U);
  EXPECT_EQ(raw("\x16\x03\x01 not http\r\n\r\n").status, 400U);
  EXPECT_EQ(
      raw("GET /echo/ HTTP/1.1\r\nHost: a\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n").status,
      431U);
  EXPECT_EQ(post("/echo/", std::string((1 << 20) + 1, 'x')).status, 413U);
  EXPECT_EQ(host.requests_seen(), 0U);
}

// What one server takes for a body another takes for the next request: whoever stands before this
// gateway must not be read otherwise here (request smuggling).
TEST_F(GatewayTest, WhatHasMoreThanOneReadingEndsItsConnection) {
  EchoHost host(1);
  add_service("echo");
  add_lease("echo", add_bid("echo"), host);
  start();
  const std::vector<std::string> heads{
      "POST /echo/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked",
      "POST /echo/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity",
      "POST /echo/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity",
      "POST /echo/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked",
      "POST /echo/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked",
      "POST /echo/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
      "identity",
      "POST /echo/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked",
      "POST /echo/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0b"
      "chunked",
      "POST /echo/ HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked",
      "POST /echo/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5",
      "POST /echo/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5",
      "POST /echo/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5",
      "POST /echo/ HTTP/1.1\r\nHost: a\r\nContent-Length: +5",
      "POST /echo/ HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5",
      "POST /echo/ HTTP/1.1\r\nHost: a\r\nContent-Length: -5",
      "POST /echo/ HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551621",
      "GET /echo/ HTTP/1.1\r\nHost: a, b",
      "GET /echo/ HTTP/1.1\r\nHost: a b",
      "GET /echo/ HTTP/1.1\r\nHost: a/echo",
      "GET /echo/ HTTP/1.1\r\nHost: a@b",
      "GET /echo/ HTTP/1.1\nHost: a",
      "GET /echo/ HTTP/1.1\r\nHost: a\r\nX: a\rb",
      "GET /echo/ HTTP/1.1\r\nHost: a\r\nX",
      "GET /echo/ HTTP/1.1\r\n Host: a",
      "GET /echo/#x HTTP/1.1\r\nHost: a",
      "GET /echo/ HTTP/1.2\r\nHost: a",
      "GET  /echo/ HTTP/1.1\r\nHost: a",
  };
  const std::string next = "0\r\n\r\nGET /echo/ HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const std::string& head : heads) {
    net::io_context context;
    tcp::socket socket(context);
    socket.connect({net::ip::address_v4::loopback(), port_});
    net::write(socket, net::buffer(head + "\r\n\r\n" + next));
    socket.shutdown(tcp::socket::shutdown_send);
    std::string answers;
    beast::error_code error;
    net::read(socket, net::dynamic_buffer(answers), error);
    EXPECT_TRUE(answers.starts_with("HTTP/1.1 400 ") || answers.starts_with("HTTP/1.0 400 "))
        << head;
    EXPECT_EQ(answers.find("HTTP/1.", 1), std::string::npos) << head << "\n" << answers;
  }
  EXPECT_EQ(host.requests_seen(), 0U);
}

TEST_F(GatewayTest, KeepsAConnectionForManyRequests) {
  EchoHost host(1);
  add_service("echo");
  add_lease("echo", add_bid("echo"), host);
  start();
  net::io_context context;
  tcp::socket socket(context);
  socket.connect({net::ip::address_v4::loopback(), port_});
  beast::flat_buffer buffer;
  for (int i = 0; i < 200; ++i) {
    http::request<http::string_body> request(http::verb::post, "/echo/" + std::to_string(i), 11);
    request.set(http::field::host, "x");
    request.body() = std::to_string(i);
    request.prepare_payload();
    http::write(socket, request);
    http::response<http::string_body> answer;
    http::read(socket, buffer, answer);
    ASSERT_EQ(answer.body(), std::to_string(i));
  }
  ASSERT_TRUE(host.wait_vouched(200));
  EXPECT_TRUE(host.disagreements().empty());
}

TEST_F(GatewayTest, StoresWhatTheChainNamesAndNothingElse) {
  const std::string program = "a program";
  const Hash32 digest = sha256(as_bytes(program));
  add_service("echo", digest, program.size());
  start();
  const std::string path = "/.fog/artifacts/" + to_hex(digest);
  const auto put = [&](const std::string& target, const std::string& body) {
    return raw("PUT " + target + " HTTP/1.1\r\nHost: x\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body);
  };
  EXPECT_EQ(get(path).status, 404U);
  EXPECT_EQ(put(path, "a progrxm").status, 400U);
  EXPECT_EQ(put(path, "short").status, 400U);
  EXPECT_EQ(put(path, "much longer than it says").status, 400U);
  EXPECT_EQ(get(path).status, 404U);
  EXPECT_EQ(put(path, program).status, 201U);
  EXPECT_EQ(get(path).body, program);
  EXPECT_EQ(put("/.fog/artifacts/" + to_hex(sha256(as_bytes("other"))), "other").status, 403U);
  EXPECT_EQ(get("/.fog/artifacts/../secret").status, 404U);
}

// A node's console lies on another origin than the gateway: its page may upload, and read why not.
TEST_F(GatewayTest, LetsAnyPageUploadArtifactsAndNothingElse) {
  const std::string program = "a program";
  const Hash32 digest = sha256(as_bytes(program));
  add_service("echo", digest, program.size());
  start();
  const std::string path = "/.fog/artifacts/" + to_hex(digest);
  const std::string page = "Origin: null\r\nHost: x\r\nConnection: close\r\n";
  const auto asked = raw("OPTIONS " + path + " HTTP/1.1\r\n" + page +
                         "Access-Control-Request-Method: PUT\r\n\r\n");
  EXPECT_EQ(asked.status, 204U);
  EXPECT_EQ(asked.allow_origin, "*");
  const auto refused = raw("PUT " + path + " HTTP/1.1\r\n" + page + "Content-Length: 1\r\n\r\nx");
  EXPECT_EQ(refused.status, 400U);
  EXPECT_EQ(refused.allow_origin, "*");
  const auto other = raw("OPTIONS /.fog/status HTTP/1.1\r\n" + page + "\r\n");
  EXPECT_EQ(other.status, 404U);
  EXPECT_EQ(other.allow_origin, "");
}

TEST_F(GatewayTest, ShowsItsOwnState) {
  EchoHost host(1);
  add_service("echo");
  add_lease("echo", add_bid("echo"), host);
  start();
  ASSERT_EQ(get("/echo/").status, 200U);
  EXPECT_EQ(get("/.fog/health").body, "ok\n");
  EXPECT_NE(get("/.fog/status").body.find("\"echo\""), std::string::npos);
  EXPECT_NE(get("/.fog/metrics").body.find("foggate_requests_total 1\n"), std::string::npos);
}

}  // namespace
}  // namespace fog::gateway
