#include "market/rules/query.h"

#include "market/rules/gateway_demand.h"
#include "market/rules/keep.h"

namespace fog::market {

OfferQuery query_of(const ReadView& state, const BlockContext& block, const Bid& bid,
                    std::set<HostId> excluded) {
  const auto service = must_load<Service>(state, service_key(bid.terms.service));
  OfferQuery query;
  query.terms = bid.terms;
  query.bid = bid.id;
  query.runtime = service.manifest.runtime;
  query.profile = service.metered.value_or(bid.terms.profile);
  query.excluded = std::move(excluded);
  query.beacon = block.beacon;
  query.height = block.height;
  query.time_ms = block.time_ms;
  // Where the End Users are says the gateway that asked last.
  if (const std::optional<Demand> demand = leading_demand(state, bid)) {
    query.terms.near = demand->location;
    query.round_trips = demand->round_trips;
  }
  return query;
}

}  // namespace fog::market
