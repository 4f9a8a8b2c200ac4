// RpcServer: a node's HTTP door. POST / takes JSON-RPC 2.0, and so does a WebSocket at /, where
// subscriptions are open too; GET /health and GET /metrics answer plain text; GET of anything else
// answers a file of the site, if there is one. HTTP/1.1 with keep-alive; pipelined requests are
// answered in order. No TLS here: put a proxy in front where the network is not trusted.
//
// Every bound stands in ServerOptions. A call that waits for the chain holds no thread, so it
// delays nobody; a single call that only reads records by key is answered where it was read; other
// calls run on `workers` threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chain/api/node_api.h"
#include "rpc/server/dispatcher.h"
#include "rpc/server/static_files.h"

namespace fog::rpc {

struct ServerOptions {
  std::string address = "127.0.0.1";    // to listen on; an IP address
  std::uint16_t port = 0;               // 0: the system chooses
  std::vector<std::string> host_names;  // Host headers accepted beyond IP addresses and localhost
  // Other sites whose pages may call (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol):
  // what a browser sends as Origin, or "*" for every site.
  std::vector<std::string> origins;
  // Operator methods: with a token, whoever sends it; without one, whoever comes from loopback, but
  // never another site's page, which comes from wherever its visitor is.
  std::string operator_token;

  unsigned io_threads = 2;
  unsigned workers = 4;
  std::size_t connections_max = 4'096;
  std::size_t connections_per_address_max = 256;  // loopback is exempt
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t body_bytes_max = 8 * 1024 * 1024;
  // Bodies being read or waiting for a worker, all connections together: 503 beyond.
  std::size_t bodies_bytes_max = 256 * 1024 * 1024;
  std::uint32_t idle_timeout_ms = 60'000;      // until the next request's head is complete
  std::uint32_t transfer_timeout_ms = 60'000;  // for a body, or for a response to be taken

  // WebSockets; they are connections too.
  std::size_t sockets_max = 3'072;
  std::size_t socket_message_bytes_max = 1024 * 1024;  // of a client's message
  std::size_t socket_calls_max = 32;                   // messages of one that are worked on at once
  // Notifications that wait for one to take them. When there are as many the chain waits in their
  // place, and one that has not taken half of them in `socket_slow_ms` is cut off.
  std::size_t socket_queue_bytes_max = 256 * 1024;
  std::uint32_t socket_slow_ms = 20'000;
  std::size_t sockets_bytes_max = 256 * 1024 * 1024;  // that wait to be sent, all together
  // A ping goes out when nothing came for half as long; then the connection ends.
  std::uint32_t socket_idle_timeout_ms = 90'000;

  DispatchLimits calls;
  StaticSite site;  // what GET answers beside /health and /metrics
  // What /metrics shows beside the server's own figures, in the same format. From any thread.
  std::function<std::string()> more_metrics = [] { return std::string(); };
};

class RpcServer {
 public:
  // Listens when it returns. The node must outlive the server. kInvalidInput for an address that is
  // none, kIo when it cannot listen (in use, no permission).
  static ErrorOr<std::unique_ptr<RpcServer>> start(NodeApi& node, const ServerOptions& options);
  // Stops: no new connections, waiting calls are answered, open ones are cut.
  ~RpcServer();
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  std::uint16_t port() const;

 private:
  struct Impl;
  explicit RpcServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fog::rpc
