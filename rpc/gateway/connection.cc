// A connection's beginning and end: TLS's handshake, which HTTP it speaks, and its last words.
#include <chrono>

#include "rpc/gateway/http2.h"

namespace fog::gateway {
namespace {

using std::chrono::milliseconds;

// Whether the connection begins as HTTP/2 does. As many bytes are read as that takes to tell.
net::awaitable<std::optional<bool>> speaks_http2(Shard& shard, ClientStream& client,
                                                 beast::flat_buffer& buffer) {
  beast::error_code error;
  client.expires_after(milliseconds(shard.config.idle_ms_max));
  for (;;) {
    const auto had = buffer.data();
    const std::string_view text(static_cast<const char*>(had.data()), had.size());
    const std::size_t size = std::min(text.size(), kHttp2Preface.size());
    if (text.substr(0, size) != kHttp2Preface.substr(0, size)) co_return false;
    if (size == kHttp2Preface.size()) co_return true;
    const std::size_t got = co_await client.async_read_some(
        buffer.prepare(4096), net::redirect_error(net::use_awaitable, error));
    if (error) co_return std::nullopt;
    buffer.commit(got);
    client.expires_after(milliseconds(shard.config.header_ms_max));
  }
}

net::awaitable<void> serve_client(Shard& shard, ClientStream client, std::string peer) {
  beast::flat_buffer buffer;
  const auto http2 = co_await speaks_http2(shard, client, buffer);
  if (http2.value_or(false))
    co_return co_await serve_http2(shard, std::move(client), std::move(buffer), std::move(peer));
  bool more = http2.has_value();
  while (more) more = co_await serve_request(shard, client, buffer, peer);
  co_await say_goodbye(client);
}

net::awaitable<void> serve_tls(Shard& shard, tcp::socket socket, net::ssl::context& certificates,
                               std::string peer) {
  ClientStream client(shard.context, std::make_unique<TlsStream>(std::move(socket), certificates));
  client.expires_after(milliseconds(shard.config.header_ms_max));
  if (co_await client.handshake()) {
    ++shard.counters.handshakes_failed;
    co_return;
  }
  co_await serve_client(shard, std::move(client), std::move(peer));
}

}  // namespace

net::awaitable<void> say_goodbye(ClientStream& client) {
  beast::error_code error;
  client.expires_after(milliseconds(1'000));
  co_await client.end_writing();
  client.expires_after(milliseconds(1'000));
  std::vector<char> unread(16 * 1024);
  for (int i = 0; i < 4'096 && !error; ++i) {
    co_await client.async_read_some(net::buffer(unread),
                                    net::redirect_error(net::use_awaitable, error));
  }
  client.close();
}

net::awaitable<void> serve_connection(Shard& shard, tcp::socket socket,
                                      std::shared_ptr<net::ssl::context> certificates) {
  ++shard.counters.connections;
  beast::error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  std::string peer = error ? "unknown" : endpoint.address().to_string();
  socket.set_option(tcp::no_delay(true), error);
  if (certificates != nullptr) {
    co_await serve_tls(shard, std::move(socket), *certificates, std::move(peer));
  } else {
    co_await serve_client(shard, ClientStream(shard.context, std::move(socket)), std::move(peer));
  }
  --shard.counters.connections;
}

}  // namespace fog::gateway
