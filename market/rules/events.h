// Events: what happened, written down for those whom it concerns. They are read by address, oldest
// first, and forgotten after events_kept_ms.
#pragma once

#include "market/rules/due.h"
#include "market/rules/keep.h"
#include "market/types/event.h"

namespace fog::market {

// Numbers the event within the block and keeps it under each address once.
void emit(Overlay& state, const BlockContext& block, const MarketParams& params, MarketEvent event,
          const std::vector<Address>& to);
// To the Publisher and the Bid's gateways; also to the gateway that the event names.
void tell_bid(Overlay& state, const BlockContext& block, const MarketParams& params, const Bid& bid,
              MarketEvent event);
// To the Publisher, the Bid's gateways, and the Host's owner and operator. Reason and scale are the
// lease's.
void tell_lease(Overlay& state, const BlockContext& block, const MarketParams& params,
                const Lease& lease, EventKind kind, std::uint64_t at_ms = 0);
// To the Host's owner and operator.
void tell_host(Overlay& state, const BlockContext& block, const MarketParams& params,
               const Host& host, MarketEvent event);

// The events of one address that are old enough go.
void forget_events(Overlay& state, const BlockContext& block, const MarketParams& params,
                   const Due& due);

}  // namespace fog::market
