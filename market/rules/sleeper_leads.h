// Leads: by what an Offer finds the sleeping Bids that may want it, without a look at the others.
//
// A Bid stands under what it demands first of all: a GPU model and a place (a cell, or a country),
// and one thing that the Host must say or be. Where it names several, any of which will do, it
// stands under each. Leads are hashes; two may share one, so they never decide who is served.
#pragma once

#include <vector>

#include "market/rules/indexed_offer.h"

namespace fog::market {

struct Lead {
  std::uint64_t where = 0;  // GPU model and place
  std::uint64_t what = 0;   // attribute, Host, owner or runtime
  auto operator<=>(const Lead&) const = default;
};

// Under so many leads a Bid stands at most; what names more is left to the Bid itself.
constexpr std::size_t kLeadsMax = 8;
// Of a Bid with these terms. Of an Offer that satisfies them, one of these is a lead.
std::vector<Lead> leads_of(const BidTerms& terms);

// All of an Offer's: any of the one with any of the other.
struct OfferLeads {
  explicit OfferLeads(const IndexedOffer& offer);
  std::vector<std::uint64_t> where;
  std::vector<std::uint64_t> what;
};

// Whether no gateway can ever say that another place than `near` counts.
bool is_near_fixed(const BidTerms& terms);

}  // namespace fog::market
