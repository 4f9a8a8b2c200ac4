// RpcMetrics: what the server counts about itself, and the text form of it that Prometheus reads
// (exposition format 0.0.4). Safe from any thread.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "chain/api/node_api.h"

namespace fog::rpc {

class RpcMetrics {
 public:
  // The names of the methods, in an order that call() refers to.
  explicit RpcMetrics(std::vector<std::string> methods);

  // One call of the method with this index was answered; kOther for unknown methods.
  void call(std::size_t method, bool failed, std::uint64_t nanoseconds);
  static constexpr std::size_t kOther = ~std::size_t{0};
  void http_request() { ++http_requests_; }
  void connection_opened() { ++connections_; }
  void connection_closed() { --connections_; }
  void connection_refused() { ++connections_refused_; }
  void socket_opened() { ++sockets_; }
  void socket_closed() { --sockets_; }
  void socket_dropped() { ++sockets_dropped_; }
  void txs_submitted(std::uint64_t count, std::uint64_t refused);

  // The whole page. Without a status the chain's figures are left out and fog_up is 0.
  std::string text(const std::optional<ChainStatus>& status, std::size_t waiting,
                   std::size_t subscriptions) const;

 private:
  struct PerMethod {
    std::atomic<std::uint64_t> calls{0}, failures{0}, nanoseconds{0};
  };
  std::vector<std::string> names_;           // the last is for all others
  std::unique_ptr<PerMethod[]> per_method_;  // as many
  std::atomic<std::uint64_t> http_requests_{0}, connections_{0}, connections_refused_{0};
  std::atomic<std::uint64_t> sockets_{0}, sockets_dropped_{0};
  std::atomic<std::uint64_t> txs_{0}, txs_refused_{0};
};

}  // namespace fog::rpc
