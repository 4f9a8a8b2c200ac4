#include "rpc/gateway/desk.h"

#include <chrono>

namespace fog::gateway {

using std::chrono::milliseconds;

DeskAnswer refusal(http::status status, const char* reason, std::string sentence) {
  return {status, reason, std::move(sentence), {}};
}
DeskAnswer unreachable(const Error& error) {
  return refusal(http::status::service_unavailable, "no-chain",
                 "The gateway cannot ask the chain: " + error.context + ".");
}

net::awaitable<std::optional<Bytes>> read_desk_body(Exchange& exchange, std::uint64_t idle_ms_max) {
  Bytes body;
  exchange.parser.body_limit(kDeskBodyBytesMax);
  const auto read =
      co_await read_body(exchange, idle_ms_max, [&body](ByteView part) -> ErrorOr<void> {
        // Beast has let a length pass that its head announced.
        if (body.size() + part.size() > kDeskBodyBytesMax)
          return fail(ErrorCode::kExhausted, "too large");
        append(body, part);
        return {};
      });
  if (!read) co_return std::nullopt;
  co_return body;
}

net::awaitable<DeskAnswer> ask_desk(Shard& shard, std::function<DeskAnswer()> work) {
  SecretDesk& desk = *shard.secrets;
  if (desk.waiting >= kSecretsWaitingMax)
    co_return refusal(http::status::service_unavailable, "busy", "Too many ask at once.");
  ++desk.waiting;
  // The pool may end after this coroutine's frame has gone with its context.
  struct Shared {
    explicit Shared(net::io_context& context)
        : done(context, net::steady_timer::time_point::max()) {}
    net::steady_timer done;
    DeskAnswer answer;
    bool is_done = false;
  };
  auto shared = std::make_shared<Shared>(shard.context);
  net::post(desk.pool, [shared, work = std::move(work), &desk, &context = shard.context] {
    DeskAnswer answer = work();
    --desk.waiting;
    net::post(context, [shared, answer = std::move(answer)]() mutable {
      shared->answer = std::move(answer);
      shared->is_done = true;
      shared->done.cancel();
    });
  });
  beast::error_code ignored;
  while (!shared->is_done)
    co_await shared->done.async_wait(net::redirect_error(net::use_awaitable, ignored));
  co_return std::move(shared->answer);
}

net::awaitable<bool> send_desk_answer(Exchange& exchange, DeskAnswer answer) {
  if (!answer.reason.empty())
    co_return co_await send_plain(exchange, answer.status, answer.reason, answer.sentence, false);
  http::response<http::vector_body<std::uint8_t>> out(answer.status,
                                                      exchange.parser.get().version());
  out.set(http::field::content_type, "application/octet-stream");
  out.set(http::field::cache_control, "no-store");
  out.keep_alive(exchange.parser.get().keep_alive());
  out.body() = std::move(answer.body);
  out.prepare_payload();
  beast::error_code error;
  exchange.client.expires_after(milliseconds(10'000));
  co_await http::async_write(exchange.client, out, net::redirect_error(net::use_awaitable, error));
  co_return !error && out.keep_alive();
}

}  // namespace fog::gateway
