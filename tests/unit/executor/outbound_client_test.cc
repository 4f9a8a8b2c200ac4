// Requests of services to other servers: what goes out, what comes back, where none may go, and
// every way in which a server can be slow, wrong or too large.
#include "executor/outbound_client.h"

#include <cstdlib>
#include <filesystem>
#include <thread>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "tests/support/wasm_guest.h"
#include "tests/unit/executor/one_answer.h"

namespace fog::executor {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using fog::testing::OneAnswer;

OutboundPolicy loopback_too() {
  return {false, AddressPolicy({*parse_address_block("127.0.0.1")})};
}

// Asks as a replica would that may ask `patterns`.
class Asker {
 public:
  explicit Asker(OutboundPolicy policy = loopback_too()) : client_(io_, std::move(policy)) {}

  OutboundReply ask(const std::string& authority, const std::string& pattern,
                    std::function<void(OutboundRequest&)> change = {}) {
    OutboundRequest request;
    request.head.method = to_bytes(as_bytes("POST"));
    request.head.tls = false;
    request.head.authority = to_bytes(as_bytes(authority));
    request.head.target = to_bytes(as_bytes("/a?b"));
    request.head.fields.push_back({to_bytes(as_bytes("x-one")), to_bytes(as_bytes("1"))});
    request.head.connect_ms = request.head.first_byte_ms = request.head.between_bytes_ms =
        ~std::uint64_t{0};
    request.body = to_bytes(as_bytes("the body"));
    if (change) change(request);
    share_->patterns = {market::OutboundPattern(pattern)};
    std::optional<OutboundReply> out;
    client_.ask(share_, std::move(request), [&](OutboundReply reply, std::uint64_t bytes) {
      out = std::move(reply);
      egress_bytes = bytes;
    });
    io_.restart();
    while (!out && io_.run_one() > 0) {
    }
    EXPECT_TRUE(out.has_value());
    return out.value_or(failed_reply(OutboundFault::kInternal));
  }
  OutboundFault fault(const std::string& authority, const std::string& pattern,
                      std::function<void(OutboundRequest&)> change = {}) {
    return ask(authority, pattern, std::move(change)).head.fault;
  }
  std::uint64_t egress_bytes = 0;

