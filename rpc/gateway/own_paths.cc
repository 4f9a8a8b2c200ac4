#include <chrono>

#include <nlohmann/json.hpp>

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

net::awaitable<bool> get_artifact(Shard& shard, Exchange& exchange, const Hash32& digest) {
  const auto path = shard.artifacts.find(digest);
  if (!path) {
    co_return co_await send_plain(exchange, http::status::not_found, "no-such-artifact",
                                  "This gateway does not hold the artifact " + to_hex(digest) + ".",
                                  true);
  }
  http::response<http::file_body> answer(http::status::ok, exchange.parser.get().version());
  beast::error_code error;
  answer.body().open(path->c_str(), beast::file_mode::scan, error);
  if (error) {
    co_return co_await send_plain(exchange, http::status::internal_server_error, "cannot-read",
                                  "The artifact cannot be read: " + error.message() + ".", true);
  }
  answer.set(http::field::content_type, "application/octet-stream");
  answer.set(http::field::etag, "\"" + to_hex(digest) + "\"");
  answer.prepare_payload();
  co_return co_await send(exchange, answer);
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
      "The gateway's own paths are /.fog/health, /.fog/status, /.fog/metrics and "
      "/.fog/artifacts/SHA256 (GET, PUT).",
      true);
}

}  // namespace fog::gateway
