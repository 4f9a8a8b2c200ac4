// The auction once more, written from DESIGN's text and from the definition of what it promises,
// sharing nothing with market/rules: a literal version that looks for the next winner again and
// again, and a brute-force one that tries every selection.
#pragma once

#include <algorithm>
#include <vector>

#include "market/rules/auction.h"

namespace fog::market::testing {

// One replica that a candidate could take.
struct Unit {
  std::size_t candidate = 0;
  u128 score = 0;
  Hash32 tie;
};

inline u128 reference_score(const Candidate& c, u128 scale) {
  return scale * c.hourly * c.factor + u128{100'000'000} * c.distance_cost;
}

inline bool before(const Unit& a, const Unit& b) {
  return a.score != b.score ? a.score < b.score : a.tie < b.tie;
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

// "Lowest wins, ties by hash, at most the spread limits": the next winner is the lowest unit that
// may still be added.
inline std::vector<std::size_t> literal_winners(const AuctionTerms& terms,
                                                const std::vector<Candidate>& candidates,
                                                const Address* without) {
  std::vector<std::size_t> winners;
  while (winners.size() < terms.demand) {
    std::optional<Unit> best;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (without != nullptr && candidates[i].owner == *without) continue;
      std::vector<std::size_t> with = winners;
      with.push_back(i);
      if (!allowed(terms, candidates, with)) continue;
      const Unit unit{i, reference_score(candidates[i], candidates[i].scale),
                      tie_of(tie_mask(terms.beacon, terms.bid), candidates[i].host)};
      if (!best || before(unit, *best)) best = unit;
    }
    if (!best) break;
    winners.push_back(best->candidate);
  }
  return winners;
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
  for (const std::size_t i : selection)
    total += reference_score(candidates[i], candidates[i].scale);
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

// DESIGN's payment, where Hosts of an owner are alike (one distance, standing and class) and no
// country limit binds: the k highest scores among the winners without the owner, missing ones
// counted as the cap, and each at most the cap, turned back into one scale.
inline Scale literal_payment(const AuctionTerms& terms, const std::vector<Candidate>& candidates,
                             const Address& owner) {
  const std::vector<std::size_t> winners = literal_winners(terms, candidates, nullptr);
  const Candidate* own = nullptr;
  std::size_t k = 0;
  for (const std::size_t i : winners) {
    if (candidates[i].owner != owner) continue;
    own = &candidates[i];
    ++k;
  }
  CHECK(own != nullptr);
  u128 cap_in_scale = u128{terms.cap} * 10'000 / own->hourly;
  if (cap_in_scale > kScaleMax) cap_in_scale = kScaleMax;
  if (cap_in_scale > own->unit_cap) cap_in_scale = own->unit_cap;
  const u128 at_cap = reference_score(*own, cap_in_scale);
  std::vector<u128> scores(terms.demand, at_cap);
  const std::vector<std::size_t> others = literal_winners(terms, candidates, &owner);
  for (std::size_t n = 0; n < others.size(); ++n) {
    const Candidate& c = candidates[others[n]];
    scores[n] = std::min(reference_score(c, c.scale), at_cap);
  }
  std::sort(scores.begin(), scores.end());
  u128 sum = 0;
  for (std::size_t n = 0; n < k; ++n) sum += scores[scores.size() - 1 - n];
  const u128 distance = u128{100'000'000} * own->distance_cost * k;
  return static_cast<Scale>((sum - distance) / (u128{own->hourly} * own->factor * k));
}

}  // namespace fog::market::testing
