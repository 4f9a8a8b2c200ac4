// /.fog/tunnel: Hosts bring connections; /.fog/host/KEY/...: they are asked over them, by whoever
// would ask the Host itself.
#include <array>
#include <chrono>

#include "chain/base/clock.h"
#include "rpc/gateway/desk.h"

namespace fog::gateway {
namespace {

using std::chrono::milliseconds;
using ResponseParser = http::response_parser<http::buffer_body>;

constexpr std::uint64_t kAnswerMsMax = 660'000;  // above the longest run of a service
constexpr std::uint64_t kLingerMs = 2'000;
constexpr std::uint64_t kAnyLength = 1ULL << 62;  // the Host has its own bounds

// ---- a Host comes ----

DeskAnswer judge_hello(SecretDesk& desk, const Tunnels& tunnels, const Address& self,
                       const market::SignedTunnelHello& signed_hello) {
  const market::TunnelHello& hello = signed_hello.hello;
  const std::uint64_t now_ms = system_clock().wall_ms();
  const std::uint64_t apart_ms =
      now_ms > hello.time_ms ? now_ms - hello.time_ms : hello.time_ms - now_ms;
  if (apart_ms > market::kTunnelHelloAgeMs) {
    return refusal(http::status::bad_request, "bad-clock",
                   "The hello's time is more than two minutes from the gateway's clock.");
  }
  if (!tunnels.takes(hello.host))
    return refusal(http::status::forbidden, "no-tunnel",
                   "This gateway takes no tunnels of that Host.");
  const auto status = desk.node.status();
  if (!status) return unreachable(status.error());
  if (hello.chain != status->chain_id || hello.gateway != self)
    return refusal(http::status::forbidden, "not-for-us",
                   "The hello is for another gateway or chain.");
  const auto host = read_record<market::Host>(desk.node, market::host_key(hello.host));
  if (!host) return unreachable(host.error());
  if (!*host || (*host)->operator_key != signed_hello.operator_key || (*host)->retired_at_ms != 0) {
    return refusal(http::status::forbidden, "no-such-host",
                   "The chain knows no active Host with that id and operator key.");
  }
  return {};
}

// ---- a Host is asked ----

net::awaitable<void> end_writing(Stream& stream) {
  beast::error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  co_return;
}
net::awaitable<void> end_writing(ClientStream& stream) {
  co_await stream.end_writing();
}
// One way, until its end.
template <class From, class To>
net::awaitable<void> pump(From& from, To& to) {
  std::array<std::uint8_t, 16 * 1024> part;
  beast::error_code error;
  while (!error) {
    const std::size_t got = co_await from.async_read_some(
        net::buffer(part), net::redirect_error(net::use_awaitable, error));
    if (!error)
      co_await net::async_write(to, net::buffer(part.data(), got),
                                net::redirect_error(net::use_awaitable, error));
  }
  co_await end_writing(to);
}

// One request and its answer, through a tunnel.
class TunnelRelay {
 public:
  TunnelRelay(Shard& shard, Exchange& exchange, Stream& host)
      : shard_(shard), exchange_(exchange), host_(host), chunk_(kBodyChunk) {}

  enum class End : std::uint8_t { kKeep, kClose, kNothingSent };
  // What is to become of the client's connection.
  net::awaitable<End> run(std::string target) {
    beast::error_code error = co_await send_request(std::move(target));
    if (error) co_return End::kNothingSent;
    parser_.header_limit(64 * 1024);
    parser_.body_limit(kAnyLength);
    if (exchange_.parser.get().method() == http::verb::head) parser_.skip(true);
    host_.expires_after(milliseconds(kAnswerMsMax));
    co_await http::async_read_header(host_, buffer_, parser_,
                                     net::redirect_error(net::use_awaitable, error));
    if (error) co_return End::kNothingSent;
    const bool streamed = !parser_.get()["Fog-Streamed"].empty();
    if (streamed || parser_.get().result() == http::status::switching_protocols) {
      co_await switch_over(streamed);
      co_return End::kClose;
    }
    co_return co_await send_answer();
  }
  // Whether another request may go the same way.
  bool reusable() const { return whole_ && parser_.get().keep_alive() && buffer_.size() == 0; }

