#include "executor/artifact_fetch.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "chain/base/url.h"
#include "chain/crypto/hash.h"
#include "executor/fd.h"

namespace fog::executor {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

// Where the bytes go: a file whose hash is known at every moment.
class HashedFile {
 public:
  // What is in it counts.
  ErrorOr<void> open(const std::string& path) {
    path_ = path;
    file_.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file_) return fail_errno("cannot open " + path);
    Bytes chunk(256 * 1024);
    for (;;) {
      const ssize_t got = ::read(file_.get(), chunk.data(), chunk.size());
      if (got < 0) return fail_errno("cannot read " + path);
      if (got == 0) return {};
      hash_.update(ByteView(chunk).first(static_cast<std::size_t>(got)));
      size_ += static_cast<std::uint64_t>(got);
    }
  }
  ErrorOr<void> start_anew() {
    size_ = 0;
    hash_ = {};
    if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) != 0)
      return fail_errno("cannot empty " + path_);
    return {};
  }
  ErrorOr<void> append(ByteView part) {
    TRY_VOID(write_all(file_.get(), part));
    hash_.update(part);
    size_ += part.size();
    return {};
  }
  std::uint64_t size() const { return size_; }
  Fetched finish() { return {size_, hash_.finish()}; }

 private:
  std::string path_;
  UniqueFd file_;
  std::uint64_t size_ = 0;
  Sha256Stream hash_;
};

// One question over HTTP and its answer. Runs asynchronous steps one after another, each with the
// stream's time limit.
class Exchange {
 public:
  struct Plan {
    std::string endpoint;
    std::string target;
    const Bytes* body = nullptr;  // null: a GET
    std::uint64_t have = 0;       // of what is asked for
    std::uint64_t bytes_max = 0;  // with what is there
    std::uint64_t step_timeout_ms = 0;
    std::function<ErrorOr<void>()> start_anew;  // all of it comes, from the beginning
    std::function<ErrorOr<void>(ByteView)> append;
  };
  Exchange(Plan plan, const std::function<bool()>& go_on)
      : plan_(std::move(plan)),
        go_on_(go_on),
        resolver_(io_),
        stream_(io_),
        chunk_(64 * 1024),
        have_(plan_.have) {}

  ErrorOr<void> run() {
    TRY_VOID(connect());
    TRY_VOID(ask());
    TRY_VOID(read_head());
    return read_body();
  }

 private:
  // Waits for the one operation that was begun.
  error_code finish(error_code& result) {
    io_.restart();
    io_.run();
    return result;
  }
  void limit_time() { stream_.expires_after(std::chrono::milliseconds(plan_.step_timeout_ms)); }

  Fail<Error> failed(std::string_view doing, const error_code& error) const {
    const bool late = error == beast::error::timeout;
    return fail(late ? ErrorCode::kTimeout : ErrorCode::kNetwork,
                std::string(doing) + ' ' + plan_.endpoint + ": " + error.message());
  }

  ErrorOr<void> connect() {
    const auto url = parse_url(plan_.endpoint);
    if (!url) return fail(ErrorCode::kInvalidInput, plan_.endpoint + " is not http://HOST:PORT");
    host_ = url->at.host;
    error_code error;
    const auto found = resolver_.resolve(host_, std::to_string(url->at.port), error);
    if (error) return failed("cannot find", error);
    limit_time();
    stream_.async_connect(found, [&](error_code result, const tcp::endpoint&) { error = result; });
    if (finish(error)) return failed("cannot reach", error);
    return url->tls ? shake_hands() : ErrorOr<void>();
  }

  // TLS hides what is fetched; who sent it does not matter, because the digest decides.
  ErrorOr<void> shake_hands() {
    tls_.emplace(stream_, tls_context_);
    ::SSL_set_tlsext_host_name(tls_->native_handle(), host_.c_str());
    error_code error;
    limit_time();
    tls_->async_handshake(asio::ssl::stream_base::client,
                          [&](error_code result) { error = result; });
    if (finish(error)) return failed("no TLS with", error);
    return {};
  }
  // Calls `begin` with the stream that bytes go through.
  template <class Begin>
  void on_stream(Begin begin) {
    if (tls_) {
      begin(*tls_);
    } else {
      begin(stream_);
    }
  }

