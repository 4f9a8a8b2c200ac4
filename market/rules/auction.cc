#include "market/rules/auction.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "chain/crypto/hash.h"
#include "market/rules/standing.h"

namespace fog::market {
namespace {

// What a limit counts by, owners or countries, as numbers: there is a selection for each owner who
// wins, and it should look nothing up. Where the limit cannot bind there are none.
template <class Key>
class Limit {
 public:
  // At most `max` with each key, of so many replicas in all.
  Limit(std::uint32_t max, std::size_t replicas) : binds(max < replicas), max_(max) {}

  std::uint32_t number_of(const Key& key) {
    if (!binds) return 0;
    const auto [at, is_new] = numbers_.try_emplace(key, static_cast<std::uint32_t>(held_.size()));
    if (is_new) held_.push_back(0);
    return at->second;
  }
  void hold(const Key& key) {
    if (binds) ++held_[number_of(key)];
  }
  // In a selection that has taken so many by number, in the end those held as well.
  std::uint32_t left(std::vector<std::uint32_t>& taken, std::uint32_t number) const {
    if (!binds) return ~std::uint32_t{0};
    for (std::size_t n = taken.size(); n < held_.size(); ++n) taken.push_back(held_[n]);
    return max_ - std::min(max_, taken[number]);
  }
  void take(std::vector<std::uint32_t>& taken, std::uint32_t number, std::uint32_t replicas) const {
    if (binds) taken[number] += replicas;
  }

  const bool binds;

 private:
  const std::uint32_t max_;
  std::map<Key, std::uint32_t> numbers_;
  std::vector<std::uint32_t> held_;  // replicas that the Bid holds, by number
};

// A candidate as selections look at it.
struct Ranked {
  u128 score = 0;
  std::uint32_t copies = 0;  // that fit and the limit on its Host allows
  std::uint32_t owner = 0;
  std::uint32_t country = 0;
};

// Candidates by (score, tie) as far as they were needed.
class Ranking {
 public:
  Ranking(const AuctionTerms& terms, const CandidateSource& source)
      : owners(terms.per_owner_max, terms.demand + terms.held.size()),
        countries(terms.per_country_max, terms.demand + terms.held.size()),
        per_host_max_(terms.per_host_max),
        source_(source) {
    for (const HeldReplica& replica : terms.held) {
      owners.hold(replica.owner);
      countries.hold(replica.country);
      held_.push_back(replica.host);
    }
    std::sort(held_.begin(), held_.end());
  }
  // Whether there are so many.
  bool reaches(std::size_t rank) {
    while (candidates.size() <= rank && !is_over_) {
      if (std::optional<Candidate> next = source_()) {
        add(*std::move(next));
      } else {
        is_over_ = true;
      }
    }
    return rank < candidates.size();
  }

  Limit<Address> owners;
  Limit<BoundedText<2>> countries;
  std::vector<Candidate> candidates;
  std::vector<Ranked> ranked;

 private:
  void add(Candidate&& next) {
    const auto [first, last] = std::equal_range(held_.begin(), held_.end(), next.host);
    const auto held = static_cast<std::uint32_t>(last - first);
    const std::uint32_t allowed = per_host_max_ - std::min(per_host_max_, held);
    ranked.push_back({score_at(next, next.scale), std::min(next.copies, allowed),
                      owners.number_of(next.owner), countries.number_of(next.country)});
    candidates.push_back(std::move(next));
  }

