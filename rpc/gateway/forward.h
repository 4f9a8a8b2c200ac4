// Forwarding one End User's request to one replica, bodies streaming both ways, and settling it.
// Included by .cc files only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "rpc/gateway/http.h"
#include "rpc/gateway/routes.h"
#include "rpc/gateway/server.h"

namespace fog::gateway {

// Idle keep-alive connections to Hosts. One a shard; not thread safe.
class UpstreamPool {
 public:
  explicit UpstreamPool(net::io_context& context) : context_(context) {}
  struct Connection {
    explicit Connection(net::io_context& context) : stream(context) {}
    Stream stream;
    beast::flat_buffer buffer;
    bool reused = false;
  };
  // A connection to the replica's Host: an idle one, or a new one.
  net::awaitable<ErrorOr<std::unique_ptr<Connection>>> take(const Replica& replica,
                                                            std::uint64_t connect_ms_max,
                                                            bool fresh);
  void give_back(const Replica& replica, std::unique_ptr<Connection> connection);

 private:
  net::io_context& context_;
  std::map<std::string, std::vector<std::unique_ptr<Connection>>> idle_;
};

// One request of an End User, its header read, its body still to come.
struct Exchange {
  Stream& client;
  beast::flat_buffer& buffer;
  BufferParser& parser;
  std::string target;         // as the Host shall see it
  std::string forwarded_for;  // the End User's address
  std::string prefix;         // path prefix that was cut off, "" if none
  bool expects_continue = false;
};

enum class ForwardEnd : std::uint8_t {
  kAnswered,  // the End User has the whole answer; the connection may go on
  kNotTaken,  // nothing reached the End User and the body was not touched: another replica may try
  kFailed,    // nothing reached the End User, but the body is spent: answer 502
  kBroken,    // the End User's connection must be closed
};
struct ForwardResult {
  ForwardEnd end = ForwardEnd::kBroken;
  bool workload_failed = false;
  std::string why;       // for kNotTaken and kFailed
  ServedRequest served;  // what the Host answered, where it did: status 0 where not
};

net::awaitable<ForwardResult> forward(Replica& replica, Exchange& exchange, UpstreamPool& pool,
                                      const GatewayConfig& config, GatewayCounters& counters);

// Gives the replica's Host the voucher update that is due, if any. `force`: also for fewer requests
// than a batch.
net::awaitable<ErrorOr<void>> give_voucher(Replica& replica, UpstreamPool& pool,
                                           const GatewayConfig& config, GatewayCounters& counters,
                                           bool force);

}  // namespace fog::gateway
