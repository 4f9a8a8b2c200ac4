#include "market/rules/auction.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "chain/crypto/hash.h"
#include "market/rules/standing.h"

namespace fog::market {
namespace {

constexpr u128 kScoreUnit = u128{kScaleOne} * kStandingOne;

// How many replicas stand with each Host, owner and country.
class Spread {
 public:
  explicit Spread(const AuctionTerms& terms) : terms_(terms) {
    for (const HeldReplica& replica : terms.held) {
      ++hosts_[replica.host];
      ++owners_[replica.owner];
      ++countries_[replica.country];
    }
  }
  bool allows(const Candidate& c) const {
    return count(hosts_, c.host) < terms_.per_host_max &&
           count(owners_, c.owner) < terms_.per_owner_max &&
           count(countries_, c.country) < terms_.per_country_max;
  }
  void take(const Candidate& c) {
    ++hosts_[c.host];
    ++owners_[c.owner];
    ++countries_[c.country];
  }

 private:
  template <class Key>
  static std::uint32_t count(const std::map<Key, std::uint32_t>& counts, const Key& key) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
  }
  const AuctionTerms& terms_;
  std::map<HostId, std::uint32_t> hosts_;
  std::map<Address, std::uint32_t> owners_;
  std::map<BoundedText<2>, std::uint32_t> countries_;
};

// Candidates by (score, tie), and the scores themselves.
struct Ranking {
  std::vector<std::size_t> order;
  std::vector<u128> scores;  // by candidate
};

Ranking rank(const AuctionTerms& terms, const std::vector<Candidate>& candidates) {
  Ranking ranking;
  std::vector<Hash32> ties;
  for (const Candidate& c : candidates) {
    ranking.scores.push_back(score_at(c, c.scale));
    ties.push_back(tie_of(terms.beacon, terms.bid, c.host));
  }
  ranking.order.resize(candidates.size());
  std::iota(ranking.order.begin(), ranking.order.end(), std::size_t{0});
  std::sort(ranking.order.begin(), ranking.order.end(), [&](std::size_t a, std::size_t b) {
    if (ranking.scores[a] != ranking.scores[b]) return ranking.scores[a] < ranking.scores[b];
    return ties[a] < ties[b];
  });
  return ranking;
}

// How many replicas each candidate wins, in order of score, leaving out one owner's if given.
std::vector<std::uint32_t> select(const AuctionTerms& terms,
                                  const std::vector<Candidate>& candidates, const Ranking& ranking,
                                  const Address* without) {
  std::vector<std::uint32_t> wins(candidates.size(), 0);
  Spread spread(terms);
  std::uint32_t open = terms.demand;
  for (const std::size_t i : ranking.order) {
    const Candidate& c = candidates[i];
    if (without != nullptr && c.owner == *without) continue;
    while (open > 0 && wins[i] < c.copies && spread.allows(c)) {
      spread.take(c);
      ++wins[i];
      --open;
    }
    if (open == 0) break;
  }
  return wins;
}

// One won replica and what its owner is paid for it, as a score.
struct Won {
  std::size_t candidate = 0;
  u128 threshold = 0;
};

// Scores of the winners that take an owner's place when he is not there, ascending, at most `most`
// of them, the highest.
std::vector<u128> displaced_scores(const std::vector<Candidate>& candidates, const Ranking& ranking,
                                   const std::vector<std::uint32_t>& wins,
                                   const std::vector<std::uint32_t>& wins_without,
                                   const Address& owner, std::size_t most) {
  std::vector<u128> scores;
  for (const std::size_t i : ranking.order) {
    const std::uint32_t stays = candidates[i].owner == owner ? 0 : wins[i];
    for (std::uint32_t n = stays; n < wins_without[i]; ++n) scores.push_back(ranking.scores[i]);
  }
  if (scores.size() > most) {
    scores.erase(scores.begin(), scores.end() - static_cast<std::ptrdiff_t>(most));
  }
  return scores;
}

// The owner's won replicas by score, each set against one of the scores that he keeps out, lowest
// against lowest; where nobody is kept out, and where the one kept out lies above it, the cap
// stands.
std::vector<Won> set_thresholds(const AuctionTerms& terms, const std::vector<Candidate>& candidates,
                                const Ranking& ranking, const std::vector<std::size_t>& replicas,
                                const std::vector<u128>& displaced) {
  std::vector<Won> won;
  for (std::size_t n = 0; n < replicas.size(); ++n) {
    const Candidate& c = candidates[replicas[n]];
    const u128 at_cap = score_at(c, cap_scale(terms.cap, c.hourly));
    const u128 kept_out = n < displaced.size() ? std::min(displaced[n], at_cap) : at_cap;
    won.push_back({replicas[n], std::max(kept_out, ranking.scores[replicas[n]])});
  }
  return won;
}

// Scores turned back into scales, rounded down. One scale for the owner, unless that would lie
// below what one of his Hosts asked or above its cap (which takes Hosts that differ in distance,
// standing or class): then each replica has the scale of its own threshold.
std::vector<Award> to_scales(const AuctionTerms& terms, const std::vector<Candidate>& candidates,
                             const std::vector<Won>& won) {
  u128 price = 0;
  u128 weight = 0;
  for (const Won& w : won) {
    const Candidate& c = candidates[w.candidate];
    price += w.threshold - kScoreUnit * c.distance_cost;
    weight += u128{c.hourly} * c.factor;
  }
  const u128 one = price / weight;
  const bool fits_all = std::all_of(won.begin(), won.end(), [&](const Won& w) {
    const Candidate& c = candidates[w.candidate];
    return one >= c.scale && one <= cap_scale(terms.cap, c.hourly);
  });
  std::vector<Award> awards;
  for (const Won& w : won) {
    const Candidate& c = candidates[w.candidate];
    const u128 own = (w.threshold - kScoreUnit * c.distance_cost) / (u128{c.hourly} * c.factor);
    awards.push_back({w.candidate, static_cast<Scale>(fits_all ? one : own)});
  }
  return awards;
}

}  // namespace