  const std::uint32_t per_host_max_;
  const CandidateSource& source_;
  std::vector<HostId> held_;  // of replicas, sorted
  bool is_over_ = false;
};

// How many replicas each candidate wins, by rank, leaving out one owner's if given. Those that are
// not reached win none.
std::vector<std::uint32_t> select(const AuctionTerms& terms, Ranking& ranking,
                                  const Address* without) {
  std::vector<std::uint32_t> wins;
  std::vector<std::uint32_t> by_owner;
  std::vector<std::uint32_t> by_country;
  for (std::uint32_t open = terms.demand; open > 0 && ranking.reaches(wins.size());) {
    const std::size_t rank = wins.size();
    std::uint32_t& won = wins.emplace_back(0);
    if (without != nullptr && ranking.candidates[rank].owner == *without) continue;
    const Ranked& c = ranking.ranked[rank];
    won = std::min({open, c.copies, ranking.owners.left(by_owner, c.owner),
                    ranking.countries.left(by_country, c.country)});
    ranking.owners.take(by_owner, c.owner, won);
    ranking.countries.take(by_country, c.country, won);
    open -= won;
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
std::vector<u128> displaced_scores(const Ranking& ranking, const std::vector<std::uint32_t>& wins,
                                   const std::vector<std::uint32_t>& wins_without,
                                   const Address& owner, std::size_t most) {
  std::vector<u128> scores;
  for (std::size_t i = 0; i < wins_without.size(); ++i) {
    const bool is_his = ranking.candidates[i].owner == owner;
    const std::uint32_t stays = is_his || i >= wins.size() ? 0 : wins[i];
    for (std::uint32_t n = stays; n < wins_without[i]; ++n)
      scores.push_back(ranking.ranked[i].score);
  }
  if (scores.size() > most) {
    scores.erase(scores.begin(), scores.end() - static_cast<std::ptrdiff_t>(most));
  }
  return scores;
}

// The owner's won replicas by score, each set against one of the scores that he keeps out, lowest
// against lowest; where nobody is kept out, and where the one kept out lies above it, the cap
// stands.
std::vector<Won> set_thresholds(const AuctionTerms& terms, const Ranking& ranking,
                                const std::vector<std::size_t>& replicas,
                                const std::vector<u128>& displaced) {
  std::vector<Won> won;
  for (std::size_t n = 0; n < replicas.size(); ++n) {
    const Candidate& c = ranking.candidates[replicas[n]];
    const u128 at_cap = score_at(c, clearing_max(terms, c));
    const u128 kept_out = n < displaced.size() ? std::min(displaced[n], at_cap) : at_cap;
    won.push_back({replicas[n], std::max(kept_out, ranking.ranked[replicas[n]].score)});
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
    return one >= c.scale && one <= clearing_max(terms, c);
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

Scale clearing_max(const AuctionTerms& terms, const Candidate& candidate) {
  return std::min(cap_scale(terms.cap, candidate.hourly), candidate.unit_cap);
}

Hash32 tie_mask(const Hash32& beacon, const BidId& bid) {
  static const HashTag kTag("fog/tie");
  return tagged_hash(kTag, {beacon, bid});
}

Hash32 tie_of(const Hash32& mask, const HostId& host) {
  Hash32 tie = host;
  for (std::size_t i = 0; i < tie.data.size(); ++i) tie.data[i] ^= mask.data[i];
  return tie;
}

AuctionResult run_auction(const AuctionTerms& terms, const CandidateSource& source) {
  Ranking ranking(terms, source);
  const std::vector<std::uint32_t> wins = select(terms, ranking, nullptr);
  std::map<Address, std::vector<std::size_t>> by_owner;  // won replicas, in order of score
  for (std::size_t i = 0; i < wins.size(); ++i) {
    for (std::uint32_t n = 0; n < wins[i]; ++n) by_owner[ranking.candidates[i].owner].push_back(i);
  }
  std::vector<Award> awards;
  for (const auto& [owner, replicas] : by_owner) {
    const std::vector<std::uint32_t> wins_without = select(terms, ranking, &owner);
    const std::vector<u128> displaced =
        displaced_scores(ranking, wins, wins_without, owner, replicas.size());
    const std::vector<Won> won = set_thresholds(terms, ranking, replicas, displaced);
    const std::vector<Award> owners = to_scales(terms, ranking.candidates, won);
    awards.insert(awards.end(), owners.begin(), owners.end());
  }
  std::stable_sort(awards.begin(), awards.end(),
                   [](const Award& a, const Award& b) { return a.candidate < b.candidate; });
  return {std::move(ranking.candidates), std::move(awards)};
}

std::vector<Award> run_auction(const AuctionTerms& terms,
                               const std::vector<Candidate>& candidates) {
  const Hash32 mask = tie_mask(terms.beacon, terms.bid);
  std::vector<std::size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const u128 one = score_at(candidates[a], candidates[a].scale);
    const u128 other = score_at(candidates[b], candidates[b].scale);
    return one != other ? one < other
                        : tie_of(mask, candidates[a].host) < tie_of(mask, candidates[b].host);
  });
  std::size_t rank = 0;
  AuctionResult result = run_auction(terms, [&]() -> std::optional<Candidate> {
    if (rank == order.size()) return std::nullopt;
    return candidates[order[rank++]];
  });
  for (Award& award : result.awards) award.candidate = order[award.candidate];
  return std::move(result.awards);
}

}  // namespace fog::market
