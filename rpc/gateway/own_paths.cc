#include <charconv>
#include <chrono>
#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "chain/base/fd.h"
#include "rpc/gateway/session.h"

namespace fog::gateway {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kArtifactPath = "/.fog/artifacts/";

template <class Response>
net::awaitable<bool> send(Exchange& exchange, Response& answer) {
  beast::error_code error;
  answer.keep_alive(exchange.parser.get().keep_alive() && exchange.parser.is_done());
  exchange.client.expires_after(milliseconds(60'000));
  co_await http::async_write(exchange.client, answer,
                             net::redirect_error(net::use_awaitable, error));
  co_return !error && answer.keep_alive();
}

net::awaitable<bool> send_text(Exchange& exchange, const char* type, std::string body) {
  TextResponse answer(http::status::ok, exchange.parser.get().version());
  answer.set(http::field::content_type, type);
  answer.set(http::field::cache_control, "no-store");
  answer.body() = std::move(body);
  answer.prepare_payload();
  co_return co_await send(exchange, answer);
}

std::string status_json(const Routes& routes) {
  nlohmann::json out;
  out["gateway"] = to_text(routes.gateway());
  out["services"] = nlohmann::json::object();
  for (const std::string& name : routes.services()) {
    nlohmann::json replicas = nlohmann::json::array();
    for (const auto& replica : routes.find(name).replicas) {
      replicas.push_back({{"lease", to_hex0x(replica->lease)},
                          {"term", replica->term},
                          {"host", to_hex0x(replica->host)},
                          {"endpoint", replica->address + ":" + replica->port},
                          {"in_flight", replica->in_flight.load()},
                          {"forwarded", std::to_string(replica->book->indexes_given())},
                          {"vouched", std::to_string(replica->book->vouched())},
                          {"confirmed", std::to_string(replica->book->confirmed_count())},
                          {"voids", std::to_string(replica->book->voids())}});
    }
    out["services"][name] = std::move(replicas);
  }
  return out.dump(2) + "\n";
}

std::string metrics_text(const GatewayCounters& counters, const Routes& routes) {
  const auto line = [](const char* name, const char* type, std::uint64_t value) {
    return std::string("# TYPE ") + name + " " + type + "\n" + name + " " + std::to_string(value) +
           "\n";
  };
  return line("foggate_requests_total", "counter", counters.requests) +
         line("foggate_failures_total", "counter", counters.failures) +
         line("foggate_voids_total", "counter", counters.voids) +
         line("foggate_vouchers_total", "counter", counters.vouchers) +
         line("foggate_connections", "gauge", counters.connections) +
         line("foggate_replicas", "gauge", routes.all().size());
}

// Where a download goes on: "Range: bytes=N-", the one form that Hosts use; else the beginning.
std::uint64_t range_start(const Exchange& exchange, std::uint64_t size) {
  constexpr std::string_view kBytes = "bytes=";
  const auto field = exchange.parser.get()[http::field::range];
  std::string_view text(field.data(), field.size());
  if (!text.starts_with(kBytes) || !text.ends_with('-')) return 0;
  text = text.substr(kBytes.size(), text.size() - kBytes.size() - 1);
  std::uint64_t from = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), from);
  const bool whole = end.ec == std::errc() && end.ptr == text.data() + text.size();
  return whole && from < size ? from : 0;
}

net::awaitable<bool> send_file(Exchange& exchange, http::response<http::buffer_body>& answer,
                               const UniqueFd& file, std::uint64_t from) {
  std::vector<std::uint8_t> chunk(4 * kBodyChunk);
  http::response_serializer<http::buffer_body> serializer(answer);
  beast::error_code error;
  answer.body().data = nullptr;
  answer.body().more = true;
  co_await http::async_write_header(exchange.client, serializer,
                                    net::redirect_error(net::use_awaitable, error));
  while (!error && !serializer.is_done()) {
    const ssize_t got = ::pread(file.get(), chunk.data(), chunk.size(), static_cast<off_t>(from));
    if (got < 0) co_return false;
    from += static_cast<std::uint64_t>(got);
    answer.body().data = got == 0 ? nullptr : chunk.data();
    answer.body().size = static_cast<std::size_t>(got);
    answer.body().more = got > 0;
    exchange.client.expires_after(milliseconds(60'000));
    co_await http::async_write(exchange.client, serializer,
                               net::redirect_error(net::use_awaitable, error));
    if (error == http::error::need_buffer) error = {};
  }
  co_return !error && answer.keep_alive();
}

net::awaitable<bool> get_artifact(Shard& shard, Exchange& exchange, const Hash32& digest) {
  const auto path = shard.artifacts.find(digest);
  if (!path) {
    co_return co_await send_plain(exchange, http::status::not_found, "no-such-artifact",
                                  "This gateway does not hold the artifact " + to_hex(digest) + ".",
                                  true);
  }
  const UniqueFd file(::open(path->c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0) {
    co_return co_await send_plain(exchange, http::status::internal_server_error, "cannot-read",
                                  "The artifact cannot be read.", true);
  }
  const auto size = static_cast<std::uint64_t>(about.st_size);
  const std::uint64_t from = range_start(exchange, size);
  http::response<http::buffer_body> answer(
      from == 0 ? http::status::ok : http::status::partial_content,
      exchange.parser.get().version());
  answer.set(http::field::content_type, "application/octet-stream");
  answer.set(http::field::etag, "\"" + to_hex(digest) + "\"");
  answer.set(http::field::accept_ranges, "bytes");
  if (from > 0) {
    answer.set(http::field::content_range, "bytes " + std::to_string(from) + "-" +
                                               std::to_string(size - 1) + "/" +
                                               std::to_string(size));
  }
  answer.content_length(size - from);
  answer.keep_alive(exchange.parser.get().keep_alive() && exchange.parser.is_done());
  co_return co_await send_file(exchange, answer, file, from);
}

// Takes the body into the upload; the sentence says what went wrong.
net::awaitable<std::optional<std::string>> take_body(Exchange& exchange,
                                                     ArtifactFolder::Upload& upload,
                                                     std::uint64_t idle_ms_max) {
  std::vector<std::uint8_t> chunk(kBodyChunk);
  beast::error_code error;
  if (exchange.expects_continue && !exchange.parser.is_done()) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await net::async_write(exchange.client, net::buffer(kContinue.data(), kContinue.size()),
                              net::redirect_error(net::use_awaitable, error));
  }
  while (!error && !exchange.parser.is_done()) {
    exchange.parser.get().body().data = chunk.data();
    exchange.parser.get().body().size = chunk.size();
    exchange.client.expires_after(milliseconds(idle_ms_max));
    co_await http::async_read_some(exchange.client, exchange.buffer, exchange.parser,
                                   net::redirect_error(net::use_awaitable, error));
    if (error == http::error::need_buffer) error = {};
    const std::size_t got = chunk.size() - exchange.parser.get().body().size;
    if (auto wrote = upload.write(ByteView(chunk.data(), got)); !wrote)
      co_return wrote.error().context;
  }
  if (error) co_return "the upload broke off: " + error.message();
  const auto finished = upload.finish();
  if (!finished) co_return finished.error().context;
  co_return std::nullopt;
}

net::awaitable<bool> put_artifact(Shard& shard, Exchange& exchange, const Hash32& digest) {
  auto bytes = shard.routes.artifact_bytes(digest);
  // The Publisher uploads as soon as its transaction is final; this gateway may hear of that block
  // a moment later.
  for (int wait = 0; !bytes && wait < 30; ++wait) {
    net::steady_timer timer(shard.context, milliseconds(100));
    co_await timer.async_wait(net::use_awaitable);
    bytes = shard.routes.artifact_bytes(digest);
  }
  if (!bytes) {
    co_return co_await send_plain(exchange, http::status::forbidden, "not-on-chain",
                                  "No service on the chain names this artifact (yet). Publish the "
                                  "service first, then upload.",
                                  false);
  }
  if (!shard.artifacts.find(digest)) {
    auto upload = shard.artifacts.begin(digest, *bytes);
    if (!upload) {
      co_return co_await send_plain(exchange, http::status::insufficient_storage, "cannot-store",
                                    upload.error().context + ".", false);
    }
    exchange.parser.body_limit(*bytes);
    if (const auto why = co_await take_body(exchange, **upload, shard.config.body_idle_ms_max)) {
      co_return co_await send_plain(exchange, http::status::bad_request, "bad-artifact", *why + ".",
                                    false);
    }
  }
  co_return co_await send_plain(exchange, http::status::created, "stored", "The artifact is here.",
                                true);
}

}  // namespace

net::awaitable<bool> serve_own_path(Shard& shard, Exchange& exchange) {
  const http::verb method = exchange.parser.get().method();
  const std::string& target = exchange.target;
  if (target.starts_with(kArtifactPath)) {
    const auto digest = fixed_from_hex<32>(std::string_view(target).substr(kArtifactPath.size()));
    if (digest && method == http::verb::get)
      co_return co_await get_artifact(shard, exchange, *digest);
    if (digest && method == http::verb::put)
      co_return co_await put_artifact(shard, exchange, *digest);
  } else if (target.starts_with(kSecretsPath) && shard.secrets != nullptr) {
    co_return co_await serve_secrets_path(shard, exchange);
  } else if (method == http::verb::get && target == "/.fog/health") {
    co_return co_await send_text(exchange, "text/plain", "ok\n");
  } else if (method == http::verb::get && target == "/.fog/status") {
    co_return co_await send_text(exchange, "application/json", status_json(shard.routes));
  } else if (method == http::verb::get && target == "/.fog/metrics") {
    co_return co_await send_text(exchange, "text/plain; version=0.0.4",
                                 metrics_text(shard.counters, shard.routes));
  }
  co_return co_await send_plain(
      exchange, http::status::not_found, "no-such-path",
      "The gateway's own paths are /.fog/health, /.fog/status, /.fog/metrics, "
      "/.fog/artifacts/SHA256 (GET, PUT) and /.fog/secrets/SERVICE (GET, PUT).",
      true);
}

}  // namespace fog::gateway
