// Hedging: a request whose answer is late is sent to a second replica too, and the End User gets
// the answer that begins first. The other one is read to its end all the same: its Host has done
// the work and is paid for it, so this is for operators who answer for what it costs.
// Included by .cc files only.
#pragma once

#include <functional>

#include "rpc/gateway/session.h"

namespace fog::gateway {

// Whether it may be sent twice at once: a GET, with nothing to read behind it.
bool can_hedge(const Exchange& exchange);

// The second replica, when the first is late; null: none, and the first is waited for. Asked once.
using SecondReplica = std::function<std::shared_ptr<Replica>()>;

// As forward(), of a request that can_hedge(). `after_ms`: without the beginning of an answer.
net::awaitable<ForwardResult> forward_hedged(std::shared_ptr<Replica> first, Exchange& exchange,
                                             Shard& shard, std::uint64_t after_ms,
                                             SecondReplica second);

}  // namespace fog::gateway
