// Connections to Hosts, kept between requests. Included by .cc files only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rpc/gateway/http.h"
#include "rpc/gateway/routes.h"
#include "rpc/gateway/tunnels.h"

namespace fog::gateway {

// Idle keep-alive connections to Hosts. One a shard; not thread safe.
class UpstreamPool {
 public:
  // `tunnels`: of Hosts that cannot be reached; null: there are none.
  UpstreamPool(net::io_context& context, Tunnels* tunnels) : context_(context), tunnels_(tunnels) {}
  struct Connection {
    explicit Connection(net::io_context& context) : stream(context) {}
    explicit Connection(Stream opened) : stream(std::move(opened)) {}
    // A machine that has lost its power answers nothing and closes nothing. That its kernel does
    // not answer ours for some seconds breaks the connection, however long the service itself may
    // take. `unread_ms_max`: so long it may have no room for what is sent to it, which the kernel
    // does not tell from silence.
    void notice_silence(std::uint64_t unread_ms_max);
    // What a request for this path asks for on it: a Host that is asked at a gateway's door has a
    // place there.
    std::string target(const Replica& replica, std::string_view path) const {
      return (tunnel != nullptr ? "" : replica.place) + std::string(path);
    }
    Stream stream;
    std::shared_ptr<void> tunnel;  // it came by one; its count
    beast::flat_buffer buffer;
    bool reused = false;

   private:
    std::uint64_t unread_ms_max_ = 0;  // 0: not said yet
  };
  // A connection to the replica's Host: an idle one, or a new one.
  net::awaitable<ErrorOr<std::unique_ptr<Connection>>> take(const Replica& replica,
                                                            std::uint64_t connect_ms_max,
                                                            bool fresh);
  void give_back(const Replica& replica, std::unique_ptr<Connection> connection);

 private:
  net::io_context& context_;
  Tunnels* const tunnels_;
  std::map<std::string, std::vector<std::unique_ptr<Connection>>> idle_;
};

// One that the Host has opened, as soon as there is one; nothing after that time.
net::awaitable<std::optional<Tunnel>> wait_for_tunnel(net::io_context& context, Tunnels& tunnels,
                                                      const PublicKey& host,
                                                      std::uint64_t wait_ms_max);
Stream stream_of(net::io_context& context, Tunnel& tunnel);

}  // namespace fog::gateway
