#include "rpc/server/http_session.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include "chain/base/http_length.h"
#include "rpc/server/fast_submit.h"
#include "rpc/server/http_rules.h"
#include "rpc/server/socket_session.h"

namespace fog::rpc {
namespace {

constexpr const char* kJsonType = "application/json";
constexpr std::size_t kBodyReadBytes = 64 * 1024;
constexpr const char* kTextType = "text/plain; charset=utf-8";

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}
beast::string_view beast_view(std::string_view text) {
  return {text.data(), text.size()};
}
std::chrono::milliseconds ms(std::uint32_t value) {
  return std::chrono::milliseconds(value);
}

// Plain words for the parser's refusals.
std::pair<http::status, std::string> refusal_of(const beast::error_code& error) {
  if (error == http::error::body_limit) {
    return {http::status::payload_too_large, "the request body is too large; send it in parts\n"};
  }
  if (error == http::error::header_limit) {
    return {http::status::request_header_fields_too_large, "the request head is too large\n"};
  }
  return {http::status::bad_request, "not an HTTP/1.1 request: " + error.message() + "\n"};
}

// Who is limited, as text; nobody on this machine. A network of IPv6 has 2^64 addresses to choose
// from.
std::string client_of(const boost::asio::ip::address& address) {
  if (address.is_loopback()) return {};
  if (!address.is_v6() || address.to_v6().is_v4_mapped()) return address.to_string();
  auto bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return boost::asio::ip::address_v6(bytes).to_string() + "/64";
}

bool is_parser_error(const beast::error_code& error) {
  return error.category() == make_error_code(http::error::body_limit).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

}  // namespace

HttpSession::HttpSession(Tcp::socket socket, ConnectionPlace place, SessionShared& shared)
    : stream_(std::move(socket)),
      executor_(stream_.get_executor()),
      place_(std::move(place)),
      shared_(shared),
      buffer_(shared.options.header_bytes_max + shared.options.body_bytes_max) {}

HttpSession::~HttpSession() {
  release_body();
}

void HttpSession::start() {
  boost::asio::dispatch(executor_, [self = shared_from_this()] { self->read_head(); });
}

void HttpSession::stop() {
  boost::asio::post(executor_, [self = shared_from_this()] {
    if (!self->answering_ && !self->upgraded_) self->close();
  });
}

void HttpSession::close() {
  beast::error_code ignored;
  stream_.socket().shutdown(Tcp::socket::shutdown_both, ignored);
  stream_.close();
}

void HttpSession::read_head() {
  if (shared_.stopping) return close();
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(shared_.options.header_bytes_max));
  parser_->body_limit(shared_.options.body_bytes_max);
  stream_.expires_after(ms(shared_.options.idle_timeout_ms));
  http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](beast::error_code error, std::size_t) { self->on_head(error); });
}

HttpSession::Response HttpSession::make(http::status status, std::string text, const char* type) {
  Response response(status, version_);
  response.set(http::field::server, "fogcoind");
  if (!text.empty()) response.set(http::field::content_type, type);
  if (!page_origin_.empty()) {
    response.set(http::field::access_control_allow_origin, page_origin_);
    response.set(http::field::vary, "Origin");
  }
  response.keep_alive(keep_alive_);
  response.body() = std::move(text);
  response.prepare_payload();
  return response;
}

