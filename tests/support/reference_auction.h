// The auction for one Bid once more, from DESIGN 9 and contrib/doc/auction.md alone, by plain
// loops: who wins by looking for the lowest that may still be taken, who is kept out by comparing
// two whole selections.
#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "tests/support/reference_numbers.h"

namespace fog::market::testing {

// An Offer that can serve: what its Host asks of this Bid.
struct Ask {
  HostId host;
  Address owner;
  std::string country;
  u128 scale = 0;          // 1/10 000
  u128 hourly = 0;         // droplets an hour at scale one
  u128 factor = 10'000;    // for standing, 1/10 000
  u128 distance_cost = 0;  // droplets an hour
  u128 scale_max = 0;      // the largest at which every cap is kept
  std::uint32_t copies = 0;
  Hash32 tie;

  // Droplets an hour x 10^8.
  u128 distance_part() const { return distance_cost * 100'000'000; }
  u128 score_at(u128 at) const { return at * hourly * factor + distance_part(); }
  u128 score() const { return score_at(scale); }
  bool before(const Ask& other) const {
    return score() != other.score() ? score() < other.score() : tie < other.tie;
  }
};

// What a Bid wants, and where it has some already.
struct Wish {
  std::uint32_t replicas = 0;
  std::uint32_t per_host = 1, per_owner = 255, per_country = 255;
  std::map<HostId, std::uint32_t> on_host;
  std::map<Address, std::uint32_t> with_owner;
  std::map<std::string, std::uint32_t> in_country;

  void hold(const HostId& host, const Address& owner, const std::string& country) {
    ++on_host[host];
    ++with_owner[owner];
    ++in_country[country];
  }
  bool may_take(const Ask& ask) const {
    const auto count = [](const auto& counts, const auto& of) {
      const auto at = counts.find(of);
      return at == counts.end() ? 0U : at->second;
    };
    return count(on_host, ask.host) < per_host && count(with_owner, ask.owner) < per_owner &&
           count(in_country, ask.country) < per_country;
  }
};

// Places in the list of asks, one a replica, in the order in which they are taken. `without`: an
// owner who is not there.
inline std::vector<std::size_t> reference_winners(const Wish& wish, const std::vector<Ask>& asks,
                                                  const Address* without = nullptr) {
  std::vector<std::size_t> winners;
  Wish counts = wish;
  std::vector<std::uint32_t> taken(asks.size(), 0);
  while (winners.size() < wish.replicas) {
    std::size_t best = asks.size();
    for (std::size_t i = 0; i < asks.size(); ++i) {
      if (without != nullptr && asks[i].owner == *without) continue;
      if (taken[i] >= asks[i].copies || !counts.may_take(asks[i])) continue;
      if (best == asks.size() || asks[i].before(asks[best])) best = i;
    }
    if (best == asks.size()) break;
    winners.push_back(best);
    ++taken[best];
    counts.hold(asks[best].host, asks[best].owner, asks[best].country);
  }
  return winners;
}

// Scores of the replicas that win only where the owner is not there, ascending.
inline std::vector<u128> reference_kept_out(const Wish& wish, const std::vector<Ask>& asks,
                                            const std::vector<std::size_t>& winners,
                                            const Address& owner) {
  std::vector<std::size_t> others = reference_winners(wish, asks, &owner);
  for (const std::size_t winner : winners) {
    const auto same = std::find(others.begin(), others.end(), winner);
    if (same != others.end()) others.erase(same);
  }
  std::vector<u128> scores;
  for (const std::size_t other : others) scores.push_back(asks[other].score());
  std::sort(scores.begin(), scores.end());
  return scores;
}

// One scale for each of an owner's replicas, which are given in the order in which they won.
inline std::vector<u128> reference_payment(const std::vector<Ask>& asks,
                                           const std::vector<std::size_t>& his,
                                           std::vector<u128> kept_out) {
  while (kept_out.size() > his.size()) kept_out.erase(kept_out.begin());  // the highest count
  std::vector<u128> money;
  u128 sum = 0;
  u128 weight = 0;
  for (std::size_t n = 0; n < his.size(); ++n) {
    const Ask& ask = asks[his[n]];
    u128 score = ask.score_at(ask.scale_max);
    if (n < kept_out.size() && kept_out[n] < score) score = kept_out[n];
    if (score < ask.score()) score = ask.score();
    money.push_back(score - ask.distance_part());
    sum += money[n];
    weight += ask.hourly * ask.factor;
  }
  const u128 one = sum / weight;
  bool suits_all = true;
  for (const std::size_t i : his)
    suits_all = suits_all && asks[i].scale <= one && one <= asks[i].scale_max;
  std::vector<u128> scales;
  for (std::size_t n = 0; n < his.size(); ++n) {
    const Ask& ask = asks[his[n]];
    scales.push_back(suits_all ? one : money[n] / (ask.hourly * ask.factor));
  }
  return scales;
}

struct Win {
  std::size_t ask = 0;  // its place in the list
  Scale scale = 0;      // cleared
};

// In the order in which they are taken.
inline std::vector<Win> reference_auction(const Wish& wish, const std::vector<Ask>& asks) {
  const std::vector<std::size_t> winners = reference_winners(wish, asks);
  std::map<Address, std::vector<std::size_t>> by_owner;  // indexes into `winners`
  for (std::size_t n = 0; n < winners.size(); ++n) by_owner[asks[winners[n]].owner].push_back(n);
  std::vector<Win> wins(winners.size());
  for (const auto& [owner, places] : by_owner) {
    std::vector<std::size_t> his;
    for (const std::size_t n : places) his.push_back(winners[n]);
    const std::vector<u128> scales =
        reference_payment(asks, his, reference_kept_out(wish, asks, winners, owner));
    for (std::size_t m = 0; m < places.size(); ++m)
      wins[places[m]] = {his[m], static_cast<Scale>(scales[m])};
  }
  return wins;
}

}  // namespace fog::market::testing
