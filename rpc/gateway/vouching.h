// Vouchers on their way to the Hosts. Included by .cc files only.
#pragma once

#include "rpc/gateway/server.h"
#include "rpc/gateway/upstream_pool.h"

namespace fog::gateway {

// Gives the replica's Host the voucher update that is due, if any. `force`: also for fewer requests
// than a batch.
net::awaitable<ErrorOr<void>> give_voucher(Replica& replica, UpstreamPool& pool,
                                           const GatewayConfig& config, GatewayCounters& counters,
                                           bool force);

}  // namespace fog::gateway
