// What the due queue gives back: hold-backs, bonds, and the room of what is over.
#pragma once

#include "market/rules/due.h"
#include "market/rules/keep.h"

namespace fog::market {

// The audit window of a receipt is over: its hold-back goes to the Host's owner, its record goes.
void release_holdback(Overlay& state, const Due& due);
// A retired Host without open leases gets its bond back and leaves the indexes; one that still has
// leases is looked at again later.
void return_bond(Overlay& state, const BlockContext& block, const MarketParams& params,
                 const Due& due);
// The record of a Host whose bond has returned goes, once its last windows have passed.
void forget_host(Overlay& state, const BlockContext& block, const MarketParams& params,
                 const Due& due);
// A closed and refunded Bid goes, once its leases have gone.
void forget_bid(Overlay& state, const BlockContext& block, const MarketParams& params,
                const Due& due);

}  // namespace fog::market
