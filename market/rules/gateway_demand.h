// What gateways ask of a Bid beyond its fewest replicas.
#pragma once

#include "market/rules/due.h"
#include "market/rules/keep.h"

namespace fog::market {

// How long an opened reservation is wanted, unless its gateway says otherwise.
constexpr std::uint64_t kTicketServesMs = 600'000;

// One replica more for the gateway, at least for kTicketServesMs. Writes the Demand, not the Bid.
void add_opened(Overlay& state, const BlockContext& block, Bid& bid, const Address& gateway);
// The gateway asks for nothing any more, and what it has asked is forgotten. Does not write the
// Bid.
void forget_demand(Overlay& state, Bid& bid, const Address& gateway);
// The Demand of a Bid that its next replicas are cleared for: the one raised last, of those raised
// at once the one of the lowest address; nothing when none stands.
std::optional<Demand> leading_demand(const ReadView& state, const Bid& bid);
// Demands that have run out no longer count.
void settle_demands(Overlay& state, const BlockContext& block, const MarketParams& params,
                    const Due& due);

}  // namespace fog::market
