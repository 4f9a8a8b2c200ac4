// What one Bid gets in one block, once more: written from DESIGN section 9 and
// contrib/doc/auction.md alone, for clarity and not for speed, sharing with market/rules only
// SHA-256. Replica by replica the lowest ask that may still be taken is looked for among all; who
// is kept out is found by comparing two whole selections.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "chain/crypto/hash.h"
#include "market/types/objects.h"

namespace fog::market::testing {

// An Offer that fits runtime, region, GPU and free capacity.
struct Ask {
  HostId host;
  Address owner;
  std::string country;
  u128 scale = 0;             // 1/10 000
  u128 hourly = 0;            // droplets an hour at scale one
  u128 factor = 10'000;       // for standing, 1/10 000
  u128 distance_cost = 0;     // droplets an hour
  u128 unit_cap = kScaleMax;  // the largest scale at which no unit costs more than its cap
  std::uint32_t copies = 0;
  bool satisfies_rest = true;  // all other constraints, the caps aside

  // Droplets an hour x 10^8.
  u128 score_at(u128 at) const { return at * hourly * factor + distance_cost * 100'000'000; }
  u128 score() const { return score_at(scale); }
};

struct Wish {
  BidId bid;
  Hash32 beacon;
  std::uint32_t demand = 0;
  u128 cap = 0;  // droplets an hour
  std::uint32_t per_host = 1, per_owner = 255, per_country = 255;
  // What the Bid holds, by Host, owner and country.
  std::map<HostId, std::uint32_t> on_host;
  std::map<Address, std::uint32_t> with_owner;
  std::map<std::string, std::uint32_t> in_country;
};

struct Win {
  std::size_t ask = 0;  // its place in the list that was given
  u128 scale = 0;       // cleared
};

class ReferenceClearing {
 public:
  ReferenceClearing(const Wish& wish, const std::vector<Ask>& asks) : wish_(wish), asks_(asks) {
    for (std::size_t i = 0; i < asks.size(); ++i) order_.push_back(i);
    std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      return asks[a].score() != asks[b].score() ? asks[a].score() < asks[b].score()
                                                : tie(asks[a]) < tie(asks[b]);
    });
    if (order_.size() > 2'048) order_.resize(2'048);
    std::erase_if(order_, [&](std::size_t i) {
      return !asks[i].satisfies_rest || asks[i].scale > asks[i].unit_cap ||
             asks[i].scale * asks[i].hourly > wish.cap * 10'000;
    });
  }

  // In order of rank.
  std::vector<Win> clear() const {
    const std::vector<std::size_t> winners = select(nullptr);
    std::map<std::size_t, std::vector<u128>> paid;  // by ask, one scale a replica
    std::map<Address, std::vector<std::size_t>> of_owner;
    for (const std::size_t i : winners) of_owner[asks_[i].owner].push_back(i);
    for (const auto& [owner, his] : of_owner) {
      const std::vector<u128> scales = pay(his, kept_out(winners, owner));
      for (std::size_t n = 0; n < his.size(); ++n) paid[his[n]].push_back(scales[n]);
    }
    std::vector<Win> wins;
    std::map<std::size_t, std::size_t> told;
    for (const std::size_t i : winners) wins.push_back({i, paid[i][told[i]++]});
    return wins;
  }

 private:
  // The Host's id, xor the tagged hash "fog/tie" of beacon and Bid (ADR 9).
  Hash32 tie(const Ask& ask) const {
    const Hash32 tag = sha256(as_bytes("fog/tie"));
    Bytes text;
    for (const Hash32& part : {tag, tag, wish_.beacon, wish_.bid}) {
      text.insert(text.end(), part.data.begin(), part.data.end());
    }
    Hash32 out = sha256(text);
    for (std::size_t i = 0; i < out.data.size(); ++i) out.data[i] ^= ask.host.data[i];
    return out;
  }

  // "Lowest wins, at most the spread limits."
  std::vector<std::size_t> select(const Address* without) const {
    std::vector<std::size_t> winners;
    Wish counts = wish_;
    std::map<std::size_t, std::uint32_t> copies;
    while (winners.size() < wish_.demand) {
      const auto next = std::find_if(order_.begin(), order_.end(), [&](std::size_t i) {
        const Ask& ask = asks_[i];
        return (without == nullptr || ask.owner != *without) && copies[i] < ask.copies &&
               counts.on_host[ask.host] < wish_.per_host &&
               counts.with_owner[ask.owner] < wish_.per_owner &&
               counts.in_country[ask.country] < wish_.per_country;
      });
      if (next == order_.end()) break;
      winners.push_back(*next);
      ++copies[*next];
      ++counts.on_host[asks_[*next].host];
      ++counts.with_owner[asks_[*next].owner];
      ++counts.in_country[asks_[*next].country];
    }
    return winners;
  }

  // Scores of those that win only where the owner is not there, ascending.
  std::vector<u128> kept_out(const std::vector<std::size_t>& winners, const Address& owner) const {
    std::vector<std::size_t> others = select(&owner);
    for (const std::size_t i : winners) {
      const auto same = std::find(others.begin(), others.end(), i);
      if (same != others.end()) others.erase(same);
    }
    std::vector<u128> scores;
    for (const std::size_t i : others) scores.push_back(asks_[i].score());
    std::sort(scores.begin(), scores.end());
    return scores;
  }

  u128 cap_of(const Ask& ask) const {
    return std::min<u128>({wish_.cap * 10'000 / ask.hourly, ask.unit_cap, kScaleMax});
  }

  // `his` replicas by rank; at most so many of those kept out count, the highest.
  std::vector<u128> pay(const std::vector<std::size_t>& his, std::vector<u128> kept) const {
    if (kept.size() > his.size()) kept.erase(kept.begin(), kept.end() - std::ssize(his));
    std::vector<u128> thresholds;
    u128 money = 0, weight = 0;
    for (std::size_t n = 0; n < his.size(); ++n) {
      const Ask& ask = asks_[his[n]];
      const u128 cap = ask.score_at(cap_of(ask));
      const u128 score = n < kept.size() ? std::min(kept[n], cap) : cap;
      thresholds.push_back(std::max(score, ask.score()) - ask.distance_cost * 100'000'000);
      money += thresholds.back();
      weight += ask.hourly * ask.factor;
    }
    const u128 one = money / weight;
    const bool is_one = std::all_of(his.begin(), his.end(), [&](std::size_t i) {
      return asks_[i].scale <= one && one <= cap_of(asks_[i]);
    });
    std::vector<u128> scales;
    for (std::size_t n = 0; n < his.size(); ++n) {
      const Ask& ask = asks_[his[n]];
      scales.push_back(is_one ? one : thresholds[n] / (ask.hourly * ask.factor));
    }
    return scales;
  }

  const Wish wish_;
  const std::vector<Ask>& asks_;
  std::vector<std::size_t> order_;
};

}  // namespace fog::market::testing
