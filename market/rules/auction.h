// The auction for one Bid: who wins, and at which scale. A pure function of its arguments.
//
// Scores are whole numbers in droplets an hour x 10^8 (scale and standing factor count in 1/10
// 000):
//   score = asked scale x hourly x standing factor + distance cost x 10^8
// The lowest wins, ties as tie_of() says (ADR 0009), at most the spread limits per Host, owner and
// country. contrib/doc/auction.md says what the rule guarantees. Source: DESIGN section 9.
#pragma once

#include <functional>
#include <vector>

#include "market/types/objects.h"

namespace fog::market {

// A Host that satisfies every hard constraint of the Bid and whose price is within its cap.
struct Candidate {
  HostId host;
  Address owner;
  BoundedText<2> country;
  Scale scale = kScaleOne;          // asked
  Scale unit_cap = kScaleMax;       // the most that the Bid's caps per unit allow in its class
  std::uint64_t hourly = 1;         // class vector . profile at scale one, droplets an hour
  std::uint32_t factor = 10'000;    // standing_factor()
  std::uint64_t distance_cost = 0;  // droplets an hour; below 2^47
  std::uint32_t copies = 1;         // replicas that fit into its free capacity
  bool operator==(const Candidate&) const = default;
};

// A replica that the Bid already holds; it counts into the spread limits.
struct HeldReplica {
  HostId host;
  Address owner;
  BoundedText<2> country;
};

struct AuctionTerms {
  BidId bid;
  Hash32 beacon;
  std::uint32_t demand = 0;  // replicas wanted
  std::uint64_t cap = 0;     // droplets an hour for one replica at the profile
  std::uint32_t per_host_max = 1;
  std::uint32_t per_owner_max = 255;
  std::uint32_t per_country_max = 255;
  std::vector<HeldReplica> held;
};

// One replica for one candidate; a candidate may win several.
struct Award {
  std::size_t candidate = 0;
  Scale scale = kScaleOne;  // cleared: at least what was asked, at most the cap
  bool operator==(const Award&) const = default;
};

// Candidates one at a time, by (score, tie); nothing when there are no more.
using CandidateSource = std::function<std::optional<Candidate>()>;

struct AuctionResult {
  std::vector<Candidate> candidates;  // those that were looked at, by (score, tie)
  std::vector<Award> awards;          // in order of score; fewer than the demand when none are left
};
// Takes no more candidates from the source than it takes to know winners and payments.
AuctionResult run_auction(const AuctionTerms& terms, const CandidateSource& source);
// The same for candidates in any order; the awards name them by their place.
std::vector<Award> run_auction(const AuctionTerms& terms, const std::vector<Candidate>& candidates);

constexpr u128 kScoreUnit = u128{kScaleOne} * kStandingOne;
// The score of a candidate at a scale.
inline u128 score_at(const Candidate& candidate, Scale scale) {
  return u128{std::uint64_t{scale} * candidate.factor} * candidate.hourly +
         kScoreUnit * candidate.distance_cost;
}
// The most that a candidate can clear at: the least that the Bid's caps allow.
Scale clearing_max(const AuctionTerms& terms, const Candidate& candidate);
// What orders equal scores: the Host's id, xor a hash of beacon and Bid. An index by id can find
// the lowest among any number of equal scores.
Hash32 tie_mask(const Hash32& beacon, const BidId& bid);
Hash32 tie_of(const Hash32& mask, const HostId& host);

}  // namespace fog::market
