// What the due queue gives back: hold-backs, bonds, and room in the indexes.
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
// A closed and refunded Bid leaves its indexes, and so do its leases; the records stay.
void forget_bid(Overlay& state, const Due& due);

}  // namespace fog::market
