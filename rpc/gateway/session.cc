#include "rpc/gateway/session.h"

#include <chrono>

#include "chain/base/ascii.h"
#include "chain/base/clock.h"
#include "chain/base/http_length.h"
#include "chain/base/url.h"
#include "rpc/gateway/choice.h"
#include "rpc/gateway/hedge.h"
#include "rpc/gateway/service_load.h"

namespace fog::gateway {
namespace {

using std::chrono::milliseconds;

using SteadyClock = std::chrono::steady_clock;

constexpr int kReplicasTried = 3;
// With all replicas failing: until they are tried again, and how often in all.
constexpr milliseconds kTryAgain{250};
constexpr int kAttemptsMax = 40;

struct Place {
  std::string service;
  std::string target;  // what is left for the service
  std::string prefix;
};

// NAME.domain by host name, else /NAME/... by path. Nothing when neither names a service.
std::optional<Place> place_of(const std::string& host_field, const std::string& target,
                              const GatewayConfig& config) {
  if (!config.only_service.empty()) return Place{config.only_service, target, ""};
  std::string host = lower_case(host_field);
  if (const std::size_t colon = host.rfind(':'); colon != std::string::npos && host.back() != ']') {
    host.resize(colon);
  }
  const std::string suffix = "." + config.domain;
  if (host.ends_with(suffix)) {
    const std::string name = host.substr(0, host.size() - suffix.size());
    if (!market::is_service_name(name)) return std::nullopt;
    return Place{name, target, ""};
  }
  const std::size_t end = target.find_first_of("/?", 1);
  const std::string name = target.substr(1, end == std::string::npos ? std::string::npos : end - 1);
  if (!market::is_service_name(name)) return std::nullopt;
  std::string rest = end == std::string::npos ? "" : target.substr(end);
  if (rest.empty() || rest[0] != '/') rest.insert(0, "/");
  return Place{name, rest, "/" + name};
}

Affinity affinity_of(const Shard& shard, const Exchange& exchange, const Place& place) {
  const auto sticky = shard.config.sticky_s.find(place.service);
  return {sticky == shard.config.sticky_s.end() ? 0 : sticky->second,
          sticky_cookie(exchange.parser.get()), place.prefix.empty() ? "/" : place.prefix,
          exchange.client.is_encrypted()};
}

// After how long a second replica is asked too; nothing: never.
std::optional<std::uint64_t> hedges_after(const Shard& shard, const Exchange& exchange,
                                          const std::string& service, const Replica& replica) {
  const auto hedge = shard.config.hedge_ms.find(service);
  // A session is with one replica.
  const bool named = exchange.affinity.came_with == sticky_value(replica);
  if (hedge == shard.config.hedge_ms.end() || named || !can_hedge(exchange)) return std::nullopt;
  return hedge->second;
}

bool is_safe_to_repeat(http::verb method) {
  return method == http::verb::get || method == http::verb::head || method == http::verb::put ||
         method == http::verb::delete_ || method == http::verb::options;
}

LengthFields length_fields(const http::request<http::buffer_body>& message) {
  const auto length = message[http::field::content_length];
  const auto coding = message[http::field::transfer_encoding];
  return {message.version() == 11,
          message.count(http::field::content_length),
          {length.data(), length.size()},
          message.count(http::field::transfer_encoding),
          {coding.data(), coding.size()}};
}

// What a name or address and a port are written with (RFC 3986, 3.2.2), nothing that ends them.
bool is_host(beast::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && std::string_view("/?#@\\,\"<>").find(c) == std::string_view::npos;
  });
}

