// Scaling: what becomes of a Bid's leases when it wants more or fewer.
#pragma once

#include "market/rules/leases.h"

namespace fog::market {

// Lets reservations serve as far as the Bid lacks replicas, the earliest first.
void open_reservations(Overlay& state, const BlockContext& block, const MarketParams& params,
                       const BidId& bid);
// After the Bid's wish has changed: opens reservations, takes out of service what is beyond what it
// wants, and then what reservations are too many:
// first what is only proposed, then what closes anyway, then what is active, the latest first each
// time. An active one becomes a reservation if one is missing; all others end at once. Afterwards
// the Bid is awake if it lacks any.
void rescale(Overlay& state, const BlockContext& block, const MarketParams& params,
             const BidId& bid, CloseReason reason);
// A reservation serves from now on. Does not tell anybody. Writes both.
void open_reservation(Overlay& state, const BlockContext& block, Bid& bid, Lease& lease);

}  // namespace fog::market
