// Dispatcher: a JSON-RPC request body in, the response body out. Knows nothing of HTTP.
//
// Methods run on the calling thread; only calls that wait for the chain are answered later, from
// the WaitHub's thread. Safe from any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "chain/api/node_api.h"

namespace fog::rpc {

struct DispatchLimits {
  std::size_t depth_max = 32;
  std::size_t batch_max = 5'000;
  std::size_t txs_max = 50'000;  // transactions in one body
  std::size_t response_bytes_max = 64 * 1024 * 1024;
  std::size_t waits_max = 1'024;
  std::size_t subscriptions_max = 32;  // of one connection
  // Of calls that are dear (Method::is_dear), by one client in ClientRates::kWindowMs.
  std::uint32_t dear_calls_max = 20;
};

// Who calls.
struct Caller {
  bool is_operator = false;  // may call the operator's methods
  std::string client = {};   // its address as text; empty: may call what is dear without end
  // Of a message on an open connection, until handle() returns; null over plain HTTP.
  struct SocketCall* socket = nullptr;
};

class Dispatcher {
 public:
  // Called exactly once with the response; empty when there is nothing to answer.
  using Done = std::function<void(std::string response)>;

  // The node must outlive the dispatcher.
  Dispatcher(NodeApi& node, const DispatchLimits& limits);
  ~Dispatcher();
  // Answers all calls that wait, and those that still come to wait, with kUnavailable;
  // subscriptions say nothing any more.
  void stop();

  // Whether `body` was one call that only reads records by key: then it has been answered, on this
  // thread. What may take longer is handle()'s.
  bool handle_quick(const std::string& body, const Caller& caller, const Done& done);
  // `body` is kept until the answer.
  void handle(std::string body, const Caller& caller, Done done);
  // The page for /metrics.
  std::string metrics_text();
  class RpcMetrics& metrics();
  class SubscriptionHub& subscriptions();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fog::rpc
