#include "rpc/gateway/forward.h"

#include <chrono>

#include "chain/base/clock.h"

namespace fog::gateway {
namespace {

using ResponseParser = http::response_parser<http::buffer_body>;
using std::chrono::milliseconds;

// What the Host may add to the workload's own wall limit: start of a worker, queueing.
constexpr std::uint64_t kHostSlackMs = 10'000;

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

// What a header that counts says; 0 when it is missing.
std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || out > UINT64_MAX / 10 - 10) return std::nullopt;
    out = out * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return out;
}

// The state of one forwarded request, so that every way out settles its index exactly once.
class Settling {
 public:
  Settling(Replica& replica, GatewayCounters& counters, std::uint64_t index)
      : replica_(replica), counters_(counters), index_(index) {}
  ~Settling() {
    if (settled_) return;
    replica_.book->settle_void(index_);
    ++counters_.voids;
  }
  Settling(const Settling&) = delete;
  Settling& operator=(const Settling&) = delete;
  std::uint64_t index() const { return index_; }
  void settle(const Settlement& settlement) {
    replica_.book->settle(index_, settlement);
    settled_ = true;
  }

 private:
  Replica& replica_;
  GatewayCounters& counters_;
  const std::uint64_t index_;
  bool settled_ = false;
};

class InFlight {
 public:
  explicit InFlight(Replica& replica) : replica_(replica) { replica_.standing.begin(); }
  ~InFlight() { replica_.standing.end(); }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  Replica& replica_;
};

class Relay {
 public:
  Relay(Replica& replica, Exchange& exchange, UpstreamPool& pool, const GatewayConfig& config,
        GatewayCounters& counters)
      : replica_(replica),
        exchange_(exchange),
        pool_(pool),
        config_(config),
        counters_(counters),
        chunk_(kBodyChunk) {}

  net::awaitable<ForwardResult> run();

 private:
  bool build_head();
  http::request<http::buffer_body> host_request(std::uint64_t index) const;
  net::awaitable<beast::error_code> send_request(std::uint64_t index);
  net::awaitable<beast::error_code> send_body(
      http::request_serializer<http::buffer_body>& serializer,
      http::request<http::buffer_body>& request);
  net::awaitable<beast::error_code> read_head();
  bool accept_head(std::uint64_t index);
  net::awaitable<ForwardResult> relay_answer(Settling& settling);
  http::response<http::buffer_body> client_response() const;
  void avoid();
  static ForwardResult not_reached(std::string why) {
    return {ForwardEnd::kNotReached, false, std::move(why), {}};
  }
  ForwardResult refused(std::string why) const {
    return {body_touched_ ? ForwardEnd::kFailed : ForwardEnd::kNotTaken, false, std::move(why), {}};
  }

  Replica& replica_;
  Exchange& exchange_;
  UpstreamPool& pool_;
  const GatewayConfig& config_;
  GatewayCounters& counters_;
  std::vector<std::uint8_t> chunk_;
  std::unique_ptr<UpstreamPool::Connection> host_;
  market::RequestHead head_;
  market::ResponseHead answer_;
  std::uint64_t fuel_ = 0;
  std::uint64_t outbound_bytes_ = 0;
  std::unique_ptr<ResponseParser> parser_;
  Sha256Stream request_body_;
  Hash32 request_hash_;
  std::uint64_t request_bytes_ = 0;
  bool body_touched_ = false;
  bool request_whole_ = false;
};

void Relay::avoid() {
  replica_.standing.failed(system_clock().monotonic_ns());
}

