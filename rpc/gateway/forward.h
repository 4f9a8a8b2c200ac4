// Forwarding one End User's request to one replica, bodies streaming both ways, and settling it.
// Included by .cc files only.
#pragma once

#include <string>
#include <vector>

#include "rpc/gateway/affinity.h"
#include "rpc/gateway/client_stream.h"
#include "rpc/gateway/http.h"
#include "rpc/gateway/routes.h"
#include "rpc/gateway/server.h"
#include "rpc/gateway/trace.h"
#include "rpc/gateway/upstream_pool.h"

namespace fog::gateway {

// One request of an End User, its header read, its body still to come.
struct Exchange {
  ClientStream& client;
  beast::flat_buffer& buffer;
  BufferParser& parser;
  std::string target;         // as the Host shall see it
  std::string forwarded_for;  // the End User's address
  std::string prefix;         // path prefix that was cut off, "" if none
  bool expects_continue = false;
  Trace trace = {};
  Bytes kept_body = {};  // a short body, read whole: it can be sent to another replica too
  Affinity affinity = {};
};
// Before its body is read: lets the End User send it, where he waits to be let (RFC 9110, 10.1.1).
net::awaitable<beast::error_code> say_continue(Exchange& exchange);
// Reads the whole body, each part into `take`, after say_continue(). Stops at the first error, the
// connection's (kNetwork) or that of `take`.
using TakePart = std::function<ErrorOr<void>(ByteView)>;
net::awaitable<ErrorOr<void>> read_body(Exchange& exchange, std::uint64_t idle_ms_max,
                                        const TakePart& take);
// Reads the body if it is announced as short; longer ones stream. False: the connection has broken.
net::awaitable<bool> keep_short_body(Exchange& exchange, const GatewayConfig& config);

enum class ForwardEnd : std::uint8_t {
  kAnswered,    // the End User has the whole answer; the connection may go on
  kNotReached,  // no Host has seen anything of it: another replica may try
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

}  // namespace fog::gateway
