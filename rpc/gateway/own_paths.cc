#include <charconv>
#include <chrono>
#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "chain/base/fd.h"
#include "rpc/gateway/service_load.h"
#include "rpc/gateway/session.h"

namespace fog::gateway {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kArtifactPath = "/.fog/artifacts/";
constexpr std::string_view kExplainPath = "/.fog/explain/";

net::awaitable<bool> send_text(Exchange& exchange, const char* type, std::string body) {
  TextResponse answer(http::status::ok, exchange.parser.get().version());
  answer.set(http::field::content_type, type);
  answer.set(http::field::cache_control, "no-store");
  answer.body() = std::move(body);
  answer.keep_alive(exchange.parser.get().keep_alive() && exchange.parser.is_done());
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
                          {"endpoint", replica->address + ":" + replica->port + replica->place},
                          {"in_flight", replica->standing.open()},
                          {"forwarded", std::to_string(replica->book->indexes_given())},
                          {"vouched", std::to_string(replica->book->vouched())},
                          {"confirmed", std::to_string(replica->book->confirmed_count())},
                          {"voids", std::to_string(replica->book->voids())}});
    }
    out["services"][name] = std::move(replicas);
  }
  return out.dump(2) + "\n";
}

// How the gateway judges a service's load, and what it has asked the chain for.
std::optional<std::string> explain_json(const Shard& shard, const std::string& service) {
  const Route route = shard.routes.find(service);
  const auto demand = shard.demand == nullptr ? std::nullopt : shard.demand->explain(service);
  if (route.bid == nullptr || !demand) return std::nullopt;
  nlohmann::json steps = nlohmann::json::array();
  for (const DemandDesk::Step& step : demand->steps) {
    steps.push_back(
        {{"time_ms", std::to_string(step.time_ms)}, {"asked", step.asked}, {"why", step.why}});
  }
  nlohmann::json measured = nlohmann::json::array();
  if (const auto& trips = shard.demand->settings().round_trips) {
    for (const market::RoundTrip& trip : trips(route.bid->id))
      measured.push_back({{"host", to_hex0x(trip.host)}, {"micros", trip.micros}});
  }
  const market::BidTerms& terms = route.bid->terms;
  const ScalePolicy& policy = shard.demand->settings().scale;
  const nlohmann::json out = {{"service", service},
                              {"bid", to_hex0x(route.bid->id)},
                              {"replicas_min", terms.replicas_min},
                              {"replicas_max", terms.replicas_max},
                              {"demands_per_hour", terms.demands_per_hour},
                              {"replicas", route.replicas.size()},
                              {"reserved", route.reserved.size()},
                              {"starting", route.starting},
                              {"slots", route.slots},
                              {"target_percent", policy.target_percent},
                              {"burst_ms", std::to_string(policy.burst_ms)},
                              {"calm_ms", std::to_string(policy.calm_ms)},
                              {"idle_ms", std::to_string(policy.idle_ms)},
                              {"requests", route.load->requests.load()},
                              {"waiting", route.load->gate.waiting()},
                              {"burst", demand->now.burst},
                              {"calm", demand->now.calm},
                              {"why", demand->now.why},
                              {"wanted", demand->wanted},
                              {"asked", demand->asked},
                              {"asked_for_ms", std::to_string(demand->asked_for_ms)},
                              {"trouble", std::string(start_trouble(route).sentence)},
                              {"refused", demand->refused},
                              {"measured", measured},
                              {"steps", steps}};
  return out.dump(2) + "\n";
}

