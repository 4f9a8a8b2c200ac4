// The gateway's own short answers.
#include <chrono>

#include "rpc/gateway/session.h"

namespace fog::gateway {

using std::chrono::milliseconds;

TextResponse plain_answer(unsigned version, bool keep_alive, http::status status,
                          std::string_view reason, const std::string& sentence) {
  TextResponse out(status, version);
  out.set(http::field::content_type, "text/plain; charset=utf-8");
  out.set("fog-reason", beast::string_view(reason.data(), reason.size()));
  if (status == http::status::service_unavailable) out.set(http::field::retry_after, "2");
  out.keep_alive(keep_alive);
  out.body() = sentence + "\n";
  out.prepare_payload();
  return out;
}

TextResponse plain_answer_to(const Exchange& exchange, http::status status, std::string_view reason,
                             const std::string& sentence, bool keep_alive) {
  const auto& message = exchange.parser.get();
  const bool keep = keep_alive && message.keep_alive() && exchange.parser.is_done();
  return plain_answer(message.version() == 10 ? 10 : 11, keep, status, reason, sentence);
}

net::awaitable<bool> send(Exchange& exchange, TextResponse& answer) {
  const bool keep = answer.keep_alive();
  if (exchange.parser.get().method() == http::verb::head) answer.body().clear();
  exchange.client.expires_after(milliseconds(10'000));
  beast::error_code error;
  http::response_serializer<http::string_body> serializer(answer);
  co_await http::async_write(exchange.client, serializer,
                             net::redirect_error(net::use_awaitable, error));
  co_return !error && keep;
}

net::awaitable<bool> send_plain(Exchange& exchange, http::status status, std::string_view reason,
                                const std::string& sentence, bool keep_alive) {
  TextResponse answer = plain_answer_to(exchange, status, reason, sentence, keep_alive);
  co_return co_await send(exchange, answer);
}

}  // namespace fog::gateway
