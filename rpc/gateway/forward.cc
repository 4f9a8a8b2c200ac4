#include <chrono>

#include <boost/beast/http/rfc7230.hpp>

#include "chain/base/clock.h"
#include "rpc/gateway/relay.h"

namespace fog::gateway {
namespace {

using std::chrono::milliseconds;

// The one protocol that is carried. HTTP/2 has no upgrade.
constexpr std::string_view kWebSocket = "websocket";

// What a Host's kernel takes however busy the Host is; and how long it may be silent.
constexpr std::size_t kTakenUnread = 16 * 1024;
constexpr std::uint64_t kSilentMsMax = 5'000;

bool asks_for_websocket(const Exchange& exchange) {
  const auto& message = exchange.parser.get();
  return message.version() == 11 && message.method() == http::verb::get &&
         !exchange.client.is_http2() && exchange.parser.is_done() &&
         beast::iequals(message[http::field::upgrade], kWebSocket.data()) &&
         http::token_list(message[http::field::connection]).exists("upgrade");
}

}  // namespace

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || out > UINT64_MAX / 10 - 10) return std::nullopt;
    out = out * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return out;
}

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
  if (head->fields.size() + 6 > 128) return false;
  head->fields.push_back({std::string("traceparent"), exchange_.trace.traceparent});
  const auto host = message[http::field::host];
  head->fields.push_back({std::string("x-forwarded-for"), exchange_.forwarded_for});
  head->fields.push_back({std::string("x-forwarded-host"), std::string(host.data(), host.size())});
  head->fields.push_back(
      {std::string("x-forwarded-proto"), exchange_.client.is_encrypted() ? "https" : "http"});
  if (!exchange_.prefix.empty())
    head->fields.push_back({std::string("x-forwarded-prefix"), exchange_.prefix});
  // Others have no way to answer it, and see a plain request.
  asks_switch_ =
      replica_.manifest.runtime == market::RuntimeKind::kContainer && asks_for_websocket(exchange_);
  if (asks_switch_)
    head->fields.push_back({std::string(market::kProtocolField), std::string(kWebSocket)});
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
  for (const market::HttpField& field : head_.fields) {
    if (field.name != market::kProtocolField) out.insert(field.name, field.value);
  }
  if (message.chunked() || asks_switch_) out.chunked(true);
  if (asks_switch_) out.set("Fog-Upgrade", std::string(kWebSocket));
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
  while (!parser.is_done()) {
    body_touched_ = true;
    parser.get().body().data = chunk_.data();
    parser.get().body().size = chunk_.size();
    exchange_.client.expires_after(milliseconds(config_.body_idle_ms_max));
    co_await http::async_read_some(exchange_.client, exchange_.buffer, parser,
                                   net::redirect_error(net::use_awaitable, error));
    if (error == http::error::need_buffer) error = {};
    if (error) co_return error;
    const std::size_t got = chunk_.size() - parser.get().body().size;
    request_body_.update(ByteView(chunk_.data(), got));
    request_bytes_ += got;
    request.body().data = got == 0 ? nullptr : chunk_.data();
    request.body().size = got;
    request.body().more = !parser.is_done();
    if (got == 0 && request.body().more) continue;
    host_->stream.expires_after(milliseconds(config_.body_idle_ms_max));
    co_await http::async_write(host_->stream, serializer,
                               net::redirect_error(net::use_awaitable, error));
    if (error == http::error::need_buffer) error = {};
    if (error) co_return error;
  }
  co_return error;
}

net::awaitable<beast::error_code> Relay::send_request(std::uint64_t index) {
  auto request = host_request(index);
  http::request_serializer<http::buffer_body> serializer(request);
  beast::error_code error;
  request_body_ = {};  // it may be sent a second time
  request_bytes_ = 0;
  Bytes& kept = exchange_.kept_body;
  const bool is_here = exchange_.parser.is_done() && !asks_switch_;
  host_->notice_silence(!is_here || kept.size() > kTakenUnread
                            ? std::max(kSilentMsMax, config_.body_idle_ms_max)
                            : kSilentMsMax);
  host_->stream.expires_after(
      milliseconds(kept.empty() ? config_.connect_ms_max : config_.body_idle_ms_max));
  request.body().data = kept.empty() ? nullptr : kept.data();
  request.body().size = kept.size();
  request.body().more = !is_here;
  if (is_here) {
    request_body_.update(kept);
    request_bytes_ = kept.size();
    co_await http::async_write(host_->stream, serializer,
                               net::redirect_error(net::use_awaitable, error));
  } else {
    co_await http::async_write_header(host_->stream, serializer,
                                      net::redirect_error(net::use_awaitable, error));
    if (!error && !asks_switch_) error = co_await send_body(serializer, request);
  }
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
  if (const auto how = message["Fog-Streamed"]; !how.empty()) {
    switched_ = how == "switched";
    if (switched_) head->status = 101;
    if (how != (switched_ ? "switched" : "body") || (switched_ && !asks_switch_)) return false;
    return accept_stream(*std::move(head), index);
  }
  answer_ = *std::move(head);
  return accept_counters(index);
}

bool Relay::accept_stream(market::ResponseHead head, std::uint64_t index) {
  auto& message = parser_->get();
  const auto mac = fixed_from_hex<32>(view(message["Fog-Mac"]));
  const std::string text = market::stream_mac_text(replica_.lease, replica_.term, index, head);
  if (!message.chunked() || !mac || *mac != hmac_sha256(replica_.link_key, as_bytes(text)))
    return false;
  answer_ = std::move(head);
  streamed_ = true;
  // Those of the trailer come to stand in their place.
  for (const char* name : {"Fog-Fuel", "Fog-Outbound", "Fog-Outcome", "Fog-Memory-Peak", "Fog-Mac"})
    message.erase(name);
  return true;
}

bool Relay::accept_counters(std::uint64_t index) {
  const auto& message = parser_->get();
  const auto fuel = number_of(view(message["Fog-Fuel"]));
  const auto outbound = number_of(view(message["Fog-Outbound"]));
  if (!fuel || !outbound || *outbound > replica_.manifest.outbound_bytes_max) return false;
  const auto mac = fixed_from_hex<32>(view(message["Fog-Mac"]));
  const std::string text =
      market::response_mac_text(replica_.lease, replica_.term, index, answer_, *fuel, *outbound);
  if (!mac || *mac != hmac_sha256(replica_.link_key, as_bytes(text))) return false;
  fuel_ = *fuel;
  outbound_bytes_ = *outbound;
  return true;
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
  replica_.streams.make_way(*index);
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
  if (switched_) co_return co_await relay_switched(settling);
  co_return co_await relay_answer(settling);
}

net::awaitable<ForwardResult> forward(Replica& replica, Exchange& exchange, UpstreamPool& pool,
                                      const GatewayConfig& config, GatewayCounters& counters) {
  Relay relay(replica, exchange, pool, config, counters);
  co_return co_await relay.run();
}

}  // namespace fog::gateway
