// The client against servers that answer wrongly: each says once what the test gives it.
#include "rpc/client/http_client.h"

#include <thread>
#include <unistd.h>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "rpc/client/http_node.h"

namespace fog::rpc {
namespace {

using ::testing::HasSubstr;

// Takes one connection, reads what is at hand, answers these bytes and closes.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&at), size), 0);
    EXPECT_EQ(::listen(fd_, 4), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size), 0);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this, text = std::move(answer)] {
      const int peer = ::accept(fd_, nullptr, nullptr);
      if (peer < 0) return;
      char chunk[65536];
      const ssize_t got = ::recv(peer, chunk, sizeof chunk, 0);
      if (got > 0) request_.assign(chunk, static_cast<std::size_t>(got));
      (void)!::send(peer, text.data(), text.size(), MSG_NOSIGNAL);
      ::close(peer);
    });
  }
  ~OneAnswer() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  const std::string& request() {
    ::shutdown(fd_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    thread_ = std::thread([] {});
    return request_;
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
  std::string request_;
  std::thread thread_;
};

ErrorOr<HttpAnswer> get(const std::string& url, HttpRequest request = {}) {
  auto parsed = parse_http_url(url);
  EXPECT_TRUE(parsed.has_value());
  HttpClient client(*std::move(parsed));
  return client.exchange(request);
}

TEST(HttpClient, BringsAnyStatusWithItsBody) {
  OneAnswer server("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone");
  const auto answer = get(server.url());
  ASSERT_TRUE(answer.has_value()) << answer.error().context;
  EXPECT_EQ(answer->status, 404U);
  EXPECT_EQ(answer->body, "gone");
}

TEST(HttpClient, SendsWhatItIsGiven) {
  OneAnswer server("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
  HttpRequest request;
  request.method = "PUT";
  request.target = "/.fog/artifacts/00";
  request.content_type = "application/octet-stream";
  request.bearer_token = "secret";
  request.body = "content";
  EXPECT_EQ(get(server.url(), request)->status, 201U);
  EXPECT_THAT(server.request(), HasSubstr("PUT /.fog/artifacts/00 HTTP/1.1\r\n"));
  EXPECT_THAT(server.request(), HasSubstr("Content-Length: 7\r\n"));
  EXPECT_THAT(server.request(), HasSubstr("Authorization: Bearer secret\r\n"));
  EXPECT_THAT(server.request(), ::testing::EndsWith("\r\n\r\ncontent"));
}

TEST(HttpClient, ReadsChunkedAnswersAndThoseThatEndWithTheConnection) {
  OneAnswer chunked("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(get(chunked.url())->body, "abc");
  OneAnswer until_end("HTTP/1.1 200 OK\r\n\r\nabc");
  EXPECT_EQ(get(until_end.url())->body, "abc");
}

TEST(HttpClient, RefusesAnAnswerBeyondTheBound) {
  HttpRequest request;
  request.answer_bytes_max = 3;
  OneAnswer fits("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_TRUE(get(fits.url(), request).has_value());
  OneAnswer announced("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd");
  const auto refused = get(announced.url(), request);
  ASSERT_FALSE(refused.has_value()) << "took " << refused->body;
  EXPECT_EQ(refused.error().code, ErrorCode::kExhausted);
  OneAnswer chunked("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n");
  EXPECT_EQ(get(chunked.url(), request).error().code, ErrorCode::kExhausted);
}

TEST(HttpClient, TellsNonsenseFromSilenceAndFromAnEnd) {
  OneAnswer nonsense("220 smtp.example ready\r\n\r\n");
  EXPECT_EQ(get(nonsense.url()).error().code, ErrorCode::kProtocol);
  OneAnswer end("");
  EXPECT_EQ(get(end.url()).error().code, ErrorCode::kNetwork);
  OneAnswer half("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(get(half.url()).error().code, ErrorCode::kNetwork);
}

TEST(HttpClient, GivesUpWhenNobodyAnswersInTime) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&at), size), 0);
  ASSERT_EQ(::listen(fd, 4), 0);
  ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size), 0);
  HttpRequest request;
  request.timeout_ms = 50;
  const auto answer = get("http://127.0.0.1:" + std::to_string(ntohs(at.sin_port)), request);
  EXPECT_EQ(answer.error().code, ErrorCode::kTimeout);
  ::close(fd);
}

TEST(HttpClient, ReadsUrls) {
  const auto plain = parse_http_url("http://node.example");
  EXPECT_EQ(plain->host, "node.example");
  EXPECT_EQ(plain->port, "80");
  EXPECT_EQ(plain->path, "/");
  const auto whole = parse_http_url("http://[::1]:7780/a/b?c");
  EXPECT_EQ(whole->host, "::1");
  EXPECT_EQ(whole->port, "7780");
  EXPECT_EQ(whole->path, "/a/b?c");
}

// What answers may be anything but a node: no answer crashes the client or passes as the node's.
TEST(HttpNodeAnswers, MustBeThoseOfANode) {
  for (const char* body :
       {"", "hello", "[]", "{}", "null", R"({"result": 1})", R"({"error": null})",
        R"({"error": 1})", R"({"error": {}})", R"({"result": null})",
        R"({"result": {"height": 1}})", R"({"error": {"code": "x", "message": {}}})"}) {
    OneAnswer server("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " +
                     std::to_string(std::string(body).size()) + "\r\n\r\n" + body);
    HttpNodeOptions once;
    once.read_tries = 1;
    HttpNode node(server.url(), once);
    const auto status = node.status();
    ASSERT_FALSE(status.has_value()) << body;
    EXPECT_EQ(status.error().code, ErrorCode::kProtocol) << body << ": " << status.error().context;
  }
}

}  // namespace
}  // namespace fog::rpc