std::optional<HttpSession::Response> HttpSession::judge_head() {
  const auto& request = parser_->get();
  const std::string_view host = view(request[http::field::host]);
  const std::string_view target = view(request.target()).substr(0, request.target().find('?'));
  // A refused body is not read, so the connection ends with the refusal.
  const auto refuse = [&](http::status status, const char* why) {
    keep_alive_ = false;
    return make(status, why, kTextType);
  };
  const LengthFields length{request.version() == 11, request.count(http::field::content_length),
                            view(request[http::field::content_length]),
                            request.count(http::field::transfer_encoding),
                            view(request[http::field::transfer_encoding])};
  if (const auto why = why_no_length(length)) {
    return refuse(http::status::bad_request, (std::string(*why) + "\n").c_str());
  }
  if (!host_is_allowed(host, shared_.options.host_names)) {
    return refuse(http::status::forbidden,
                  "this Host name is not served here; use the node's IP address, or start it with "
                  "--rpc-host NAME\n");
  }
  const auto origin = request.find(http::field::origin);
  // The console's sandboxed frame has no origin; it may load its files, and call nothing.
  const auto is_frame = [&] { return view(origin->value()) == "null" && asked_file(); };
  page_origin_.clear();
  if (origin != request.end() && !origin_is_allowed(view(origin->value()), host)) {
    if (origin_is_listed(view(origin->value()), shared_.options.origins)) {
      page_origin_ = std::string(view(origin->value()));
    } else if (!is_frame()) {
      return refuse(http::status::forbidden,
                    "this site's pages may not call this node; its operator allows them with "
                    "--rpc-origin\n");
    }
  }
  if (asks_for_permission()) {
    auto response = refuse(http::status::no_content, "");
    response.set(http::field::access_control_allow_methods, "GET, POST");
    response.set(http::field::access_control_allow_headers, "Authorization, Content-Type");
    response.set(http::field::access_control_max_age, "600");
    return response;
  }
  if (target == "/health" || target == "/metrics") {
    if (request.method() == http::verb::get) return std::nullopt;
    auto response = refuse(http::status::method_not_allowed, "use GET\n");
    response.set(http::field::allow, "GET");
    return response;
  }
  if (asks_for_upgrade()) {
    if (parser_->content_length().value_or(0) != 0 || parser_->chunked() || buffer_.size() != 0) {
      return refuse(http::status::bad_request,
                    "send nothing after the upgrade's head before it is answered\n");
    }
    return std::nullopt;
  }
  if (asked_file()) return std::nullopt;
  if (target != "/") {
    return refuse(http::status::not_found, shared_.options.site.empty()
                                               ? "there is /, /health and /metrics\n"
                                               : "there is no such page; the console is at /\n");
  }
  if (request.method() != http::verb::post) {
    auto response = refuse(http::status::method_not_allowed,
                           "POST a JSON-RPC 2.0 call, or connect by WebSocket; rpc.discover lists "
                           "all methods\n");
    response.set(http::field::allow, "POST");
    return response;
  }
  return std::nullopt;
}

bool HttpSession::asks_for_upgrade() const {
  const auto& request = parser_->get();
  return request.target() == "/" && asks_for_socket(request);
}

bool HttpSession::asks_for_permission() const {
  const auto& request = parser_->get();
  return !page_origin_.empty() && request.method() == http::verb::options &&
         request.count(http::field::access_control_request_method) != 0;
}

Caller HttpSession::caller_of(const Request& request) const {
  const std::string& token = shared_.options.operator_token;
  const bool is_operator = token.empty()
                               ? place_.address().is_loopback() && page_origin_.empty()
                               : bearer_fits(view(request[http::field::authorization]), token);
  return {is_operator, client_of(place_.address())};
}

void HttpSession::upgrade() {
  if (shared_.sockets.fetch_add(1) >= shared_.options.sockets_max) {
    shared_.sockets.fetch_sub(1);
    keep_alive_ = false;
    return write(make(http::status::service_unavailable,
                      "too many WebSockets are open at this node; try again later\n", kTextType));
  }
  upgraded_ = true;
  Request request = parser_->release();
  Caller caller = caller_of(request);
  const auto socket = std::make_shared<SocketSession>(std::move(stream_), std::move(place_),
                                                      shared_, std::move(caller));
  shared_.add(socket);
  socket->start(std::move(request));
}

const StaticFile* HttpSession::asked_file() const {
  const auto& request = parser_->get();
  const bool reads = request.method() == http::verb::get || request.method() == http::verb::head;
  return reads ? shared_.options.site.find(view(request.target())) : nullptr;
}

void HttpSession::answer_file(const StaticFile& file) {
  const auto& request = parser_->get();
  // A body with such a request means nothing and is not read, so the connection ends.
  if (parser_->content_length().value_or(0) != 0 || parser_->chunked()) keep_alive_ = false;
  const StaticAnswer answer =
      StaticSite::answer(file, {view(request.target()), view(request[http::field::accept_encoding]),
                                view(request[http::field::if_none_match])});
  const auto set_head = [&](auto& response) {
    response.set(http::field::server, "fogcoind");
    for (const auto& [name, value] : answer.headers) {
      response.set(beast_view(name), beast_view(value));
    }
    response.keep_alive(keep_alive_);
    if (!answer.not_modified) response.content_length(answer.body.size());
  };
  if (answer.not_modified || request.method() == http::verb::head) {
    response_ =
        Response(answer.not_modified ? http::status::not_modified : http::status::ok, version_);
    set_head(response_);
    return write_message(response_);
  }
  file_ = {http::status::ok, version_};
  set_head(file_);
  file_.body() = {answer.body.data(), answer.body.size()};
  write_message(file_);
}

