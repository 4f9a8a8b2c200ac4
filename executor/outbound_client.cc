#include "executor/outbound_client.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "chain/base/ascii.h"
#include "chain/base/url.h"
#include "executor/response_head.h"

namespace fog::executor {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kLookupTime{5'000};
constexpr milliseconds kConnectTime{5'000};
constexpr milliseconds kStepTime{30'000};  // from the request to the head, between two parts
constexpr milliseconds kWholeTime{60'000};
constexpr std::size_t kAddressesTried = 3;
constexpr std::uint32_t kHeadBytesMax = 64 * 1024;
constexpr std::uint64_t kNoBodyLimit = 1ULL << 62;
constexpr int kInterimMax = 4;  // answers 1xx before the answer
// Calls under way, each with up to kOutboundBodyBytesMax of an answer.
constexpr std::size_t kCallsMax = 64;
constexpr std::size_t kCallsOfOneMax = 16;

bool is_token(ByteView text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](std::uint8_t c) {
    return is_token_char(static_cast<char>(c));
  });
}

bool is_target(ByteView text) {
  return !text.empty() && text[0] == '/' &&
         std::all_of(text.begin(), text.end(), [](std::uint8_t c) { return c > 0x20 && c < 0x7f; });
}

bool is_value(ByteView text) {
  return std::all_of(text.begin(), text.end(),
                     [](std::uint8_t c) { return c == '\t' || (c >= 0x20 && c != 0x7f); });
}

// The runtime has seen to it; this is for a worker that is not ours any more.
bool is_well_formed(const OutboundHead& head) {
  return is_token(head.method) && is_target(head.target) &&
         std::all_of(head.fields.begin(), head.fields.end(), [](const FieldEntry& field) {
           return is_token(field.name) && is_value(field.value);
         });
}

milliseconds at_most(std::uint64_t wanted_ms, milliseconds most) {
  const auto cap = static_cast<std::uint64_t>(most.count());
  return milliseconds(static_cast<std::int64_t>(std::clamp<std::uint64_t>(wanted_ms, 1, cap)));
}

template <class T>
auto into(T& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

}  // namespace

class HttpCall final : public OutboundCall, public std::enable_shared_from_this<HttpCall> {
 public:
  HttpCall(OutboundClient& client, std::shared_ptr<OutboundShare> share, OutboundRequest request,
           OutboundDone done)
      : client_(client),
        share_(std::move(share)),
        request_(std::move(request)),
        done_(std::move(done)),
        all_(client.under_way_),
        stream_(client.io_),
        found_(client.io_) {
    ++*all_;
    ++share_->under_way;
  }
  // The client may be gone: a call ends at the latest with its io_context.
  ~HttpCall() override {
    --*all_;
    --share_->under_way;
  }
  HttpCall(const HttpCall&) = delete;
  HttpCall& operator=(const HttpCall&) = delete;

  void start() {
    asio::co_spawn(
        client_.io_, [self = shared_from_this()] { return self->run(); }, asio::detached);
  }
  std::uint64_t cancel() override {
    done_ = nullptr;
    error_code ignored;
    stream_.socket().close(ignored);
    found_.cancel();
    return egress_bytes_;
  }

 private:
  asio::awaitable<void> run() {
    OutboundFault fault = OutboundFault::kInternal;
    try {
      fault = co_await perform();
    } catch (const std::exception&) {  // Asio and Beast throw where memory or bounds end
    }
    if (fault != OutboundFault::kAnswered) reply_ = failed_reply(fault);
    if (done_) std::exchange(done_, nullptr)(std::move(reply_), egress_bytes_);
  }

  asio::awaitable<OutboundFault> perform() {
    if (client_.policy_.off) co_return OutboundFault::kDenied;
    if (!is_well_formed(request_.head)) co_return OutboundFault::kInternal;
    const bool tls = request_.head.tls;
    const auto place = parse_host_port(as_text(request_.head.authority), tls ? 443 : 80);
    if (!place || place->port == 0) co_return OutboundFault::kDenied;
    host_ = lower_case(place->host);
    if (!market::may_ask(share_->patterns, host_, place->port, tls)) {
      co_return OutboundFault::kDenied;
    }
    // This call is among them.
    if (*all_ > kCallsMax || share_->under_way > kCallsOfOneMax) {
      co_return OutboundFault::kLimit;
    }
    OutboundFault fault = co_await find();
    if (fault == OutboundFault::kAnswered) fault = co_await connect(place->port);
    if (fault == OutboundFault::kAnswered && tls) fault = co_await shake_hands();
    if (fault != OutboundFault::kAnswered) co_return fault;
    if (tls) co_return co_await exchange(*tls_);
    co_return co_await exchange(stream_);
  }

  void limit(milliseconds step) {
    stream_.expires_at(std::min(Clock::now() + step, started_ + kWholeTime));
  }

  // Addresses that may be asked, of those that the name has.
  asio::awaitable<OutboundFault> find() {
    error_code ignored;
    const auto literal = asio::ip::make_address(host_, ignored);
    is_literal_ = !ignored;
    if (is_literal_) {
      addresses_ = {literal};
    } else {
      bool answered = false;
      found_.expires_after(kLookupTime);
      client_.names_.find(host_, share_.get(),
                          [weak = weak_from_this(), &answered](auto addresses) {
                            const auto self = weak.lock();
                            if (self == nullptr || !self->looking_) return;
                            answered = true;
                            self->addresses_ = std::move(addresses);
                            self->found_.cancel();
                          });
      looking_ = true;
      co_await found_.async_wait(into(ignored));
      looking_ = false;
      if (!answered) co_return OutboundFault::kDnsTimeout;
      if (addresses_.empty()) co_return OutboundFault::kDnsError;
    }
    std::erase_if(addresses_, [&](const asio::ip::address& address) {
      return !client_.policy_.addresses.allows(address);
    });
    co_return addresses_.empty() ? OutboundFault::kProhibited : OutboundFault::kAnswered;
  }

  asio::awaitable<OutboundFault> connect(std::uint16_t port) {
    OutboundFault fault = OutboundFault::kUnavailable;
    addresses_.resize(std::min(addresses_.size(), kAddressesTried));
    for (const asio::ip::address& address : addresses_) {
      if (!done_) co_return OutboundFault::kInternal;
      limit(at_most(request_.head.connect_ms, kConnectTime));
      error_code error;
      co_await stream_.async_connect(tcp::endpoint(address, port), into(error));
      if (!error) co_return OutboundFault::kAnswered;
      fault = error == beast::error::timeout             ? OutboundFault::kConnectTimeout
              : error == asio::error::connection_refused ? OutboundFault::kRefused
                                                         : OutboundFault::kUnavailable;
      error_code ignored;
      stream_.socket().close(ignored);
    }
    co_return fault;
  }

  asio::awaitable<OutboundFault> shake_hands() {
    tls_.emplace(stream_, client_.tls_);
    if (!is_literal_) ::SSL_set_tlsext_host_name(tls_->native_handle(), host_.c_str());
    tls_->set_verify_mode(asio::ssl::verify_peer);
    tls_->set_verify_callback(asio::ssl::host_name_verification(host_));
    limit(at_most(request_.head.connect_ms, kConnectTime));
    error_code error;
    co_await tls_->async_handshake(asio::ssl::stream_base::client, into(error));
    if (!error) co_return OutboundFault::kAnswered;
    if (error == beast::error::timeout) co_return OutboundFault::kConnectTimeout;
    if (::SSL_get_verify_result(tls_->native_handle()) != X509_V_OK) {
      co_return OutboundFault::kTlsCertificate;
    }
    co_return OutboundFault::kTlsProtocol;
  }

  template <class Stream>
  asio::awaitable<OutboundFault> exchange(Stream& stream) {
    const bool head_only = as_text(request_.head.method) == "HEAD";
    auto message = wire_request();
    egress_bytes_ = outbound_bytes(request_);
    request_.body.clear();
    error_code error;
    limit(kStepTime);
    co_await http::async_write(stream, message, into(error));
    // A server may answer and close before it has read everything.
    const bool sent = !error;
    const auto head_time = at_most(request_.head.first_byte_ms, kStepTime);
    for (int interim = 0;; ++interim) {
      parser_.emplace();
      parser_->header_limit(kHeadBytesMax);
      parser_->body_limit(kNoBodyLimit);  // bounded by what is read
      parser_->skip(head_only);
      limit(head_time);
      error = {};
      co_await http::async_read_header(stream, buffer_, *parser_, into(error));
      if (error) co_return head_fault(error, sent);
      const unsigned status = parser_->get().result_int();
      if (status >= 200) break;
      if (status == 101 || interim == kInterimMax) co_return OutboundFault::kProtocol;
    }
    if (!take_head()) co_return OutboundFault::kHeadTooLarge;
    co_return co_await read_body(stream);
  }

  http::request<http::vector_body<std::uint8_t>> wire_request() {
    const OutboundHead& head = request_.head;
    http::request<http::vector_body<std::uint8_t>> out;
    out.version(11);
    out.method_string(beast_view(as_text(head.method)));
    out.target(beast_view(as_text(head.target)));
    out.set(http::field::host, beast_view(as_text(head.authority)));
    for (const FieldEntry& field : head.fields) {
      const std::string name = lower_case(as_text(field.name));
      if (name == "content-length" || name == "host" || !market::counts_in_request(name)) continue;
      out.insert(beast_view(as_text(field.name)), beast_view(as_text(field.value)));
    }
    out.set(http::field::connection, "close");
    out.body() = request_.body;
    const std::string_view method = as_text(head.method);
    if (!request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
      out.content_length(request_.body.size());
    }
    return out;
  }
  static boost::beast::string_view beast_view(std::string_view text) {
    return {text.data(), text.size()};
  }

  static OutboundFault head_fault(const error_code& error, bool sent) {
    if (error == beast::error::timeout) return OutboundFault::kResponseTimeout;
    if (error == http::error::header_limit) return OutboundFault::kHeadTooLarge;
    if (error == http::error::end_of_stream || error == http::error::partial_message || !sent) {
      return OutboundFault::kTerminated;
    }
    if (error.category() == http::make_error_code(http::error::bad_version).category()) {
      return OutboundFault::kProtocol;
    }
    return OutboundFault::kTerminated;
  }

  bool take_head() {
    reply_.head.fault = OutboundFault::kAnswered;
    reply_.head.status = static_cast<std::uint16_t>(parser_->get().result_int());
    for (const auto& field : parser_->get()) {
      const std::string_view name(field.name_string().data(), field.name_string().size());
      const std::string_view value(field.value().data(), field.value().size());
      if (!market::counts_in_request(lower_case(name))) continue;
      FieldEntry entry{to_bytes(as_bytes(name)), to_bytes(as_bytes(value))};
      if (entry.name.size() > entry.name.kMax || entry.value.size() > entry.value.kMax ||
          reply_.head.fields.size() == FieldEntries::kMax) {
        return false;
      }
      reply_.head.fields.push_back(std::move(entry));
    }
    return true;
  }

  template <class Stream>
  asio::awaitable<OutboundFault> read_body(Stream& stream) {
    Bytes chunk(kChunkBytesMax);
    const auto step = at_most(request_.head.between_bytes_ms, kStepTime);
    const auto declared = parser_->content_length();
    if (!parser_->is_done() && declared.value_or(0) > kOutboundBodyBytesMax) {
      co_return OutboundFault::kBodyTooLarge;
    }
    while (!parser_->is_done()) {
      parser_->get().body().data = chunk.data();
      parser_->get().body().size = chunk.size();
      error_code error;
      limit(step);
      co_await http::async_read_some(stream, buffer_, *parser_, into(error));
      if (error == http::error::need_buffer) error = {};
      const std::size_t got = chunk.size() - parser_->get().body().size;
      if (reply_.body.size() + got > kOutboundBodyBytesMax) co_return OutboundFault::kBodyTooLarge;
      append(reply_.body, ByteView(chunk).first(got));
      if (error == beast::error::timeout) co_return OutboundFault::kReadTimeout;
      if (error) co_return OutboundFault::kIncomplete;
    }
    co_return OutboundFault::kAnswered;
  }

  OutboundClient& client_;
  const std::shared_ptr<OutboundShare> share_;
  OutboundRequest request_;
  OutboundDone done_;
  const std::shared_ptr<std::size_t> all_;
  beast::tcp_stream stream_;
  asio::steady_timer found_;
  bool looking_ = false;
  const Clock::time_point started_ = Clock::now();
  std::optional<asio::ssl::stream<beast::tcp_stream&>> tls_;
  std::string host_;
  bool is_literal_ = false;
  std::vector<asio::ip::address> addresses_;
  beast::flat_buffer buffer_{std::size_t{kHeadBytesMax} + kChunkBytesMax};
  std::optional<http::response_parser<http::buffer_body>> parser_;
  OutboundReply reply_;
  std::uint64_t egress_bytes_ = 0;
};

OutboundClient::OutboundClient(asio::io_context& io, OutboundPolicy policy)
    : io_(io), policy_(std::move(policy)), names_(io), tls_(asio::ssl::context::tls_client) {
  error_code ignored;  // without roots, every certificate is refused
  tls_.set_default_verify_paths(ignored);
}

std::shared_ptr<OutboundCall> OutboundClient::ask(const std::shared_ptr<OutboundShare>& share,
                                                  OutboundRequest request, OutboundDone done) {
  auto call = std::make_shared<HttpCall>(*this, share, std::move(request), std::move(done));
  call->start();
  return call;
}

}  // namespace fog::executor