 private:
  net::awaitable<beast::error_code> send_request(std::string target) {
    const auto& message = exchange_.parser.get();
    http::request<http::buffer_body> out(message.base());
    out.target(target);
    out.version(11);
    out.erase("Expect");
    if (!is_upgrade()) out.erase(http::field::connection);
    http::request_serializer<http::buffer_body> serializer(out);
    auto& parser = exchange_.parser;
    beast::error_code error = co_await say_continue(exchange_);
    if (error) co_return error;
    if (!message["Fog-Upgrade"].empty()) {
      // What follows is for whoever is switched to.
      out.body().more = true;
      host_.expires_after(milliseconds(shard_.config.body_idle_ms_max));
      co_await http::async_write_header(host_, serializer,
                                        net::redirect_error(net::use_awaitable, error));
      co_return error;
    }
    do {
      std::size_t got = 0;
      if (!parser.is_done()) {
        parser.get().body().data = chunk_.data();
        parser.get().body().size = chunk_.size();
        exchange_.client.expires_after(milliseconds(shard_.config.body_idle_ms_max));
        co_await http::async_read_some(exchange_.client, exchange_.buffer, parser,
                                       net::redirect_error(net::use_awaitable, error));
        if (error == http::error::need_buffer) error = {};
        if (error) co_return error;
        got = chunk_.size() - parser.get().body().size;
      }
      out.body().data = got == 0 ? nullptr : chunk_.data();
      out.body().size = got;
      out.body().more = !parser.is_done();
      if (got == 0 && out.body().more) continue;
      host_.expires_after(milliseconds(shard_.config.body_idle_ms_max));
      co_await http::async_write(host_, serializer, net::redirect_error(net::use_awaitable, error));
      if (error == http::error::need_buffer) error = {};
      if (error) co_return error;
    } while (!parser.is_done() || !serializer.is_done());
    co_return error;
  }

  bool is_upgrade() const {
    return exchange_.parser.get().find(http::field::upgrade) != exchange_.parser.get().end();
  }

  net::awaitable<End> send_answer() {
    http::response<http::buffer_body> out(parser_.get().base());
    out.version(exchange_.parser.get().version());
    const bool keep = exchange_.parser.get().keep_alive() && exchange_.parser.is_done();
    out.keep_alive(keep);
    http::response_serializer<http::buffer_body> serializer(out);
    beast::error_code error, client_error;
    do {
      std::size_t got = 0;
      if (!parser_.is_done()) {
        parser_.get().body().data = chunk_.data();
        parser_.get().body().size = chunk_.size();
        host_.expires_after(milliseconds(shard_.config.body_idle_ms_max));
        co_await http::async_read_some(host_, buffer_, parser_,
                                       net::redirect_error(net::use_awaitable, error));
        if (error == http::error::need_buffer) error = {};
        if (error) co_return End::kClose;
        got = chunk_.size() - parser_.get().body().size;
      }
      out.body().data = got == 0 ? nullptr : chunk_.data();
      out.body().size = got;
      out.body().more = !parser_.is_done();
      if (got == 0 && out.body().more) continue;
      exchange_.client.expires_after(milliseconds(shard_.config.body_idle_ms_max));
      co_await http::async_write(exchange_.client, serializer,
                                 net::redirect_error(net::use_awaitable, client_error));
      if (client_error == http::error::need_buffer) client_error = {};
      if (client_error) co_return End::kClose;
    } while (!parser_.is_done());
    whole_ = true;
    co_return keep ? End::kKeep : End::kClose;
  }

  // What follows is not HTTP, or an answer that may pause and has a trailer: as it comes, both
  // ways.
  net::awaitable<void> switch_over(bool streamed) {
    http::response<http::empty_body> out(parser_.get().base());
    if (streamed) out.keep_alive(false);
    http::response_serializer<http::empty_body> serializer(out);
    beast::error_code error;
    exchange_.client.expires_after(milliseconds(shard_.config.body_idle_ms_max));
    co_await http::async_write_header(exchange_.client, serializer,
                                      net::redirect_error(net::use_awaitable, error));
    if (!error && buffer_.size() > 0)
      co_await net::async_write(exchange_.client, buffer_.data(),
                                net::redirect_error(net::use_awaitable, error));
    if (!error && exchange_.buffer.size() > 0)
      co_await net::async_write(host_, exchange_.buffer.data(),
                                net::redirect_error(net::use_awaitable, error));
    exchange_.buffer.clear();
    if (error) co_return;
    exchange_.client.expires_never();
    host_.expires_never();
    // The other way round in a coroutine of its own, which is waited for.
    bool ended = false;
    net::steady_timer end(shard_.context, net::steady_timer::time_point::max());
    net::co_spawn(
        shard_.context,
        [&]() -> net::awaitable<void> {
          co_await pump(exchange_.client, host_);
          ended = true;
          end.cancel();
        },
        net::detached);
    co_await pump(host_, exchange_.client);
    // The Host has ended it: what the client still sends is for nobody.
    end.expires_after(milliseconds(kLingerMs));
    if (!ended) co_await end.async_wait(net::redirect_error(net::use_awaitable, error));
    exchange_.client.close();
    while (!ended) {
      end.expires_after(milliseconds(kLingerMs));
      co_await end.async_wait(net::redirect_error(net::use_awaitable, error));
    }
  }

