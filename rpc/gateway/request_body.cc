#include <chrono>

#include "rpc/gateway/forward.h"

namespace fog::gateway {

using std::chrono::milliseconds;

net::awaitable<beast::error_code> say_continue(Exchange& exchange) {
  beast::error_code error;
  if (!exchange.expects_continue || exchange.parser.is_done()) co_return error;
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  co_await net::async_write(exchange.client, net::buffer(kContinue.data(), kContinue.size()),
                            net::redirect_error(net::use_awaitable, error));
  co_return error;
}

net::awaitable<ErrorOr<void>> read_body(Exchange& exchange, std::uint64_t idle_ms_max,
                                        const TakePart& take) {
  // No more than is announced: most bodies are short.
  const auto length = exchange.parser.content_length().value_or(kBodyChunk);
  std::vector<std::uint8_t> chunk(std::min<std::uint64_t>(length, kBodyChunk));
  beast::error_code error = co_await say_continue(exchange);
  while (!error && !exchange.parser.is_done()) {
    exchange.parser.get().body().data = chunk.data();
    exchange.parser.get().body().size = chunk.size();
    exchange.client.expires_after(milliseconds(idle_ms_max));
    co_await http::async_read_some(exchange.client, exchange.buffer, exchange.parser,
                                   net::redirect_error(net::use_awaitable, error));
    if (error == http::error::need_buffer) error = {};
    const std::size_t got = chunk.size() - exchange.parser.get().body().size;
    if (auto taken = take(ByteView(chunk.data(), got)); !taken) co_return taken;
  }
  if (error) co_return fail(ErrorCode::kNetwork, "the body broke off: " + error.message());
  co_return ErrorOr<void>();
}

net::awaitable<bool> keep_short_body(Exchange& exchange, const GatewayConfig& config) {
  const auto length = exchange.parser.content_length();
  if (exchange.parser.is_done() || !length || *length == 0 || *length > kBodyChunk) co_return true;
  Bytes& kept = exchange.kept_body;
  kept.reserve(*length);
  const auto read = co_await read_body(exchange, config.body_idle_ms_max,
                                       [&kept](ByteView part) -> ErrorOr<void> {
                                         append(kept, part);
                                         return {};
                                       });
  co_return read.has_value();
}

}  // namespace fog::gateway
