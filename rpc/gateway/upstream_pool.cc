#include "rpc/gateway/upstream_pool.h"

#include <cerrno>
#include <chrono>

#include <netinet/tcp.h>
#include <sys/socket.h>

namespace fog::gateway {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kIdlePerHost = 64;

std::string endpoint_of(const Replica& replica) {
  return replica.address + " " + replica.port + replica.place;
}

// Whether an idle connection can no longer be used: closed by the Host meanwhile (it was started
// again, say), or with bytes on it that nobody asked for.
bool is_stale(tcp::socket& socket) {
  char byte = 0;
  const ssize_t got = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace

void UpstreamPool::Connection::notice_silence(std::uint64_t unread_ms_max) {
  if (unread_ms_max_ == unread_ms_max) return;
  const auto set = [this](int level, int name, int value) {
    (void)::setsockopt(stream.socket().native_handle(), level, name, &value, sizeof value);
  };
  if (unread_ms_max_ == 0) {
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 2);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 1);
    set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  }
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(unread_ms_max));
  unread_ms_max_ = unread_ms_max;
}

net::awaitable<ErrorOr<std::unique_ptr<UpstreamPool::Connection>>> UpstreamPool::take(
    const Replica& replica, std::uint64_t connect_ms_max, bool fresh) {
  auto& idle = idle_[endpoint_of(replica)];
  while (!fresh && !idle.empty()) {
    auto connection = std::move(idle.back());
    idle.pop_back();
    if (is_stale(connection->stream.socket())) continue;
    connection->reused = true;
    co_return std::move(connection);
  }
  if (replica.tunnel && tunnels_ != nullptr && tunnels_->knows(*replica.tunnel)) {
    auto tunnel = co_await wait_for_tunnel(context_, *tunnels_, *replica.tunnel, connect_ms_max);
    if (!tunnel)
      co_return fail(ErrorCode::kNetwork, "the Host's tunnel to this gateway has broken off");
    auto connection = std::make_unique<Connection>(stream_of(context_, *tunnel));
    connection->tunnel = std::move(tunnel->counted);
    co_return std::move(connection);
  }
  beast::error_code error;
  tcp::resolver resolver(context_);
  const auto places = co_await resolver.async_resolve(
      replica.address, replica.port, net::redirect_error(net::use_awaitable, error));
  auto connection = std::make_unique<Connection>(context_);
  if (!error) {
    connection->stream.expires_after(milliseconds(connect_ms_max));
    co_await connection->stream.async_connect(places,
                                              net::redirect_error(net::use_awaitable, error));
  }
  if (error) {
    co_return fail(ErrorCode::kNetwork, "cannot reach the Host at " + replica.address + ":" +
                                            replica.port + ": " + error.message());
  }
  connection->stream.socket().set_option(tcp::no_delay(true), error);
  co_return std::move(connection);
}

void UpstreamPool::give_back(const Replica& replica, std::unique_ptr<Connection> connection) {
  auto& idle = idle_[endpoint_of(replica)];
  connection->stream.expires_never();
  if (idle.size() < kIdlePerHost) idle.push_back(std::move(connection));
}

}  // namespace fog::gateway