  Shard& shard_;
  Exchange& exchange_;
  Stream& host_;
  std::vector<std::uint8_t> chunk_;
  beast::flat_buffer buffer_;
  ResponseParser parser_;
  bool whole_ = false;
};

}  // namespace

net::awaitable<bool> serve_tunnel_hello(Shard& shard, Exchange& exchange) {
  const auto& message = exchange.parser.get();
  const auto protocol = message[http::field::upgrade];
  if (message.method() != http::verb::post ||
      !beast::iequals(protocol, market::kTunnelProtocol.data())) {
    co_return co_await send_plain(exchange, http::status::bad_request, "bad-hello",
                                  "This path is for `Upgrade: fog-tunnel`.", false);
  }
  beast::tcp_stream* const connection = exchange.client.plain();
  if (connection == nullptr) {
    co_return co_await send_plain(exchange, http::status::bad_request, "bad-hello",
                                  "Tunnels come to the gateway's port for plain HTTP/1.1; what "
                                  "passes over them has MACs of its own.",
                                  false);
  }
  const auto body = co_await read_desk_body(exchange, shard.config.body_idle_ms_max);
  const auto hello = body ? bcs_decode<market::SignedTunnelHello>(*body)
                          : Result<market::SignedTunnelHello, BcsError>(Fail{BcsError::kTooLong});
  if (!hello || exchange.buffer.size() > 0 || !market::verify_hello(*hello)) {
    co_return co_await send_plain(exchange, http::status::bad_request, "bad-hello",
                                  "The body is not a Host's signed hello.", false);
  }
  DeskAnswer answer = co_await ask_desk(
      shard, [&desk = *shard.secrets, tunnels = shard.tunnels, self = shard.routes.gateway(),
              asked = *hello] { return judge_hello(desk, *tunnels, self, asked); });
  if (!answer.reason.empty()) co_return co_await send_desk_answer(exchange, std::move(answer));
  auto counted = shard.tunnels->admit(hello->operator_key, hello->hello.time_ms);
  if (counted == nullptr) {
    co_return co_await send_plain(exchange, http::status::too_many_requests, "too-many-tunnels",
                                  "That Host has as many tunnels as it may, or has said this hello "
                                  "before.",
                                  false);
  }
  constexpr std::string_view kYes =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: fog-tunnel\r\n\r\n";
  beast::error_code error;
  co_await net::async_write(exchange.client, net::buffer(kYes.data(), kYes.size()),
                            net::redirect_error(net::use_awaitable, error));
  if (error) co_return false;
  exchange.client.expires_never();
  tcp::socket socket = connection->release_socket();
  socket.set_option(net::socket_base::keep_alive(true), error);
  Tunnel tunnel{UniqueFd(socket.release(error)), std::move(counted)};
  if (!error) shard.tunnels->put(hello->operator_key, std::move(tunnel));
  co_return false;
}

Stream stream_of(net::io_context& context, Tunnel& tunnel) {
  tcp::socket socket(context);
  socket.assign(tcp::v4(), tunnel.socket.release());
  socket.non_blocking(true);
  return Stream(std::move(socket));
}

net::awaitable<std::optional<Tunnel>> wait_for_tunnel(net::io_context& context, Tunnels& tunnels,
                                                      const PublicKey& host,
                                                      std::uint64_t wait_ms_max) {
  const std::uint64_t until_ns = system_clock().monotonic_ns() + wait_ms_max * 1'000'000;
  for (;;) {
    auto tunnel = tunnels.take(host);
    if (tunnel || system_clock().monotonic_ns() >= until_ns) co_return tunnel;
    net::steady_timer timer(context, milliseconds(5));
    beast::error_code ignored;
    co_await timer.async_wait(net::redirect_error(net::use_awaitable, ignored));
  }
}

net::awaitable<bool> serve_tunnelled(Shard& shard, Exchange& exchange) {
  const auto place = market::tunnel_place(exchange.target);
  if (!place || place->rest.empty()) {
    co_return co_await send_plain(exchange, http::status::not_found, "no-such-host",
                                  "Hosts with tunnels are /.fog/host/OPERATOR-KEY/...", false);
  }
  const PublicKey host = place->operator_key;
  std::string target(place->rest);
  auto tunnel =
      co_await wait_for_tunnel(shard.context, *shard.tunnels, host, shard.config.connect_ms_max);
  if (!tunnel) {
    co_return co_await send_plain(exchange, http::status::bad_gateway, "no-tunnel",
                                  "That Host holds no tunnel to this gateway (at this moment).",
                                  false);
  }
  exchange.parser.body_limit(kAnyLength);
  Stream stream = stream_of(shard.context, *tunnel);
  TunnelRelay relay(shard, exchange, stream);
  const auto end = co_await relay.run(std::move(target));
  if (end == TunnelRelay::End::kNothingSent) {
    co_return co_await send_plain(exchange, http::status::bad_gateway, "tunnel-lost",
                                  "The connection to that Host broke.", false);
  }
  beast::error_code error;
  if (relay.reusable()) {
    stream.expires_never();
    tunnel->socket.reset(stream.release_socket().release(error));
    if (!error) shard.tunnels->put(host, *std::move(tunnel));
  }
  co_return end == TunnelRelay::End::kKeep;
}

}  // namespace fog::gateway