u128 score_at(const Candidate& candidate, Scale scale) {
  return u128{scale} * candidate.hourly * candidate.factor + kScoreUnit * candidate.distance_cost;
}

Scale cap_scale(std::uint64_t cap, std::uint64_t hourly) {
  CHECK(hourly > 0);
  const u128 scale = u128{cap} * kScaleOne / hourly;
  return scale > kScaleMax ? kScaleMax : static_cast<Scale>(scale);
}

Hash32 tie_of(const Hash32& beacon, const BidId& bid, const HostId& host) {
  static const HashTag kTag("fog/tie");
  return tagged_hash(kTag, {beacon, bid, host});
}

std::vector<Award> run_auction(const AuctionTerms& terms,
                               const std::vector<Candidate>& candidates) {
  const Ranking ranking = rank(terms, candidates);
  const std::vector<std::uint32_t> wins = select(terms, candidates, ranking, nullptr);
  std::map<Address, std::vector<std::size_t>> by_owner;  // won replicas, in order of score
  for (const std::size_t i : ranking.order) {
    for (std::uint32_t n = 0; n < wins[i]; ++n) by_owner[candidates[i].owner].push_back(i);
  }
  std::vector<Award> awards;
  for (const auto& [owner, replicas] : by_owner) {
    const std::vector<std::uint32_t> wins_without = select(terms, candidates, ranking, &owner);
    const std::vector<u128> displaced =
        displaced_scores(candidates, ranking, wins, wins_without, owner, replicas.size());
    const std::vector<Won> won = set_thresholds(terms, candidates, ranking, replicas, displaced);
    const std::vector<Award> owners = to_scales(terms, candidates, won);
    awards.insert(awards.end(), owners.begin(), owners.end());
  }
  std::vector<std::size_t> place(candidates.size());
  for (std::size_t n = 0; n < ranking.order.size(); ++n) place[ranking.order[n]] = n;
  std::stable_sort(awards.begin(), awards.end(), [&](const Award& a, const Award& b) {
    return place[a.candidate] < place[b.candidate];
  });
  return awards;
}

}  // namespace fog::market
