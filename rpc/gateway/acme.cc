#include "chain/base/file.h"
#include "rpc/gateway/session.h"

namespace fog::gateway {
namespace {

constexpr std::size_t kTokenMax = 256;
constexpr std::size_t kAnswerBytesMax = 4'096;

// The alphabet of base64url: no dot and no slash, so that nothing but a file in the folder is
// named.
bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= kTokenMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

}  // namespace

net::awaitable<bool> serve_acme_path(Shard& shard, Exchange& exchange) {
  const auto& message = exchange.parser.get();
  const std::string_view token = std::string_view(exchange.target).substr(kAcmePath.size());
  ErrorOr<Bytes> text = fail(ErrorCode::kNotFound, "");
  if (message.method() == http::verb::get && is_token(token)) {
    text = read_file(shard.config.acme_folder + std::string(kAcmePath) + std::string(token),
                     kAnswerBytesMax);
  }
  if (!text) {
    co_return co_await send_plain(exchange, http::status::not_found, "no-such-path",
                                  "No certificate authority is expected to ask for this.", true);
  }
  TextResponse answer(http::status::ok, message.version());
  answer.set(http::field::content_type, "application/octet-stream");
  answer.keep_alive(message.keep_alive() && exchange.parser.is_done());
  answer.body() = std::string(as_text(*text));
  answer.prepare_payload();
  co_return co_await send(exchange, answer);
}

}  // namespace fog::gateway
