// Bids: a Publisher's standing demand, its escrow, and its end.
#pragma once

#include "market/rules/due.h"
#include "market/rules/keep.h"

namespace fog::market {

// What can be said of terms by themselves: kBadReplicas, kBadResources, kBadProfile, kBadCap,
// kBadLocation, kBadConstraint, kBadLeaseTime. `block`: the one in which the Bid is created.
Fault check_terms(const BlockContext& block, const MarketParams& params, const BidTerms& terms);

// Ends an open Bid: it leaves the demand, its open leases end, and what is not owed returns to the
// depositors as slices unlock.
void close_bid(Overlay& state, const BlockContext& block, const MarketParams& params, Bid bid,
               CloseReason reason);
// start_by_ms has come: replicas that nobody was found for are given up; with none at all, the Bid
// closes (kNotStarted).
void settle_start_by(Overlay& state, const BlockContext& block, const MarketParams& params,
                     const Due& due);

}  // namespace fog::market