  ErrorOr<void> ask() {
    http::request<http::vector_body<std::uint8_t>> request(
        plan_.body == nullptr ? http::verb::get : http::verb::post, plan_.target, 11);
    request.set(http::field::host, host_);
    request.set(http::field::user_agent, "foghost");
    if (have_ > 0) request.set(http::field::range, "bytes=" + std::to_string(have_) + "-");
    if (plan_.body != nullptr) {
      request.set(http::field::content_type, "application/octet-stream");
      request.body() = *plan_.body;
      request.prepare_payload();
    }
    error_code error;
    limit_time();
    on_stream([&](auto& stream) {
      http::async_write(stream, request, [&](error_code result, std::size_t) { error = result; });
    });
    if (finish(error)) return failed("cannot ask", error);
    return {};
  }

  ErrorOr<void> read_head() {
    parser_.header_limit(16 * 1024);
    parser_.body_limit(plan_.bytes_max + 1);
    error_code error;
    limit_time();
    on_stream([&](auto& stream) {
      http::async_read_header(stream, buffer_, parser_,
                              [&](error_code result, std::size_t) { error = result; });
    });
    if (finish(error)) return failed("no answer from", error);
    const auto& head = parser_.get();
    const unsigned status = head.result_int();
    if (status == 404) return fail(ErrorCode::kNotFound, plan_.endpoint + " does not have it");
    if (status == 206) {
      const std::string range(head[http::field::content_range]);
      const std::string expected = "bytes " + std::to_string(have_) + "-";
      if (range.starts_with(expected)) return {};
    } else if (status == 200) {
      return start_anew();
    }
    // What is here may be what the server cannot continue.
    TRY_VOID(start_anew());
    return fail(ErrorCode::kRejected,
                plan_.endpoint + " answers with status " + std::to_string(status));
  }

  ErrorOr<void> start_anew() {
    have_ = 0;
    return plan_.start_anew();
  }

  ErrorOr<void> read_body() {
    while (!parser_.is_done()) {
      if (!go_on_()) return fail(ErrorCode::kUnavailable, "given up");
      parser_.get().body().data = chunk_.data();
      parser_.get().body().size = chunk_.size();
      error_code error;
      limit_time();
      on_stream([&](auto& stream) {
        http::async_read_some(stream, buffer_, parser_,
                              [&](error_code result, std::size_t) { error = result; });
      });
      finish(error);
      if (error == http::error::need_buffer) error = {};
      const std::size_t got = chunk_.size() - parser_.get().body().size;
      if (error == http::error::body_limit || have_ + got > plan_.bytes_max) {
        return fail(ErrorCode::kExhausted,
                    plan_.endpoint + " sends more bytes than it should have");
      }
      TRY_VOID(plan_.append(ByteView(chunk_).first(got)));
      have_ += got;
      if (error) return failed("lost", error);
    }
    return {};
  }

  const Plan plan_;
  const std::function<bool()>& go_on_;
  asio::io_context io_{1};
  tcp::resolver resolver_;
  beast::tcp_stream stream_;
  asio::ssl::context tls_context_{asio::ssl::context::tls_client};
  std::optional<asio::ssl::stream<beast::tcp_stream&>> tls_;
  beast::flat_buffer buffer_;
  http::response_parser<http::buffer_body> parser_;
  Bytes chunk_;
  std::string host_;
  std::uint64_t have_;
};

// Asio and Beast throw where memory or bounds end.
ErrorOr<void> run(Exchange::Plan plan, const std::function<bool()>& go_on) {
  const std::string endpoint = plan.endpoint;
  try {
    return Exchange(std::move(plan), go_on).run();
  } catch (const std::exception& error) {
    return fail(ErrorCode::kNetwork, endpoint + ": " + error.what());
  }
}

}  // namespace

ErrorOr<Fetched> fetch_file(const FetchPlan& plan, const std::function<bool()>& go_on) {
  HashedFile file;
  TRY_VOID(file.open(plan.file));
  if (file.size() > plan.bytes_max) TRY_VOID(file.start_anew());
  TRY_VOID(
      run({plan.endpoint, plan.target, nullptr, file.size(), plan.bytes_max, plan.step_timeout_ms,
           [&] { return file.start_anew(); }, [&](ByteView part) { return file.append(part); }},
          go_on));
  return file.finish();
}

ErrorOr<Bytes> post_bytes(const PostPlan& plan, const std::function<bool()>& go_on) {
  Bytes answer;
  TRY_VOID(
      run({plan.endpoint, plan.target, &plan.body, 0, plan.answer_bytes_max, plan.step_timeout_ms,
           [&] {
             answer.clear();
             return ErrorOr<void>();
           },
           [&](ByteView part) {
             append(answer, part);
             return ErrorOr<void>();
           }},
          go_on));
  return answer;
}

}  // namespace fog::executor