// Refuses what strict HTTP/1.1 refuses (RFC 9112): one Host field, an origin-form target, a known
// method, one length.
std::optional<std::string> why_not_strict(const http::request<http::buffer_body>& message) {
  if (message.version() == 11 && message.count(http::field::host) != 1) {
    return "HTTP/1.1 wants exactly one Host field";
  }
  if (message.count(http::field::host) > 1 || !is_host(message[http::field::host]))
    return "the Host field names no host";
  if (const auto why = why_no_length(length_fields(message))) return std::string(*why);
  if (message.target().empty() || message.target()[0] != '/' ||
      message.target().find('#') != beast::string_view::npos) {
    return "the request target must start with / and have no #";
  }
  if (message.target().size() > 8'192) return "the request target is longer than 8192 bytes";
  if (message.method() == http::verb::unknown || message.method() == http::verb::connect ||
      message.method() == http::verb::trace) {
    return "this method is not served here";
  }
  return std::nullopt;
}

// Tells whoever watches how a request ended, once, wherever that is.
class Watched {
 public:
  Watched(const GatewayConfig& config, const Exchange& exchange, const std::string& service,
          ServiceLoad& load)
      : config_(config), load_(load), since_ns_(system_clock().monotonic_ns()) {
    seen_.time_ms = system_clock().wall_ms();
    seen_.service = service;
    seen_.from = exchange.forwarded_for;
    seen_.http2 = exchange.client.is_http2();
    seen_.encrypted = exchange.client.is_encrypted();
    seen_.trace = exchange.trace.id;
    const auto method = exchange.parser.get().method_string();
    seen_.method.assign(method.data(), method.size());
    seen_.target = exchange.target;
  }
  ~Watched() {
    seen_.wall_us = (system_clock().monotonic_ns() - since_ns_) / 1'000;
    load_.tally.count(seen_);
    if (config_.served) config_.served(seen_);
  }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  // A Host has answered.
  void answered(ServedRequest by_host) {
    seen_.status = by_host.status;
    seen_.outcome = std::move(by_host.outcome);
    seen_.lease = std::move(by_host.lease);
    seen_.counters = by_host.counters;
    seen_.memory_peak_bytes = by_host.memory_peak_bytes;
  }
  void tried() { ++seen_.tries; }
  // The gateway itself answers.
  void refused(http::status status, const char* reason) {
    seen_.status = static_cast<unsigned>(status);
    seen_.outcome = reason;
  }

 private:
  const GatewayConfig& config_;
  ServiceLoad& load_;
  const std::uint64_t since_ns_;
  ServedRequest seen_;
};

// What to say of a service that nothing runs, and a word for programs.
struct NoReplica {
  std::string reason;
  std::string sentence;
};
NoReplica why_no_replica(const Shard& shard, const std::string& service, const Route& route) {
  const std::string name = "The service '" + service + "' ";
  if (const StartTrouble trouble = start_trouble(route); !trouble.reason.empty()) {
    return {std::string(trouble.reason),
            name + "does not run: " + std::string(trouble.sentence) + "."};
  }
  if (route.starting > 0)
    return {"starting", name + "is being started and was not ready in time. Try again soon."};
  if (shard.demand != nullptr) {
    if (const std::string refused = shard.demand->refused(service); !refused.empty()) {
      return {"demand-refused",
              name + "does not run, and the chain refuses to have it started: " + refused + "."};
    }
  }
  return {"no-replica",
          name + "has a bid, but no Host runs it at this moment. Try again in a few seconds."};
}

net::awaitable<bool> no_replica(Shard& shard, Exchange& exchange, const std::string& service,
                                const Route& route) {
  switch (route.state) {
    case ServiceState::kUnknown:
      look_again(shard);
      co_return co_await send_plain(exchange, http::status::not_found, "no-such-service",
                                    "No service is published under the name '" + service + "'.",
                                    true);
    case ServiceState::kNoBid:
      co_return co_await send_plain(
          exchange, http::status::service_unavailable, "no-bid",
          "The service '" + service +
              "' is published, but no open bid lets this gateway serve it. " +
              "Its publisher can fund one with: fogcoin bid create",
          true);
    case ServiceState::kNoReplica:
    case ServiceState::kServed: {
      const NoReplica why = why_no_replica(shard, service, route);
      co_return co_await send_plain(exchange, http::status::service_unavailable, why.reason,
                                    why.sentence, true);
    }
  }
  co_return false;
}

// Whether a replica may come while a request waits.
bool may_start(const Shard& shard, const std::string& service, const Route& route) {
  return shard.demand != nullptr && route.bid != nullptr && start_trouble(route).reason.empty() &&
         shard.demand->refused(service).empty() &&
         route.load->gate.waiting() < shard.demand->settings().waiting_max;
}

net::awaitable<bool> too_large(Exchange& exchange, std::uint64_t limit) {
  co_return co_await send_plain(
      exchange, http::status::payload_too_large, "request-too-large",
      "The service takes bodies of at most " + std::to_string(limit) + " bytes.", false);
}

// 308 keeps the method and the body (RFC 9110, 15.4.9).
net::awaitable<bool> send_to_tls(Exchange& exchange, const std::string& host,
                                 const std::string& target, std::uint16_t port) {
  const auto at = parse_host_port(host, 80);
  if (!at) {
    co_return co_await send_plain(exchange, http::status::bad_request, "bad-request",
                                  "The Host field names no host.", false);
  }
  std::string place = "https://" + to_text(HostPort{at->host, port});
  if (port == 443) place.resize(place.size() - std::string_view(":443").size());
  place += target;
  TextResponse answer = plain_answer_to(exchange, http::status::permanent_redirect, "tls-only",
                                        "This gateway serves over TLS: " + place, true);
  answer.set(http::field::location, place);
  co_return co_await send(exchange, answer);
}

net::awaitable<bool> serve_service(Shard& shard, Exchange& exchange, const Place& place) {
  exchange.target = place.target;
  exchange.prefix = place.prefix;
  exchange.affinity = affinity_of(shard, exchange, place);
  ++shard.counters.requests;
  const auto traceparent = exchange.parser.get()["traceparent"];
  exchange.trace = continue_trace({traceparent.data(), traceparent.size()}, system_rng());
  Route route = shard.routes.find(place.service);
  const std::shared_ptr<ServiceLoad> load =
      route.load ? route.load : std::make_shared<ServiceLoad>();
  Watched watched(shard.config, exchange, place.service, *load);
  const CountedRequest counted(*load);
  load->retries.request();
  const auto deadline =
      SteadyClock::now() +
      milliseconds(shard.demand == nullptr ? 0 : shard.demand->settings().start_ms_max);
  const bool repeatable = is_safe_to_repeat(exchange.parser.get().method());
  std::vector<const Replica*> tried;
  bool seen = false;   // a Host may have worked on it
  std::string failed;  // why the last replica did not take it
  for (int attempt = 0; attempt < kAttemptsMax; route = shard.routes.find(place.service)) {
    std::shared_ptr<Replica> replica = pick(route, exchange.affinity.came_with, tried);
    if (replica == nullptr && shard.demand != nullptr && !route.reserved.empty()) {
      replica = shard.routes.open(place.service);
      if (replica != nullptr) shard.demand->opened(place.service);
    }
    if (replica == nullptr || tried.size() >= kReplicasTried) {
      const auto now = SteadyClock::now();
      if (now >= deadline || !may_start(shard, place.service, route)) break;
      shard.demand->poke();
      co_await load->gate.wait(shard.context,
                               tried.empty() ? deadline : std::min(deadline, now + kTryAgain));
      tried.clear();
      continue;
    }
    const auto length = exchange.parser.content_length();
    const std::uint64_t limit = replica->manifest.request_bytes_max;
    if (length && *length > limit) {
      watched.refused(http::status::payload_too_large, "request-too-large");
      co_return co_await too_large(exchange, limit);
    }
    exchange.parser.body_limit(limit);
    if (!co_await keep_short_body(exchange, shard.config)) {
      watched.refused(http::status::bad_request, "body-broken");
      co_return false;
    }
    if (seen && !load->retries.take()) break;
    ++attempt;
    tried.push_back(replica.get());
    watched.tried();
    ForwardResult result;
    if (const auto after_ms = hedges_after(shard, exchange, place.service, *replica)) {
      const auto second = [&]() -> std::shared_ptr<Replica> {
        auto other = choose(route.replicas, tried);
        const bool good = other != nullptr &&
                          !other->standing.is_avoided(system_clock().monotonic_ns()) &&
                          load->retries.take();
        if (!good) return nullptr;
        tried.push_back(other.get());
        watched.tried();
        return other;
      };
      result = co_await forward_hedged(replica, exchange, shard, *after_ms, second);
    } else {
      result = co_await forward(*replica, exchange, shard.pool, shard.config, shard.counters);
    }
    if (result.workload_failed) ++shard.counters.failures;
    if (result.served.status != 0) watched.answered(std::move(result.served));
    if (result.end == ForwardEnd::kAnswered) co_return true;
    if (result.end == ForwardEnd::kBroken) co_return false;
    failed = std::move(result.why);
    seen = seen || result.end == ForwardEnd::kNotTaken;
    if (result.end == ForwardEnd::kFailed) break;
    if (result.end == ForwardEnd::kNotTaken && !repeatable) break;
  }
  ++shard.counters.failures;
  if (failed.empty()) {
    watched.refused(http::status::service_unavailable, "no-replica");
    co_return co_await no_replica(shard, exchange, place.service, route);
  }
  watched.refused(http::status::bad_gateway, "host-failed");
  co_return co_await send_plain(
      exchange, http::status::bad_gateway, "host-failed",
      "The service '" + place.service + "' could not be reached: " + failed + ".", false);
}

}  // namespace