bool HttpSession::reserve_body() {
  const auto length = parser_->content_length();
  body_reserved_ = length ? static_cast<std::size_t>(*length)
                          : (parser_->chunked() ? shared_.options.body_bytes_max : 0);
  const std::size_t before = shared_.bodies_bytes.fetch_add(body_reserved_);
  return before + body_reserved_ <= shared_.options.bodies_bytes_max;
}

void HttpSession::release_body() {
  shared_.bodies_bytes.fetch_sub(body_reserved_);
  body_reserved_ = 0;
}

void HttpSession::on_head(beast::error_code error) {
  if (error) {
    if (!is_parser_error(error)) return close();
    keep_alive_ = false;
    auto [status, why] = refusal_of(error);
    return write(make(status, std::move(why), kTextType));
  }
  shared_.dispatcher.metrics().http_request();
  keep_alive_ = parser_->get().keep_alive();
  version_ = parser_->get().version();
  if (auto refusal = judge_head()) return write(*std::move(refusal));
  if (asks_for_upgrade()) return upgrade();
  if (const StaticFile* file = asked_file()) return answer_file(*file);
  if (!reserve_body()) {
    keep_alive_ = false;
    return write(make(http::status::service_unavailable, "too many requests at once; try again\n",
                      kTextType));
  }
  stream_.expires_after(ms(shared_.options.transfer_timeout_ms));
  if (!beast::iequals(parser_->get()[http::field::expect], "100-continue")) return read_body();
  continue_ = {http::status::continue_, version_};
  http::async_write(stream_, continue_,
                    [self = shared_from_this()](beast::error_code failed, std::size_t) {
                      failed ? self->close() : self->read_body();
                    });
}

void HttpSession::read_body() {
  // The reader takes what the buffer has room for, at least 512 bytes: a large body would arrive in
  // a thousand pieces.
  buffer_.reserve(std::min(buffer_.size() + body_reserved_, kBodyReadBytes));
  http::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](beast::error_code error, std::size_t) { self->on_body(error); });
}

void HttpSession::on_body(beast::error_code error) {
  if (error) {
    if (!is_parser_error(error)) return close();
    keep_alive_ = false;
    auto [status, why] = refusal_of(error);
    return write(make(status, std::move(why), kTextType));
  }
  stream_.expires_never();
  answering_ = true;
  Request request = parser_->release();
  const std::string target(view(request.target()).substr(0, request.target().find('?')));
  const bool page = target != "/";
  const Caller caller = caller_of(request);
  const auto answer = [this](std::string text) {
    release_body();
    write(make_answer(std::move(text)));
  };
  if (!page && shared_.dispatcher.handle_quick(request.body(), caller, answer)) return;
  boost::asio::post(shared_.workers, [self = shared_from_this(), target, page, caller,
                                      body = std::move(request.body())]() mutable {
    if (page) return self->answer_page(target);
    self->shared_.dispatcher.handle(std::move(body), caller, [self](std::string text) {
      self->post_response(self->make_answer(std::move(text)));
    });
  });
}

HttpSession::Response HttpSession::make_answer(std::string text) {
  const auto status = text.empty() ? http::status::no_content : http::status::ok;
  return make(status, std::move(text), kJsonType);
}

void HttpSession::answer_page(const std::string& target) {
  if (target == "/metrics") {
    return post_response(make(http::status::ok,
                              shared_.dispatcher.metrics_text() + shared_.options.more_metrics(),
                              "text/plain; version=0.0.4; charset=utf-8"));
  }
  const auto status = shared_.node.status();
  if (!status) {
    return post_response(make(http::status::service_unavailable,
                              "not well: " + status.error().context + "\n", kTextType));
  }
  post_response(
      make(http::status::ok, "ok, height " + std::to_string(status->height) + "\n", kTextType));
}

void HttpSession::post_response(Response response) {
  boost::asio::post(executor_, [self = shared_from_this(), answer = std::move(response)]() mutable {
    self->release_body();
    self->write(std::move(answer));
  });
}

void HttpSession::write(Response response) {
  response_ = std::move(response);
  write_message(response_);
}

template <class Message>
void HttpSession::write_message(Message& message) {
  stream_.expires_after(ms(shared_.options.transfer_timeout_ms));
  http::async_write(stream_, message,
                    [self = shared_from_this()](beast::error_code error, std::size_t) {
                      self->response_ = {};
                      self->answering_ = false;
                      if (error || !self->keep_alive_) return self->close();
                      self->read_head();
                    });
}

}  // namespace fog::rpc
