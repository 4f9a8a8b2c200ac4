// What the auction promises, by brute force: every selection is tried. And the auction's question
// as the reference reads it (reference_auction.h).
#pragma once

#include "market/rules/auction.h"
#include "tests/support/reference_auction.h"

namespace fog::market::testing {

inline u128 brute_score(const Candidate& c) {
  return u128{c.scale} * c.hourly * c.factor + u128{100'000'000} * c.distance_cost;
}

// Whether the selection (with what the Bid holds) keeps every spread limit and capacity.
inline bool allowed(const AuctionTerms& terms, const std::vector<Candidate>& candidates,
                    const std::vector<std::size_t>& selection) {
  for (const std::size_t one : selection) {
    const Candidate& c = candidates[one];
    std::uint32_t copies = 0;
    std::uint32_t host = 0;
    std::uint32_t owner = 0;
    std::uint32_t country = 0;
    for (const std::size_t other : selection) {
      const Candidate& d = candidates[other];
      copies += other == one ? 1U : 0U;
      host += d.host == c.host ? 1U : 0U;
      owner += d.owner == c.owner ? 1U : 0U;
      country += d.country == c.country ? 1U : 0U;
    }
    for (const HeldReplica& held : terms.held) {
      host += held.host == c.host ? 1U : 0U;
      owner += held.owner == c.owner ? 1U : 0U;
      country += held.country == c.country ? 1U : 0U;
    }
    if (copies > c.copies || host > terms.per_host_max || owner > terms.per_owner_max ||
        country > terms.per_country_max) {
      return false;
    }
  }
  return true;
}

// Of all selections the largest, of those the one with the least total score: brute force.
struct Optimum {
  std::size_t size = 0;
  u128 total = 0;
};
inline void try_all(const AuctionTerms& terms, const std::vector<Candidate>& candidates,
                    const Address* without, std::size_t from, std::vector<std::size_t>& selection,
                    Optimum& best) {
  u128 total = 0;
  for (const std::size_t i : selection) total += brute_score(candidates[i]);
  if (selection.size() > best.size || (selection.size() == best.size && total < best.total)) {
    best = {selection.size(), total};
  }
  if (selection.size() == terms.demand) return;
  for (std::size_t i = from; i < candidates.size(); ++i) {
    if (without != nullptr && candidates[i].owner == *without) continue;
    selection.push_back(i);
    if (allowed(terms, candidates, selection)) {
      try_all(terms, candidates, without, i, selection, best);
    }
    selection.pop_back();
  }
}
inline Optimum optimum(const AuctionTerms& terms, const std::vector<Candidate>& candidates,
                       const Address* without) {
  Optimum best;
  std::vector<std::size_t> selection;
  try_all(terms, candidates, without, 0, selection, best);
  return best;
}

// The same question for the reference, in the same order.
inline Wish wish_of(const AuctionTerms& terms) {
  Wish wish;
  wish.replicas = terms.demand;
  wish.per_host = terms.per_host_max;
  wish.per_owner = terms.per_owner_max;
  wish.per_country = terms.per_country_max;
  for (const HeldReplica& held : terms.held)
    wish.hold(held.host, held.owner, std::string(held.country));
  return wish;
}
inline std::vector<Ask> asks_of(const AuctionTerms& terms,
                                const std::vector<Candidate>& candidates) {
  const Hash32 mask = reference_tie_mask(terms.beacon, terms.bid);
  std::vector<Ask> asks;
  for (const Candidate& c : candidates) {
    Ask ask;
    ask.host = c.host;
    ask.owner = c.owner;
    ask.country = std::string(c.country);
    ask.scale = c.scale;
    ask.hourly = c.hourly;
    ask.factor = c.factor;
    ask.distance_cost = c.distance_cost;
    ask.scale_max = reference_largest_scale([&](u128 scale) {
      return scale * c.hourly <= u128{terms.cap} * 10'000 && scale <= c.unit_cap;
    });
    ask.copies = c.copies;
    ask.tie = reference_tie(mask, c.host);
    asks.push_back(ask);
  }
  return asks;
}

}  // namespace fog::market::testing
