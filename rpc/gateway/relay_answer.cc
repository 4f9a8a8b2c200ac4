// Relay's second half: the Host's answer to the End User, and what is settled for it.
#include <chrono>

#include "rpc/gateway/relay.h"

namespace fog::gateway {

using std::chrono::milliseconds;

http::response<http::buffer_body> Relay::client_response() const {
  const auto& message = parser_->get();
  http::response<http::buffer_body> out;
  out.version(exchange_.parser.get().version());
  out.result(message.result_int());
  for (const market::HttpField& field : answer_.fields) out.insert(field.name, field.value);
  settle_affinity(out, exchange_.affinity, replica_);
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

// What is streamed may pause for as long as its run may take.
std::uint64_t Relay::host_part_ms() const {
  return streamed_ ? replica_.manifest.wall_ms + kHostSlackMs : config_.body_idle_ms_max;
}

net::awaitable<std::optional<std::size_t>> Relay::read_part() {
  beast::error_code error;
  parser_->get().body().data = chunk_.data();
  parser_->get().body().size = chunk_.size();
  host_->stream.expires_after(milliseconds(host_part_ms()));
  co_await http::async_read_some(host_->stream, host_->buffer, *parser_,
                                 net::redirect_error(net::use_awaitable, error));
  if (error && error != http::error::need_buffer) co_return std::nullopt;
  const std::size_t got = chunk_.size() - parser_->get().body().size;
  answer_body_.update(ByteView(chunk_.data(), got));
  answer_bytes_ += got;
  co_return got;
}

void Relay::leave_stream() {
  if (std::exchange(left_, true) || !streamed_) return;
  beast::error_code ignored;
  host_->stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

std::shared_ptr<void> Relay::yield_stream(std::uint64_t index) {
  // A command or a component ends by itself, and soon: it has fuel and nothing to wait for but
  // other servers.
  if (!streamed_ || replica_.manifest.runtime != market::RuntimeKind::kContainer) return nullptr;
  auto leave = std::make_shared<std::function<void()>>([this] { leave_stream(); });
  auto stream = replica_.streams.add(
      index, [weak = std::weak_ptr(leave), executor = exchange_.client.get_executor()] {
        net::post(executor, [weak] {
          if (const auto held = weak.lock()) (*held)();
        });
      });
  return std::make_shared<std::pair<std::shared_ptr<void>, std::shared_ptr<void>>>(
      std::move(leave), std::move(stream));
}

net::awaitable<beast::error_code> Relay::send_head(
    http::response_serializer<http::buffer_body>& serializer) {
  beast::error_code error;
  exchange_.client.expires_after(milliseconds(config_.body_idle_ms_max));
  co_await http::async_write_header(exchange_.client, serializer,
                                    net::redirect_error(net::use_awaitable, error));
  co_return error;
}

net::awaitable<ForwardResult> Relay::relay_answer(Settling& settling) {
  beast::error_code client_error;
  auto response = client_response();
  http::response_serializer<http::buffer_body> serializer(response);
  response.body().data = nullptr;
  response.body().more = !parser_->is_done();
  // An answer that is not streamed has been made before its head came: head and first part go out
  // in one piece.
  if (streamed_ || parser_->is_done()) client_error = co_await send_head(serializer);
  // A stream may pause for long, and a write alone would show that nobody is there.
  const auto yields = yield_stream(settling.index());
  std::shared_ptr<void> watch;
  if (streamed_) watch = exchange_.client.watch_leaving([this] { leave_stream(); });
  while (!parser_->is_done()) {
    const auto got = co_await read_part();
    if (!got) co_return ForwardResult{};
    // An End User who left does not excuse the settlement: the Host's answer is read to its end.
    if (client_error) leave_stream();
    if (client_error || *got == 0) continue;
    response.body().data = chunk_.data();
    response.body().size = *got;
    // The end is written below, once it is known to be one.
    response.body().more = !parser_->is_done() || response.chunked();
    exchange_.client.expires_after(milliseconds(config_.body_idle_ms_max));
    co_await http::async_write(exchange_.client, serializer,
                               net::redirect_error(net::use_awaitable, client_error));
    if (client_error == http::error::need_buffer) client_error = {};
  }
  if (!client_error && !serializer.is_header_done()) client_error = co_await send_head(serializer);
  if (streamed_ && !accept_counters(settling.index())) co_return ForwardResult{};
  const std::string_view outcome = view(parser_->get()["Fog-Outcome"]);
  const bool cut = streamed_ && outcome != "ok";
  const bool head_only = exchange_.parser.get().method() == http::verb::head;
  if (!client_error && !serializer.is_done() && response.chunked() && !head_only && !cut) {
    response.body().data = nullptr;
    response.body().size = 0;
    response.body().more = false;
    co_await http::async_write(exchange_.client, serializer,
                               net::redirect_error(net::use_awaitable, client_error));
  }
  const bool keep = !client_error && !cut && response.keep_alive();
  co_return end_answer(settling, keep);
}

ForwardResult Relay::end_answer(Settling& settling, bool client_open) {
  const std::uint64_t bytes = market::response_bytes(answer_, answer_bytes_) + outbound_bytes_;
  if (request_whole_) {
    settling.settle({request_hash_, market::response_hash(answer_, answer_body_.finish()),
                     request_bytes_, bytes});
  }
  const std::string_view outcome = view(parser_->get()["Fog-Outcome"]);
  ServedRequest served;
  served.status = answer_.status;
  served.lease = to_hex(replica_.lease);
  served.outcome = outcome.empty() ? "ok" : std::string(outcome);
  served.counters = {1, fuel_, bytes};
  served.memory_peak_bytes = number_of(view(parser_->get()["Fog-Memory-Peak"])).value_or(0);
  const bool failed = served.outcome != "ok";
  if (parser_->get().keep_alive() && !left_ && !asks_switch_)
    pool_.give_back(replica_, std::move(host_));
  return {client_open ? ForwardEnd::kAnswered : ForwardEnd::kBroken, failed, {}, std::move(served)};
}

}  // namespace fog::gateway
