// Relay's part for connections that have switched to another protocol: bytes both ways until either
// side ends, then the counters from the Host's trailer.
#include <chrono>

#include "rpc/gateway/relay.h"

namespace fog::gateway {

using std::chrono::milliseconds;

net::awaitable<beast::error_code> Relay::send_switched() {
  std::string head = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ";
  head.append(market::upgrade_of(head_)).append("\r\n");
  for (const market::HttpField& field : answer_.fields) {
    head.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  head.append("via: 1.1 fogcoin\r\nfog-trace: ").append(exchange_.trace.id).append("\r\n\r\n");
  beast::error_code error;
  exchange_.client.expires_after(milliseconds(config_.body_idle_ms_max));
  co_await net::async_write(exchange_.client, net::buffer(head),
                            net::redirect_error(net::use_awaitable, error));
  exchange_.client.expires_never();
  co_return error;
}

// Ends with the End User's side, or with an error of either.
net::awaitable<void> Relay::carry_to_host() {
  std::vector<std::uint8_t> part(kBodyChunk);
  beast::error_code error;
  while (!error) {
    // What came behind the request's head is the first of it.
    std::size_t got = net::buffer_copy(net::buffer(part), exchange_.buffer.data());
    exchange_.buffer.consume(got);
    if (got == 0) {
      got = co_await exchange_.client.async_read_some(
          net::buffer(part), net::redirect_error(net::use_awaitable, error));
    }
    if (error || got == 0) break;
    host_->stream.expires_after(milliseconds(config_.body_idle_ms_max));
    co_await net::async_write(host_->stream, http::make_chunk(net::buffer(part.data(), got)),
                              net::redirect_error(net::use_awaitable, error));
  }
  host_->stream.expires_after(milliseconds(config_.body_idle_ms_max));
  co_await net::async_write(host_->stream, http::make_chunk_last(),
                            net::redirect_error(net::use_awaitable, error));
}

// False when the Host's answer has broken off. An End User who has left does not: it ends as soon
// as the Host is told.
net::awaitable<bool> Relay::carry_to_client() {
  beast::error_code client_error;
  while (!parser_->is_done()) {
    const auto got = co_await read_part();
    if (!got) co_return false;
    if (client_error || *got == 0) continue;
    exchange_.client.expires_after(milliseconds(config_.body_idle_ms_max));
    co_await net::async_write(exchange_.client, net::buffer(chunk_.data(), *got),
                              net::redirect_error(net::use_awaitable, client_error));
    exchange_.client.expires_never();
    // Its reader sees it too, and tells the Host.
    if (client_error) exchange_.client.cancel();
  }
  co_return true;
}

net::awaitable<ForwardResult> Relay::relay_switched(Settling& settling) {
  if (co_await send_switched()) co_return ForwardResult{};
  const auto yields = yield_stream(settling.index());
  // Until the other direction has ended too: it uses what is this one's.
  net::steady_timer ended(exchange_.client.get_executor(), net::steady_timer::time_point::max());
  bool carries = true;
  net::co_spawn(exchange_.client.get_executor(), carry_to_host(),
                [&ended, &carries](const std::exception_ptr&) {
                  carries = false;
                  ended.cancel();
                });
  const bool whole = co_await carry_to_client();
  if (!whole) host_->stream.close();
  exchange_.client.cancel();
  beast::error_code ignored;
  if (carries) co_await ended.async_wait(net::redirect_error(net::use_awaitable, ignored));
  if (!whole || !accept_counters(settling.index())) co_return ForwardResult{};
  co_return end_answer(settling, false);
}

}  // namespace fog::gateway