 private:
  asio::io_context io_;
  OutboundClient client_;
  std::shared_ptr<OutboundShare> share_ = std::make_shared<OutboundShare>();
};

TEST(OutboundClient, ARequestGoesOutAndItsAnswerComesBack) {
  OneAnswer server(
      "HTTP/1.1 100 Continue\r\n\r\n"
      "HTTP/1.1 203 Fine\r\nX-Two: 2\r\nConnection: close, x-hop\r\nTransfer-Encoding: chunked\r\n"
      "\r\n4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n");
  Asker asker;
  const OutboundReply reply = asker.ask(server.authority(), server.authority());
  ASSERT_EQ(reply.head.fault, OutboundFault::kAnswered);
  EXPECT_EQ(reply.head.status, 203);
  EXPECT_EQ(as_text(reply.body), "abcdefg");
  ASSERT_EQ(reply.head.fields.size(), 1U);
  EXPECT_EQ(as_text(reply.head.fields[0].name), "X-Two");
  const std::string& request = server.request();
  EXPECT_EQ(request.substr(0, request.find("\r\n")), "POST /a?b HTTP/1.1");
  EXPECT_NE(request.find("Host: " + server.authority() + "\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("x-one: 1\r\n"), std::string::npos);
  EXPECT_NE(request.find("Content-Length: 8\r\n"), std::string::npos);
  EXPECT_EQ(asker.egress_bytes, 16U + 4 + 8 + 5 + 1 + 4);
}

TEST(OutboundClient, AnAnswerWithoutLengthEndsWithItsConnectionAndAHeadHasNoBody) {
  OneAnswer server("HTTP/1.1 200 OK\r\n\r\nto the end");
  EXPECT_EQ(as_text(Asker().ask(server.authority(), server.authority()).body), "to the end");
  OneAnswer head("HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n");
  const auto reply = Asker().ask(head.authority(), head.authority(), [](OutboundRequest& request) {
    request.head.method = to_bytes(as_bytes("HEAD"));
  });
  EXPECT_EQ(reply.head.fault, OutboundFault::kAnswered);
  EXPECT_TRUE(reply.body.empty());
}

TEST(OutboundClient, WhatTheManifestDoesNotNameIsDenied) {
  OneAnswer server("HTTP/1.1 200 OK\r\n\r\n");
  Asker asker;
  EXPECT_EQ(asker.fault(server.authority(), "other.example"), OutboundFault::kDenied);
  EXPECT_EQ(asker.fault(server.authority(), "localhost"), OutboundFault::kDenied) << "on port 80";
  EXPECT_EQ(asker.fault(server.authority("127.0.0.1"), server.authority()), OutboundFault::kDenied);
  EXPECT_EQ(asker.fault("", "localhost"), OutboundFault::kDenied);
  EXPECT_EQ(asker.fault("localhost:0", "localhost"), OutboundFault::kDenied);
  EXPECT_EQ(Asker({true, {}}).fault("1.1.1.1", "1.1.1.1"), OutboundFault::kDenied) << "off";
  EXPECT_EQ(asker.egress_bytes, 0U);
}

// A name is judged by where it leads, and so is a number in any of its forms.
TEST(OutboundClient, NamesThatLeadToThisComputerOrItsNetworkAreProhibited) {
  OneAnswer server("HTTP/1.1 200 OK\r\n\r\n");
  Asker strict{OutboundPolicy{}};
  for (const std::string host :
       {"localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0"}) {
    const std::string place = server.authority(host);
    EXPECT_EQ(strict.fault(place, place), OutboundFault::kProhibited) << host;
  }
  for (const std::string host : {"169.254.169.254", "10.0.0.1", "192.168.1.1", "[::1]",
                                 "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "[fe80::1]"}) {
    EXPECT_EQ(strict.fault(host, host), OutboundFault::kProhibited) << host;
    EXPECT_EQ(Asker().fault(host, host), OutboundFault::kProhibited) << host << ", not opened";
  }
}

TEST(OutboundClient, AServerThatIsNotThereIsSaidSo) {
  std::string gone;
  {
    OneAnswer server("");
    gone = server.authority();
  }
  EXPECT_EQ(Asker().fault(gone, gone), OutboundFault::kRefused);
  const auto fault = Asker().fault("no-such-name.invalid", "no-such-name.invalid");
  EXPECT_TRUE(fault == OutboundFault::kDnsError || fault == OutboundFault::kDnsTimeout);
}

TEST(OutboundClient, EachWrongAnswerHasItsFault) {
  const std::string large(70'000, 'x');
  const std::vector<std::pair<std::string, OutboundFault>> cases = {
      {"", OutboundFault::kTerminated},
      {"HTTP/1.1 200", OutboundFault::kTerminated},
      {"SMTP ready\r\n\r\n", OutboundFault::kProtocol},
      {"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", OutboundFault::kProtocol},
      {"HTTP/1.1 200 OK\r\nX: " + large + "\r\n\r\n", OutboundFault::kHeadTooLarge},
      {"HTTP/1.1 200 OK\r\n" + std::string("X: " + std::string(17'000, 'x')) + "\r\n\r\n",
       OutboundFault::kHeadTooLarge},
      {"HTTP/1.1 200 OK\r\nContent-Length: 4194305\r\n\r\n", OutboundFault::kBodyTooLarge},
      {"HTTP/1.1 200 OK\r\n\r\n" + std::string((4 << 20) + 1, 'x'), OutboundFault::kBodyTooLarge},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour", OutboundFault::kIncomplete},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", OutboundFault::kIncomplete},
  };
  for (const auto& [answer, fault] : cases) {
    OneAnswer server(answer);
    EXPECT_EQ(Asker().fault(server.authority(), server.authority()), fault) << answer.substr(0, 60);
  }
}

TEST(OutboundClient, TheGuestsTimesAreKept) {
  const auto hurried = [](OutboundRequest& request) {
    request.head.first_byte_ms = request.head.between_bytes_ms = 30;
  };
  OneAnswer silent("", true);
  EXPECT_EQ(Asker().fault(silent.authority(), silent.authority(), hurried),
            OutboundFault::kResponseTimeout);
  OneAnswer pausing("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour", true);
  EXPECT_EQ(Asker().fault(pausing.authority(), pausing.authority(), hurried),
            OutboundFault::kReadTimeout);
}

// A worker that is a stranger's by now cannot write what it likes on the wire.
TEST(OutboundClient, WhatIsNoRequestIsNotSent) {
  OneAnswer server("HTTP/1.1 200 OK\r\n\r\n");
  const auto with = [&](auto change) {
    return Asker().fault(server.authority(), server.authority(), change);
  };
  EXPECT_EQ(with([](OutboundRequest& r) { r.head.method = to_bytes(as_bytes("GET /x")); }),
            OutboundFault::kInternal);
  EXPECT_EQ(with([](OutboundRequest& r) { r.head.target = to_bytes(as_bytes("/ HTTP/1.0\r\n")); }),
            OutboundFault::kInternal);
  EXPECT_EQ(with([](OutboundRequest& r) { r.head.fields[0].value = to_bytes(as_bytes("1\r\nb")); }),
            OutboundFault::kInternal);
  EXPECT_EQ(with([](OutboundRequest& r) { r.head.fields[0].name = to_bytes(as_bytes("a:b")); }),
            OutboundFault::kInternal);
}

// A TLS server for one connection, whose certificate is for `name`.
class TlsAnswer {
 public:
  TlsAnswer(const std::string& folder, const std::string& name)
      : certificate(folder + "/" + name + ".pem") {
    const std::string key = folder + "/" + name + ".key";
    const std::string command =
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=" + name +
        " -addext subjectAltName=DNS:" + name + " -keyout " + key + " -out " + certificate +
        " 2>/dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0);
    context_.use_certificate_chain_file(certificate);
    context_.use_private_key_file(key, asio::ssl::context::pem);
    thread_ = std::thread([this] {
      asio::ssl::stream<tcp::socket> stream(acceptor_.accept(), context_);
      boost::system::error_code error;
      stream.handshake(asio::ssl::stream_base::server, error);
      asio::streambuf request;
      asio::read_until(stream, request, "\r\n\r\n", error);
      const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
      asio::write(stream, asio::buffer(answer), error);
    });
  }
  ~TlsAnswer() { thread_.join(); }
  OutboundReply ask() {
    const std::string place = "localhost:" + std::to_string(acceptor_.local_endpoint().port());
    return Asker().ask(place, place, [](OutboundRequest& request) { request.head.tls = true; });
  }
  const std::string certificate;

 private:
  asio::io_context io_;
  asio::ssl::context context_{asio::ssl::context::tls_server};
  tcp::acceptor acceptor_{io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::thread thread_;
};

TEST(OutboundClient, TlsServersMustBeWhoTheySayAndKnown) {
  const fog::testing::TempFolder folder;
  {
    TlsAnswer unknown(folder.path(), "localhost");
    EXPECT_EQ(unknown.ask().head.fault, OutboundFault::kTlsCertificate);
  }
  TlsAnswer known(folder.path(), "localhost");
  ::setenv("SSL_CERT_FILE", known.certificate.c_str(), 1);
  EXPECT_EQ(as_text(known.ask().body), "secret");
  TlsAnswer other(folder.path(), "other.example");
  ::setenv("SSL_CERT_FILE", other.certificate.c_str(), 1);
  EXPECT_EQ(other.ask().head.fault, OutboundFault::kTlsCertificate);
  ::unsetenv("SSL_CERT_FILE");
}

}  // namespace
}  // namespace fog::executor