std::string metrics_text(const GatewayCounters& counters, const Routes& routes,
                         const Tunnels* tunnels) {
  std::vector<std::pair<std::string, std::shared_ptr<ServiceLoad>>> services;
  std::string replicas;
  for (const std::string& name : routes.services()) {
    const Route route = routes.find(name);
    // A chain may have many that this gateway never serves.
    if (route.bid == nullptr || route.load == nullptr) continue;
    services.emplace_back(name, route.load);
    replicas += "foggate_service_replicas{service=\"" + name + "\"} " +
                std::to_string(route.replicas.size()) + "\n";
  }
  const auto line = [](const char* name, const char* type, std::uint64_t value) {
    return std::string("# TYPE ") + name + " " + type + "\n" + name + " " + std::to_string(value) +
           "\n";
  };
  return line("foggate_requests_total", "counter", counters.requests) +
         line("foggate_failures_total", "counter", counters.failures) +
         line("foggate_voids_total", "counter", counters.voids) +
         line("foggate_vouchers_total", "counter", counters.vouchers) +
         line("foggate_connections", "gauge", counters.connections) +
         line("foggate_handshakes_failed_total", "counter", counters.handshakes_failed) +
         line("foggate_tunnels", "gauge", tunnels == nullptr ? 0 : tunnels->count()) +
         line("foggate_replicas", "gauge", routes.all().size()) +
         "# TYPE foggate_service_replicas gauge\n" + replicas + ServiceTally::metrics(services);
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

// For the upload's answers: any page may read them. Who uploads brings nothing but bytes that the
// chain already names, and no cookie counts here, so a page can do no more than its visitor.
net::awaitable<bool> answer_any_page(Exchange& exchange, http::status status,
                                     std::string_view reason, const std::string& sentence,
                                     bool keep_alive) {
  TextResponse answer = plain_answer_to(exchange, status, reason, sentence, keep_alive);
  answer.set(http::field::access_control_allow_origin, "*");
  co_return co_await send(exchange, answer);
}

// What a browser asks before a page of another origin, such as a node's console, may upload.
net::awaitable<bool> allow_upload(Exchange& exchange) {
  TextResponse answer(http::status::no_content, exchange.parser.get().version());
  answer.set(http::field::access_control_allow_origin, "*");
  answer.set(http::field::access_control_allow_methods, "PUT");
  answer.set(http::field::access_control_allow_headers, "Content-Type");
  answer.set(http::field::access_control_max_age, "86400");
  answer.keep_alive(exchange.parser.get().keep_alive() && exchange.parser.is_done());
  co_return co_await send(exchange, answer);
}

// Takes the body into the upload; the sentence says what went wrong.
net::awaitable<std::optional<std::string>> take_body(Exchange& exchange,
                                                     ArtifactFolder::Upload& upload,
                                                     std::uint64_t idle_ms_max) {
  const auto read = co_await read_body(exchange, idle_ms_max,
                                       [&upload](ByteView part) { return upload.write(part); });
  if (!read) co_return read.error().context;
  const auto finished = upload.finish();
  if (!finished) co_return finished.error().context;
  co_return std::nullopt;
}

net::awaitable<bool> put_artifact(Shard& shard, Exchange& exchange, const Hash32& digest) {
  auto bytes = shard.routes.artifact_bytes(digest);
  // The Publisher uploads as soon as its transaction is final; this gateway may hear of that block
  // a moment later.
  for (int wait = 0; !bytes && wait < 30; ++wait) {
    look_again(shard);
    net::steady_timer timer(shard.context, milliseconds(100));
    co_await timer.async_wait(net::use_awaitable);
    bytes = shard.routes.artifact_bytes(digest);
  }
  if (!bytes) {
    co_return co_await answer_any_page(
        exchange, http::status::forbidden, "not-on-chain",
        "No service on the chain names this artifact (yet). Publish the "
        "service first, then upload.",
        false);
  }
  if (!shard.artifacts.find(digest)) {
    auto upload = shard.artifacts.begin(digest, *bytes);
    if (!upload) {
      co_return co_await answer_any_page(exchange, http::status::insufficient_storage,
                                         "cannot-store", upload.error().context + ".", false);
    }
    exchange.parser.body_limit(*bytes);
    if (const auto why = co_await take_body(exchange, **upload, shard.config.body_idle_ms_max)) {
      co_return co_await answer_any_page(exchange, http::status::bad_request, "bad-artifact",
                                         *why + ".", false);
    }
  }
  co_return co_await answer_any_page(exchange, http::status::created, "stored",
                                     "The artifact is here.", true);
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
    if (digest && method == http::verb::options) co_return co_await allow_upload(exchange);
  } else if (target.starts_with(kSecretsPath) && shard.secrets != nullptr) {
    co_return co_await serve_secrets_path(shard, exchange);
  } else if (target == market::kTunnelPath && shard.tunnels != nullptr) {
    co_return co_await serve_tunnel_hello(shard, exchange);
  } else if (target.starts_with(market::kTunnelPlaces) && shard.tunnels != nullptr) {
    co_return co_await serve_tunnelled(shard, exchange);
  } else if (method == http::verb::get && target == "/.fog/health") {
    if (shard.drain.begun) {
      co_return co_await send_plain(exchange, http::status::service_unavailable, "stopping",
                                    "This gateway is stopping.", false);
    }
    co_return co_await send_text(exchange, "text/plain", "ok\n");
  } else if (method == http::verb::get && target == "/.fog/status") {
    co_return co_await send_text(exchange, "application/json", status_json(shard.routes));
  } else if (method == http::verb::get && target.starts_with(kExplainPath)) {
    if (auto text = explain_json(shard, target.substr(kExplainPath.size())))
      co_return co_await send_text(exchange, "application/json", *std::move(text));
    co_return co_await send_plain(exchange, http::status::not_found, "no-bid",
                                  "No open bid of a service of that name lets this gateway serve.",
                                  true);
  } else if (method == http::verb::get && target == "/.fog/metrics") {
    co_return co_await send_text(exchange, "text/plain; version=0.0.4",
                                 metrics_text(shard.counters, shard.routes, shard.tunnels));
  }
  co_return co_await send_plain(
      exchange, http::status::not_found, "no-such-path",
      "The gateway's own paths are /.fog/health, /.fog/status, /.fog/explain/SERVICE, "
      "/.fog/metrics, /.fog/artifacts/SHA256 (GET, PUT) and /.fog/secrets/SERVICE (GET, PUT).",
      true);
}

}  // namespace fog::gateway