bool Relay::build_head() {
  const auto& message = exchange_.parser.get();
  auto head = link_head<market::RequestHead>(message);
  if (!head || exchange_.target.size() > 16'384) return false;
  std::erase_if(head->fields, [](const market::HttpField& field) {
    return field.name == "expect" || field.name == "forwarded" || field.name == "traceparent" ||
           std::string_view(field.name).starts_with("x-forwarded-");
  });
  if (head->fields.size() + 5 > 128) return false;
  head->fields.push_back({std::string("traceparent"), exchange_.trace.traceparent});
  const auto host = message[http::field::host];
  head->fields.push_back({std::string("x-forwarded-for"), exchange_.forwarded_for});
  head->fields.push_back({std::string("x-forwarded-host"), std::string(host.data(), host.size())});
  head->fields.push_back(
      {std::string("x-forwarded-proto"), exchange_.client.is_encrypted() ? "https" : "http"});
  if (!exchange_.prefix.empty())
    head->fields.push_back({std::string("x-forwarded-prefix"), exchange_.prefix});
  make_canonical(*head);
  head->method.assign(message.method_string().data(), message.method_string().size());
  head->target = exchange_.target;
  head->time_ms = system_clock().wall_ms();
  head_ = *std::move(head);
  return true;
}

http::request<http::buffer_body> Relay::host_request(std::uint64_t index) const {
  const auto& message = exchange_.parser.get();
  http::request<http::buffer_body> out;
  out.version(11);
  out.method(message.method());
  out.target(host_->target(replica_, head_.target));
  for (const market::HttpField& field : head_.fields) out.insert(field.name, field.value);
  if (message.chunked()) out.chunked(true);
  out.set("Fog-Lease", to_hex(replica_.lease) + "." + std::to_string(replica_.term));
  out.set("Fog-Gateway", to_text(replica_.book->gateway()));
  out.set("Fog-Index", std::to_string(index));
  out.set("Fog-Time", std::to_string(head_.time_ms));
  const std::string mac_text =
      market::request_mac_text(replica_.lease, replica_.term, index, head_);
  if (const std::string ticket = replica_.ticket(); !ticket.empty()) out.set("Fog-Ticket", ticket);
  out.set("Fog-Mac", to_hex(hmac_sha256(replica_.link_key, as_bytes(mac_text))));
  return out;
}

net::awaitable<beast::error_code> Relay::send_body(
    http::request_serializer<http::buffer_body>& serializer,
    http::request<http::buffer_body>& request) {
  auto& parser = exchange_.parser;
  beast::error_code error = co_await say_continue(exchange_);
  if (error) co_return error;
  const Bytes& kept = exchange_.kept_body;
  do {
    std::size_t got = kept.size();
    if (!parser.is_done()) {
      body_touched_ = true;
      parser.get().body().data = chunk_.data();
      parser.get().body().size = chunk_.size();
      exchange_.client.expires_after(milliseconds(config_.body_idle_ms_max));
      co_await http::async_read_some(exchange_.client, exchange_.buffer, parser,
                                     net::redirect_error(net::use_awaitable, error));
      if (error == http::error::need_buffer) error = {};
      if (error) co_return error;
      got = chunk_.size() - parser.get().body().size;
    }
    std::uint8_t* const part = kept.empty() ? chunk_.data() : exchange_.kept_body.data();
    request_body_.update(ByteView(part, got));
    request_bytes_ += got;
    request.body().data = got == 0 ? nullptr : part;
    request.body().size = got;
    request.body().more = !parser.is_done();
    if (got == 0 && request.body().more) continue;
    host_->stream.expires_after(milliseconds(config_.body_idle_ms_max));
    co_await http::async_write(host_->stream, serializer,
                               net::redirect_error(net::use_awaitable, error));
    if (error == http::error::need_buffer) error = {};
    if (error) co_return error;
  } while (!parser.is_done() || !serializer.is_done());
  co_return error;
}

net::awaitable<beast::error_code> Relay::send_request(std::uint64_t index) {
  auto request = host_request(index);
  http::request_serializer<http::buffer_body> serializer(request);
  beast::error_code error;
  request_body_ = {};  // it may be sent a second time
  request_bytes_ = 0;
  request.body().data = nullptr;
  request.body().more = !exchange_.parser.is_done() || !exchange_.kept_body.empty();
  host_->stream.expires_after(milliseconds(config_.connect_ms_max));
  co_await http::async_write_header(host_->stream, serializer,
                                    net::redirect_error(net::use_awaitable, error));
  if (error) co_return error;
  error = co_await send_body(serializer, request);
  if (error) co_return error;
  request_hash_ = market::request_hash(head_, request_body_.finish());
  request_whole_ = true;
  co_return error;
}

net::awaitable<beast::error_code> Relay::read_head() {
  beast::error_code error;
  parser_ = std::make_unique<ResponseParser>();
  parser_->header_limit(64 * 1024);
  parser_->body_limit(replica_.manifest.response_bytes_max + 64 * 1024);
  if (exchange_.parser.get().method() == http::verb::head) parser_->skip(true);
  host_->stream.expires_after(milliseconds(replica_.manifest.wall_ms + kHostSlackMs));
  co_await http::async_read_header(host_->stream, host_->buffer, *parser_,
                                   net::redirect_error(net::use_awaitable, error));
  co_return error;
}

// Whether the answer is the Host's own for this request: only then may it be settled.
bool Relay::accept_head(std::uint64_t index) {
  const auto& message = parser_->get();
  auto head = link_head<market::ResponseHead>(message);
  if (!head) return false;
  head->status = static_cast<std::uint16_t>(message.result_int());
  const auto fuel = number_of(view(message["Fog-Fuel"]));
  const auto outbound = number_of(view(message["Fog-Outbound"]));
  if (!fuel || !outbound || *outbound > replica_.manifest.outbound_bytes_max) return false;
  const auto mac = fixed_from_hex<32>(view(message["Fog-Mac"]));
  const std::string mac_text =
      market::response_mac_text(replica_.lease, replica_.term, index, *head, *fuel, *outbound);
  if (!mac || *mac != hmac_sha256(replica_.link_key, as_bytes(mac_text))) return false;
  answer_ = *std::move(head);
  fuel_ = *fuel;
  outbound_bytes_ = *outbound;
  return true;
}

http::response<http::buffer_body> Relay::client_response() const {
  const auto& message = parser_->get();
  http::response<http::buffer_body> out;
  out.version(exchange_.parser.get().version());
  out.result(message.result_int());
  for (const market::HttpField& field : answer_.fields) out.insert(field.name, field.value);
  out.set("via", "1.1 fogcoin");
  out.set("fog-trace", exchange_.trace.id);
  if (const auto outcome = message["Fog-Outcome"]; !outcome.empty() && outcome != "ok") {
    out.set("fog-reason", outcome);
  }
  if (const auto length = message[http::field::content_length]; !length.empty()) {
    out.set(http::field::content_length, length);
  } else if (message.chunked() && out.version() == 11) {
    out.chunked(true);
  }
  const bool framed =
      !message[http::field::content_length].empty() || out.chunked() || parser_->is_done();
  out.keep_alive(exchange_.parser.get().keep_alive() && framed);
  return out;
}

net::awaitable<ForwardResult> Relay::relay_answer(Settling& settling) {
  beast::error_code client_error;
  beast::error_code host_error;
  auto response = client_response();
  http::response_serializer<http::buffer_body> serializer(response);
  response.body().data = nullptr;
  response.body().more = !parser_->is_done();
  exchange_.client.expires_after(milliseconds(config_.body_idle_ms_max));
  co_await http::async_write_header(exchange_.client, serializer,
                                    net::redirect_error(net::use_awaitable, client_error));
  Sha256Stream body;
  std::uint64_t body_bytes = 0;
  while (!parser_->is_done()) {
    parser_->get().body().data = chunk_.data();
    parser_->get().body().size = chunk_.size();
    host_->stream.expires_after(milliseconds(config_.body_idle_ms_max));
    co_await http::async_read_some(host_->stream, host_->buffer, *parser_,
                                   net::redirect_error(net::use_awaitable, host_error));
    if (host_error == http::error::need_buffer) host_error = {};
    if (host_error) co_return ForwardResult{};
    const std::size_t got = chunk_.size() - parser_->get().body().size;
    body.update(ByteView(chunk_.data(), got));
    body_bytes += got;
    // An End User who left does not excuse the settlement: the Host's answer is read to its end.
    if (client_error || (got == 0 && !parser_->is_done())) continue;
    response.body().data = got == 0 ? nullptr : chunk_.data();
    response.body().size = got;
    response.body().more = !parser_->is_done();
    exchange_.client.expires_after(milliseconds(config_.body_idle_ms_max));
    co_await http::async_write(exchange_.client, serializer,
                               net::redirect_error(net::use_awaitable, client_error));
    if (client_error == http::error::need_buffer) client_error = {};
  }
  const bool head_only = exchange_.parser.get().method() == http::verb::head;
  if (!client_error && !serializer.is_done() && response.chunked() && !head_only) {
    response.body().data = nullptr;
    response.body().size = 0;
    response.body().more = false;
    co_await http::async_write(exchange_.client, serializer,
                               net::redirect_error(net::use_awaitable, client_error));
  }
  if (request_whole_) {
    settling.settle({request_hash_, market::response_hash(answer_, body.finish()), request_bytes_,
                     market::response_bytes(answer_, body_bytes) + outbound_bytes_});
  }
  const std::string_view outcome = view(parser_->get()["Fog-Outcome"]);
  const bool failed = !outcome.empty() && outcome != "ok";
  ServedRequest served;
  served.status = answer_.status;
  served.lease = to_hex(replica_.lease);
  served.outcome = outcome.empty() ? "ok" : std::string(outcome);
  served.counters = {1, fuel_, market::response_bytes(answer_, body_bytes) + outbound_bytes_};
  served.memory_peak_bytes = number_of(view(parser_->get()["Fog-Memory-Peak"])).value_or(0);
  if (parser_->get().keep_alive()) pool_.give_back(replica_, std::move(host_));
  const bool keep = !client_error && response.keep_alive();
  co_return ForwardResult{
      keep ? ForwardEnd::kAnswered : ForwardEnd::kBroken, failed, {}, std::move(served)};
}

net::awaitable<ForwardResult> Relay::run() {
  const InFlight counted(replica_);
  if (!build_head())
    co_return ForwardResult{ForwardEnd::kFailed, false, "the request's header is too large", {}};
  auto connection = co_await pool_.take(replica_, config_.connect_ms_max, false);
  if (!connection) {
    avoid();
    co_return not_reached(connection.error().context);
  }
  host_ = *std::move(connection);
  const auto index = replica_.book->next_index();
  if (!index) {
    avoid();
    co_return not_reached(index.error().context);
  }
  Settling settling(replica_, counters_, *index);
  const std::uint64_t since_ns = system_clock().monotonic_ns();
  beast::error_code error = co_await send_request(settling.index());
  if (!error) error = co_await read_head();
  if (error && host_->reused && !body_touched_) {
    // The idle connection had died; the Host has not seen this index.
    auto fresh = co_await pool_.take(replica_, config_.connect_ms_max, true);
    if (!fresh) {
      avoid();
      co_return refused(fresh.error().context);
    }
    host_ = *std::move(fresh);
    error = co_await send_request(settling.index());
    if (!error) error = co_await read_head();
  }
  if (error == beast::error::timeout) {
    avoid();
    body_touched_ = true;  // the Host may have worked on it: no second try elsewhere
    co_return refused("the Host did not answer in time");
  }
  if (error) {
    avoid();
    co_return refused("the connection to the Host broke: " + error.message());
  }
  if (!accept_head(settling.index())) {
    avoid();
    co_return refused("the Host refused (" + std::to_string(parser_->get().result_int()) + ")");
  }
  replica_.standing.answered((system_clock().monotonic_ns() - since_ns) / 1'000);
  co_return co_await relay_answer(settling);
}

}  // namespace

net::awaitable<ForwardResult> forward(Replica& replica, Exchange& exchange, UpstreamPool& pool,
                                      const GatewayConfig& config, GatewayCounters& counters) {
  Relay relay(replica, exchange, pool, config, counters);
  co_return co_await relay.run();
}

}  // namespace fog::gateway
