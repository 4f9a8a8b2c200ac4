#include "rpc/client/http_client.h"

// Boost 1.74 uses std::exchange without including it.
#include <utility>
//
#include <chrono>
#include <mutex>
#include <vector>

#include <boost/asio.hpp>
#include <boost/beast.hpp>

#include "chain/base/url.h"

namespace fog::rpc {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = net::ip::tcp;

constexpr std::size_t kIdleMax = 16;

// One connection and its event loop, run only while an exchange is under way.
struct Connection {
  net::io_context context{1};
  beast::tcp_stream stream{context};
  beast::flat_buffer buffer;
  bool used = false;

  // Starts one operation and runs it to its end; the stream's deadline bounds it.
  template <class Start>
  beast::error_code run(Start start) {
    beast::error_code result;
    start([&result](beast::error_code error, auto&&...) { result = error; });
    context.restart();
    context.run();
    return result;
  }
};

Error network_error(const HttpUrl& url, const std::string& what, beast::error_code error) {
  const ErrorCode code = error == beast::error::timeout ? ErrorCode::kTimeout : ErrorCode::kNetwork;
  return {code,
          what + " " + url.host + ":" + url.port + ": " +
              (code == ErrorCode::kTimeout ? std::string("no answer in time") : error.message())};
}

ErrorOr<void> connect(Connection& connection, const HttpUrl& url) {
  tcp::resolver resolver(connection.context);
  beast::error_code error;
  const auto places = resolver.resolve(url.host, url.port, error);
  if (error) return Fail{network_error(url, "cannot find", error)};
  error =
      connection.run([&](auto done) { connection.stream.async_connect(places, std::move(done)); });
  if (error) return Fail{network_error(url, "cannot connect to", error)};
  connection.stream.socket().set_option(tcp::no_delay(true), error);
  return {};
}

http::request<http::span_body<const char>> make_request(const HttpUrl& url,
                                                        const HttpRequest& request) {
  http::request<http::span_body<const char>> out;
  out.version(11);
  out.method_string(request.method);
  out.target(request.target);
  out.set(http::field::host, url.host.find(':') == std::string::npos
                                 ? url.host + ":" + url.port
                                 : "[" + url.host + "]:" + url.port);
  out.set(http::field::user_agent, "fogcoin");
  if (!request.content_type.empty()) out.set(http::field::content_type, request.content_type);
  if (!request.bearer_token.empty())
    out.set(http::field::authorization, "Bearer " + request.bearer_token);
  out.body() = {request.body.data(), request.body.size()};
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    out.content_length(request.body.size());
  }
  return out;
}

}  // namespace

struct HttpClient::Pool {
  std::mutex mutex;
  std::vector<std::unique_ptr<Connection>> idle;
};

HttpClient::HttpClient(HttpUrl url) : url_(std::move(url)), pool_(std::make_unique<Pool>()) {}
HttpClient::~HttpClient() = default;

ErrorOr<HttpAnswer> HttpClient::exchange(const HttpRequest& request) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(request.timeout_ms);
  const auto message = make_request(url_, request);
  while (true) {
    std::unique_ptr<Connection> connection;
    {
      const std::lock_guard lock(pool_->mutex);
      if (!pool_->idle.empty()) {
        connection = std::move(pool_->idle.back());
        pool_->idle.pop_back();
      }
    }
    const bool kept = connection != nullptr;
    if (!kept) connection = std::make_unique<Connection>();
    connection->stream.expires_at(deadline);
    if (!kept) TRY_VOID(connect(*connection, url_));
    beast::error_code error = connection->run(
        [&](auto done) { http::async_write(connection->stream, message, std::move(done)); });
    http::response_parser<http::string_body> parser;
    parser.body_limit(request.answer_bytes_max);
    if (request.method == "HEAD") parser.skip(true);
    // The head by itself first: Beast 1.74 forgets the bound of a body that came along with it.
    if (!error) {
      error = connection->run([&](auto done) {
        http::async_read_header(connection->stream, connection->buffer, parser, std::move(done));
      });
    }
    if (!error) {
      error = connection->run([&](auto done) {
        http::async_read(connection->stream, connection->buffer, parser, std::move(done));
      });
    }
    if (error && kept && !parser.got_some() && error != beast::error::timeout) continue;
    if (error == http::error::body_limit || error == http::error::buffer_overflow) {
      return fail(ErrorCode::kExhausted,
                  "the answer of " + url_.host + ":" + url_.port + " is too large");
    }
    if (error && error.category() == make_error_code(http::error::bad_version).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message) {
      return fail(ErrorCode::kProtocol,
                  url_.host + ":" + url_.port + " does not speak HTTP: " + error.message());
    }
    if (error) return Fail{network_error(url_, "lost the connection to", error)};
    HttpAnswer answer{parser.get().result_int(), std::move(parser.get().body())};
    if (parser.get().keep_alive()) {
      connection->stream.expires_never();
      const std::lock_guard lock(pool_->mutex);
      if (pool_->idle.size() < kIdleMax) pool_->idle.push_back(std::move(connection));
    }
    return answer;
  }
}

ErrorOr<HttpUrl> parse_http_url(std::string_view text) {
  const std::string whole(text);
  if (text.starts_with("https://")) {
    return fail(ErrorCode::kInvalidInput,
                "https is not spoken here; put a TLS tunnel before " + whole);
  }
  const auto url = parse_url(text);
  if (!url)
    return fail(ErrorCode::kInvalidInput, "'" + whole + "' is no URL; write http://HOST:PORT");
  return HttpUrl{url->at.host, std::to_string(url->at.port), url->path};
}

}  // namespace fog::rpc
