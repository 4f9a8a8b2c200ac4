// Offers that are new, cheaper or have more room, until they have been shown to the sleeping Bids
// that may want them.
//
// One block shows so many (showings_per_block, sights_per_block, looks_per_block), Host after Host
// in the order of their ids; the next goes on with the Host, and with the Bid, where it stopped, so
// that no Host can keep another's Offer from being shown. An Offer that changes anew is shown anew.
#pragma once

#include "market/rules/demand.h"

namespace fog::market {

struct MatchingIndex;

// A record of Table::kFreshOffers.
struct FreshOffer {
  std::uint64_t changed_height = 0;  // the last time
  // The last sleeper that it has been shown to since.
  std::uint64_t shown_height = 0;
  BidId shown;
  static constexpr auto kFields =
      std::make_tuple(&FreshOffer::changed_height, &FreshOffer::shown_height, &FreshOffer::shown);
  bool operator==(const FreshOffer&) const = default;
};

// Showing one Offer to one Bid costs less than a search.
inline std::uint64_t showings_per_block(const MarketParams& params) {
  return std::uint64_t{4} * params.searches_per_block;
}
// Coming across a Bid that surely does not want it costs much less than showing it.
inline std::uint64_t sights_per_block(const MarketParams& params) {
  return 16 * showings_per_block(params);
}
// Nodes of the sleepers' trees that it looks at. An Offer for which not even all of them lead to
// one Bid is shown no further: those that are left find it when they try again by their time.
inline std::uint64_t looks_per_block(const MarketParams& params) {
  return 8 * sights_per_block(params);
}

// The Host's Offer is new, cheaper, or has more room.
void note_offer_changed(Overlay& state, const BlockContext& block, const HostId& host);
bool any_fresh_offer(const ReadView& state);

// Shows them to the sleeping Bids that have not been searched for since, those whose last search is
// longest ago first, and wakes those that one could serve, at most wakes_per_block. `index` is of
// this state, and stays so.
void show_fresh_offers(Overlay& state, const BlockContext& block, const MarketParams& params,
                       MatchingIndex& index);

}  // namespace fog::market