void look_again(Shard& shard) {
  SecretDesk* const desk = shard.secrets;
  if (desk == nullptr || desk->looking.exchange(true)) return;
  net::post(desk->pool, [desk, &routes = shard.routes] {
    routes.look_again();
    desk->looking = false;
  });
}

net::awaitable<bool> serve_request(Shard& shard, ClientStream& client, beast::flat_buffer& buffer,
                                   const std::string& peer) {
  BufferParser parser;
  parser.header_limit(static_cast<std::uint32_t>(shard.config.header_bytes_max));
  // What comes turns out later; the largest is an image on its way in.
  parser.body_limit(market::kImageBytesMax);
  beast::error_code error;
  if (buffer.size() == 0) {
    // Wait for the first byte as long as an idle connection may; only then does the header's clock
    // run.
    client.expires_after(milliseconds(shard.config.idle_ms_max));
    const std::size_t got = co_await client.async_read_some(
        buffer.prepare(4096), net::redirect_error(net::use_awaitable, error));
    if (error) co_return false;
    buffer.commit(got);
  }
  client.expires_after(milliseconds(shard.config.header_ms_max));
  co_await http::async_read_header(client, buffer, parser,
                                   net::redirect_error(net::use_awaitable, error));
  Exchange exchange{client, buffer, parser, {}, peer, {}};
  if (error == http::error::end_of_stream || error == beast::error::timeout) co_return false;
  if (error == http::error::header_limit) {
    co_return co_await send_plain(exchange, http::status::request_header_fields_too_large,
                                  "header-too-large", "The request's header is too large.", false);
  }
  if (error == http::error::body_limit) {
    co_return co_await send_plain(exchange, http::status::payload_too_large, "request-too-large",
                                  "The request's body is too large.", false);
  }
  if (error.category() == http::make_error_code(http::error::bad_target).category()) {
    co_return co_await send_plain(exchange, http::status::bad_request, "bad-request",
                                  "The request is not HTTP: " + error.message() + ".", false);
  }
  if (error) co_return false;
  const auto& message = parser.get();
  if (const auto why = why_not_strict(message)) {
    co_return co_await send_plain(exchange, http::status::bad_request, "bad-request",
                                  "The request was refused: " + *why + ".", false);
  }
  exchange.expects_continue = beast::iequals(message[http::field::expect], "100-continue");
  const std::string target(message.target().data(), message.target().size());
  if (shard.drain.begun) parser.get().keep_alive(false);
  // A Host's connection stands until the gateway ends, and is no request.
  std::optional<UnderWay> under_way;
  if (target != market::kTunnelPath) under_way.emplace(shard.drain);
  if (target.starts_with("/.fog/")) {
    exchange.target = target;
    co_return co_await serve_own_path(shard, exchange);
  }
  if (target.starts_with(kAcmePath) && !shard.config.acme_folder.empty()) {
    exchange.target = target;
    co_return co_await serve_acme_path(shard, exchange);
  }
  const auto host = message[http::field::host];
  if (shard.config.redirect_to_tls_port != 0 && !client.is_encrypted()) {
    co_return co_await send_to_tls(exchange, std::string(host.data(), host.size()), target,
                                   shard.config.redirect_to_tls_port);
  }
  const auto place = place_of(std::string(host.data(), host.size()), target, shard.config);
  if (!place) {
    co_return co_await send_plain(
        exchange, http::status::not_found, "no-service-named",
        "Name a service: http://NAME." + shard.config.domain + "/ or /NAME/.", true);
  }
  co_return co_await serve_service(shard, exchange, *place);
}

}  // namespace fog::gateway
