// Whether a Host and its Offer can serve a Bid, and if not, why. Pure functions of their arguments.
//
// The index's search, the preview and the tests all ask here, so what a Bid demands is decided in
// one place. contrib/doc/publisher.md says what each demand means.
#pragma once

#include <set>

#include "market/rules/indexed_offer.h"
#include "market/types/misfit.h"

namespace fog::market {

// What a Bid searches for, in a block.
struct OfferQuery {
  BidTerms terms;
  BidId bid;
  RuntimeKind runtime = RuntimeKind::kWasmCommand;
  UseProfile profile;         // declared, or the chain's own average
  std::set<HostId> excluded;  // failed this Bid a moment ago
  RoundTrips round_trips;     // from terms.near, measured
  Hash32 beacon;
  std::uint64_t height = 0;   // Offers recorded before this block take part
  std::uint64_t time_ms = 0;  // standing has healed until then, attestations count at it
};

// What the query costs in a price class, and the scales up to which the Bid pays that.
struct QueryPrice {
  std::uint64_t hourly = 1;  // class vector . profile at scale one, droplets an hour
  Scale cap = kScaleMax;     // by the cap on the price an hour
  Scale unit_cap = kScaleMax;
};
// Nothing where the price does not fit into 64 bits.
std::optional<QueryPrice> price_in(const PriceClass& price_class, const OfferQuery& query);

// The attribute by which a Host says that it also runs such services, with the value "1"; empty for
// WASI commands, which every Host runs.
std::string_view runtime_attribute(RuntimeKind kind);

// ---- in parts, for a search that looks at many ----

// What Hosts that say the same of themselves have in common: whether they run the service, and
// whether the rules that are not audited hold.
bool runs(const Attributes& attributes, const std::vector<RuntimeProfile>& runtimes,
          const OfferQuery& query);
bool says_enough(const Attributes& attributes, const OfferQuery& query);

// The first reason why it cannot serve, of those before kAttribute: runtime, region, GPU and free
// capacity. kNone: none of them.
Misfit first_misfit_of_place(const IndexedOffer& offer, const OfferQuery& query);
// The same of the rest. `price`: in the Offer's class.
Misfit first_misfit_of_rest(const IndexedOffer& offer, const OfferQuery& query,
                            const QueryPrice& price);

// Whether it fails what neither time nor services and gateways can mend, as long as Bid and Offer
// stay as they are; where gateways may say that another place counts, without a limit on distance
// and latency. For a query at time 0, to which attestations last for ever.
bool fails_for_good(const IndexedOffer& offer, const OfferQuery& query);

// ---- all of them ----

Misfit first_misfit(const IndexedOffer& offer, const OfferQuery& query, const QueryPrice& price);
// All of them: bit n for the enumerator n.
std::uint32_t all_misfits(const IndexedOffer& offer, const OfferQuery& query,
                          const QueryPrice& price);

// The place in the query's list of the first attribute rule that does not hold.
std::optional<std::size_t> failing_rule(const IndexedOffer& offer, const OfferQuery& query);

}  // namespace fog::market
