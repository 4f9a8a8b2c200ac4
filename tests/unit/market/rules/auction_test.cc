// The auction: worked examples, then random markets against the reference and a brute-force version
// of the rule, and against what it promises.
#include "market/rules/auction.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "tests/support/auction_reference.h"
#include "tests/support/seeded_rng.h"

namespace fog::market {
namespace {

using fog::testing::SeededRng;
using testing::brute_score;
using testing::optimum;

Candidate ask(std::uint8_t host, std::uint8_t owner, Scale scale, std::uint32_t copies = 1) {
  Candidate c;
  c.host.data[0] = host;
  c.owner.data[0] = owner;
  c.country = "DE";
  c.scale = scale;
  c.hourly = 1'000;
  c.copies = copies;
  return c;
}
// A cap of scale 10 000 x 50 for a profile of 1 000 an hour.
AuctionTerms want(std::uint32_t replicas) {
  AuctionTerms terms;
  terms.demand = replicas;
  terms.cap = 50'000;
  terms.beacon = sha256(as_bytes("beacon"));
  return terms;
}
// Cleared scale by host.
std::map<std::uint8_t, std::vector<Scale>> cleared(const AuctionTerms& terms,
                                                   const std::vector<Candidate>& candidates) {
  std::map<std::uint8_t, std::vector<Scale>> out;
  for (const Award& award : run_auction(terms, candidates)) {
    out[candidates[award.candidate].host[0]].push_back(award.scale);
  }
  return out;
}
using Cleared = std::map<std::uint8_t, std::vector<Scale>>;

TEST(Auction, TheLowestWinsAndIsPaidTheNextScore) {
  EXPECT_EQ(cleared(want(1), {ask(1, 1, 9'000), ask(2, 2, 7'000), ask(3, 3, 8'000)}),
            (Cleared{{2, {8'000}}}));
}

TEST(Auction, AloneItIsPaidTheCap) {
  EXPECT_EQ(cleared(want(1), {ask(1, 1, 9'000)}), (Cleared{{1, {500'000}}}));
  EXPECT_EQ(cleared(want(3), {ask(1, 1, 9'000), ask(2, 2, 20'000)}),
            (Cleared{{1, {500'000}}, {2, {500'000}}}))
      << "whoever's absence nobody would fill";
}

TEST(Auction, OwnHostsDoNotRaiseEachOthersPay) {
  EXPECT_EQ(cleared(want(1), {ask(1, 1, 5'000), ask(2, 1, 6'000), ask(3, 2, 9'000)}),
            (Cleared{{1, {9'000}}}))
      << "the owner's second Host is not who sets his pay";
  EXPECT_EQ(
      cleared(want(2), {ask(1, 1, 5'000), ask(2, 1, 6'000), ask(3, 2, 9'000), ask(4, 3, 12'000)}),
      (Cleared{{1, {10'500}}, {2, {10'500}}}))
      << "two replicas, paid 9 000 and 12 000, as one scale";
}

TEST(Auction, OneHostCanWinSeveralReplicasUpToItsLimitAndRoom) {
  AuctionTerms terms = want(3);
  terms.per_host_max = 2;
  EXPECT_EQ(cleared(terms, {ask(1, 1, 5'000, 9), ask(2, 2, 9'000, 9)}),
            (Cleared{{1, {254'500, 254'500}}, {2, {500'000}}}));
  EXPECT_EQ(cleared(terms, {ask(1, 1, 5'000, 1), ask(2, 2, 9'000, 9), ask(3, 3, 10'000, 9)}),
            (Cleared{{1, {10'000}}, {2, {10'000, 10'000}}}));
}

TEST(Auction, SpreadLimitsCountWhatTheBidHolds) {
  AuctionTerms terms = want(2);
  HeldReplica held;
  held.host.data[0] = 1;
  held.owner.data[0] = 1;
  held.country = "DE";
  terms.held.push_back(held);
  EXPECT_EQ(cleared(terms, {ask(1, 1, 5'000), ask(2, 2, 6'000), ask(3, 3, 7'000)}),
            (Cleared{{2, {500'000}}, {3, {500'000}}}));
  terms.per_owner_max = 1;
  EXPECT_EQ(cleared(terms, {ask(5, 1, 5'000), ask(2, 2, 6'000)}), (Cleared{{2, {500'000}}}));
  terms.per_owner_max = 255;
  terms.per_country_max = 2;
  Candidate french = ask(4, 4, 30'000);
  french.country = "FR";
  EXPECT_EQ(cleared(terms, {ask(2, 2, 6'000), ask(3, 3, 7'000), french}),
            (Cleared{{2, {7'000}}, {4, {500'000}}}))
      << "the German is paid what the next German asked, not what the Frenchman did";
}

TEST(Auction, TiesFallByHash) {
  const AuctionTerms terms = want(1);
  const std::vector<Candidate> two{ask(1, 1, 7'000), ask(2, 2, 7'000)};
  const Hash32 mask = tie_mask(terms.beacon, terms.bid);
  const bool first = tie_of(mask, two[0].host) < tie_of(mask, two[1].host);
  EXPECT_EQ(cleared(terms, two), (Cleared{{static_cast<std::uint8_t>(first ? 1 : 2), {7'000}}}));
  AuctionTerms other = terms;
  int changes = 0;
  for (std::uint8_t i = 0; i < 32; ++i) {
    other.beacon.data[0] = i;
    if (cleared(other, two) != cleared(terms, two)) ++changes;
  }
  EXPECT_GT(changes, 5) << "another beacon, another order";
}

TEST(Auction, StandingAndDistanceCountInTheScoreNotInThePay) {
  Candidate near = ask(1, 1, 8'000);
  Candidate far = ask(2, 2, 7'000);
  far.distance_cost = 200;  // a fifth of the hourly price at scale one
  EXPECT_EQ(cleared(want(1), {near, far}), (Cleared{{1, {9'000}}})) << "7 000 + 2 000";
  Candidate failed = ask(3, 3, 7'000);
  failed.factor = 12'000;
  EXPECT_EQ(cleared(want(1), {near, failed}), (Cleared{{1, {8'400}}}));
  EXPECT_EQ(cleared(want(1), {far, failed}), (Cleared{{3, {7'500}}}))
      << "9 000 points, at 1.2 points a unit";
}

TEST(Auction, AKeptOutScoreAboveTheCapCountsAsTheCap) {
  AuctionTerms terms = want(1);
  terms.cap = 800;  // scale 8 000
  Candidate rival = ask(2, 2, 8'000);
  rival.distance_cost = 10'000;
  EXPECT_EQ(cleared(terms, {ask(1, 1, 7'000), rival}), (Cleared{{1, {8'000}}}));
}

TEST(Auction, HostsOfOneOwnerThatDifferInDistanceAreEachPaidTheirOwnThreshold) {
  Candidate dear_near = ask(1, 1, 5'000);
  Candidate cheap_far = ask(2, 1, 1'000);
  cheap_far.distance_cost = 400;
  // Scores 5 000 and 5 000; those kept out score 5 200 and 5 600. One scale would be 3 400, below
  // what the near one asked.
  const std::vector<Candidate> candidates{dear_near, cheap_far, ask(3, 2, 5'200), ask(4, 3, 5'600)};
  const Cleared got = cleared(want(2), candidates);
  EXPECT_GE(got.at(1)[0], 5'000U);
  EXPECT_GE(got.at(2)[0], 1'000U);
  EXPECT_EQ(got.at(1)[0] + got.at(2)[0], 5'200U + 5'600 - 4'000)
      << "in all, what one scale had paid";
}

TEST(Auction, NothingWantedOrNobodyThere) {
  EXPECT_TRUE(run_auction(want(0), {ask(1, 1, 5'000)}).empty());
  EXPECT_TRUE(run_auction(want(3), std::vector<Candidate>{}).empty());
}

TEST(CapScale, IsTheLargestWithinTheCap) {
  EXPECT_EQ(cap_scale(1'000, 1'000), 10'000U);
  EXPECT_EQ(cap_scale(1'000, 1'001), 9'990U);
  EXPECT_EQ(cap_scale(1'000, ~0ULL), 0U);
  EXPECT_EQ(cap_scale(~0ULL, 1), kScaleMax);
}

// ---- random markets ----

struct Shape {
  bool distances = false;  // Hosts differ in distance and standing
  bool alike = false;      // all Hosts of one owner are alike
  bool countries = false;  // a country limit may bind
  bool nested = true;      // an owner's Hosts are in one country
};

struct RandomMarket {
  AuctionTerms terms;
  std::vector<Candidate> candidates;
};
RandomMarket random_market(SeededRng& rng, const Shape& shape, std::size_t most) {
  RandomMarket m;
  rng.fill(m.terms.beacon.data);
  m.terms.demand = static_cast<std::uint32_t>(1 + rng.below(4));
  m.terms.cap = 1'000 + rng.below(3'000);
  m.terms.per_host_max = static_cast<std::uint32_t>(1 + rng.below(3));
  m.terms.per_owner_max = static_cast<std::uint32_t>(1 + rng.below(4));
  m.terms.per_country_max = shape.countries ? static_cast<std::uint32_t>(1 + rng.below(3)) : 255;
  const std::size_t count = rng.below(most + 1);
  for (std::size_t i = 0; i < count; ++i) {
    const auto owner = static_cast<std::uint8_t>(rng.below(4));
    Candidate c =
        ask(static_cast<std::uint8_t>(i), owner, 0, static_cast<std::uint32_t>(1 + rng.below(3)));
    const std::uint64_t kind = shape.alike ? owner : rng.next();
    c.country = (shape.nested ? owner : rng.next()) % 2 == 0 ? "DE" : "FR";
    c.hourly = 1'000 + (shape.distances ? kind % 3 * 100 : 0);
    c.factor = shape.distances ? static_cast<std::uint32_t>(10'000 + kind % 5 * 700) : 10'000;
    c.distance_cost = shape.distances ? kind % 7 * 50 : 0;
    if (shape.distances && kind % 3 == 0) c.unit_cap = static_cast<Scale>(8'000 + kind % 5 * 900);
    const Scale most_scale = clearing_max(m.terms, c);
    // Few different asks, so that ties happen.
    c.scale = static_cast<Scale>(std::max<std::uint64_t>(
        kScaleMin, most_scale - most_scale * rng.below(8) / 8 - rng.below(2)));
    m.candidates.push_back(c);
  }
  return m;
}

// Limits bind at every level, nested or not, some replicas are held, asks tie, owners have Hosts
// that differ in everything.
TEST(AuctionProperty, WinnersAndPaymentsAreTheReferences) {
  SeededRng rng(1);
  std::size_t own_scales = 0;
  for (int round = 0; round < 20'000; ++round) {
    const Shape shape{rng.below(2) == 0, rng.below(2) == 0, rng.below(2) == 0, rng.below(2) == 0};
    RandomMarket m = random_market(rng, shape, rng.below(8) == 0 ? 40 : 8);
    if (rng.below(8) == 0) m.terms.demand += static_cast<std::uint32_t>(rng.below(30));
    for (std::uint64_t n = rng.below(4); n > 0 && !m.candidates.empty(); --n) {
      const Candidate& c = m.candidates[rng.below(m.candidates.size())];
      m.terms.held.push_back({c.host, c.owner, c.country});
    }
    std::vector<std::pair<std::size_t, Scale>> got;
    for (const Award& award : run_auction(m.terms, m.candidates))
      got.emplace_back(award.candidate, award.scale);
    std::vector<std::pair<std::size_t, Scale>> expected;
    std::map<Address, std::set<Scale>> scales;
    const std::vector<testing::Ask> asks = testing::asks_of(m.terms, m.candidates);
    for (const testing::Win& win : testing::reference_auction(testing::wish_of(m.terms), asks)) {
      expected.emplace_back(win.ask, win.scale);
      scales[asks[win.ask].owner].insert(win.scale);
    }
    ASSERT_EQ(got, expected) << "round " << round;
    for (const auto& [owner, of_owner] : scales) own_scales += of_owner.size() > 1 ? 1U : 0U;
  }
  EXPECT_GT(own_scales, 100U) << "owners whose replicas have a scale each";
}

TEST(AuctionProperty, WithNestedLimitsTheSelectionIsTheBestOfAll) {
  SeededRng rng(2);
  for (int round = 0; round < 1'000; ++round) {
    const RandomMarket m = random_market(rng, {true, false, true, true}, 6);
    u128 total = 0;
    const std::vector<Award> awards = run_auction(m.terms, m.candidates);
    for (const Award& award : awards) {
      const Candidate& c = m.candidates[award.candidate];
      total += brute_score(c);
    }
    const testing::Optimum best = optimum(m.terms, m.candidates, nullptr);
    EXPECT_EQ(awards.size(), best.size);
    EXPECT_TRUE(total == best.total);
  }
}

// Where a country limit binds, the literal text would pay for competition that there was none of;
// the rule pays each owner by how much worse off the Bid were without him, a missing replica
// counted at the cap. By brute force, on Hosts that differ in nothing but their ask.
TEST(AuctionProperty, AnOwnerIsPaidWhatTheBidWouldLoseWithoutHim) {
  SeededRng rng(4);
  for (int round = 0; round < 1'000; ++round) {
    const RandomMarket m = random_market(rng, {false, false, true, true}, 6);
    const u128 at_cap = u128{cap_scale(m.terms.cap, 1'000)} * 1'000 * 10'000;
    const auto loss = [&](const testing::Optimum& o) {
      return o.total + at_cap * (m.terms.demand - o.size);
    };
    const u128 with_all = loss(optimum(m.terms, m.candidates, nullptr));
    std::map<Address, std::vector<Award>> by_owner;
    for (const Award& award : run_auction(m.terms, m.candidates)) {
      by_owner[m.candidates[award.candidate].owner].push_back(award);
    }
    for (const auto& [owner, awards] : by_owner) {
      u128 asked = 0;
      for (const Award& award : awards) {
        const Candidate& c = m.candidates[award.candidate];
        asked += brute_score(c);
      }
      const u128 worth = loss(optimum(m.terms, m.candidates, &owner)) - with_all + asked;
      const u128 scale = worth / (u128{1'000} * 10'000 * awards.size());
      for (const Award& award : awards) EXPECT_TRUE(award.scale == scale) << "round " << round;
    }
  }
}

TEST(AuctionProperty, NobodyIsPaidLessThanHeAskedOrMoreThanTheCap) {
  SeededRng rng(5);
  for (int round = 0; round < 5'000; ++round) {
    const RandomMarket m = random_market(rng, {true, false, true, false}, 10);
    for (const Award& award : run_auction(m.terms, m.candidates)) {
      const Candidate& c = m.candidates[award.candidate];
      EXPECT_GE(award.scale, c.scale);
      EXPECT_LE(u128{award.scale} * c.hourly, u128{m.terms.cap} * kScaleOne);
    }
  }
}

// An owner's profit: cleared less cost, over all his replicas; in units of scale x hourly.
std::int64_t profit_of(const AuctionTerms& terms, const std::vector<Candidate>& asked,
                       const std::vector<Scale>& costs, const Address& owner) {
  std::int64_t profit = 0;
  for (const Award& award : run_auction(terms, asked)) {
    if (asked[award.candidate].owner != owner) continue;
    profit += (static_cast<std::int64_t>(award.scale) -
               static_cast<std::int64_t>(costs[award.candidate])) *
              static_cast<std::int64_t>(asked[award.candidate].hourly);
  }
  return profit;
}

// No lie of one owner about his asks earns him more than the truth, but for rounding: a scale is a
// whole number, which can be worth one unit of it a replica.
void expect_lies_do_not_pay(SeededRng& rng, const RandomMarket& m, const Address& liar) {
  std::vector<Scale> costs;
  for (const Candidate& c : m.candidates) costs.push_back(c.scale);
  const std::int64_t honest = profit_of(m.terms, m.candidates, costs, liar);
  EXPECT_GE(honest, 0);
  for (int attempt = 0; attempt < 8; ++attempt) {
    std::vector<Candidate> lies = m.candidates;
    for (Candidate& c : lies) {
      if (c.owner != liar) continue;
      const Scale most = clearing_max(m.terms, c);
      c.scale = static_cast<Scale>(kScaleMin + rng.below(most - kScaleMin + 1));
    }
    const std::int64_t rounding = 1'300 * static_cast<std::int64_t>(m.terms.demand);
    EXPECT_LE(profit_of(m.terms, lies, costs, liar), honest + rounding);
  }
}

// Within one bid, limits nested, the Hosts of each owner alike in distance, standing and class.
TEST(AuctionProperty, MisreportingDoesNotPay) {
  SeededRng rng(6);
  for (int round = 0; round < 2'000; ++round) {
    const RandomMarket m = random_market(rng, {true, true, true, true}, 7);
    if (m.candidates.empty()) continue;
    expect_lies_do_not_pay(rng, m, m.candidates[rng.below(m.candidates.size())].owner);
  }
}

// An owner's Hosts may also differ in distance, where rivals below the cap could fill his place.
TEST(AuctionProperty, MisreportingDoesNotPayWithHostsInSeveralPlaces) {
  SeededRng rng(8);
  for (int round = 0; round < 2'000; ++round) {
    RandomMarket m = random_market(rng, {true, true, false, true}, 7);
    m.terms.cap *= 30;
    for (std::uint8_t i = 0; i < 8; ++i) {
      Candidate rival = ask(static_cast<std::uint8_t>(100 + i), static_cast<std::uint8_t>(100 + i),
                            static_cast<Scale>(5'000 + rng.below(20'000)));
      rival.distance_cost = rng.below(300);
      m.candidates.push_back(rival);
    }
    for (Candidate& c : m.candidates) {
      c.unit_cap = kScaleMax;  // as the cap above: no cap takes a rival's place
      if (rng.below(2) == 0) c.distance_cost = rng.below(300);
    }
    expect_lies_do_not_pay(rng, m, m.candidates[0].owner);
  }
}

// One replica an owner, all alike: nothing is rounded, and one unit of profit would be found.
TEST(AuctionProperty, MisreportingDoesNotPayToTheUnit) {
  SeededRng rng(7);
  for (int round = 0; round < 3'000; ++round) {
    RandomMarket m = random_market(rng, {false, true, true, true}, 7);
    m.terms.per_host_max = 1;
    m.terms.per_owner_max = 1;
    if (m.candidates.empty()) continue;
    std::vector<Scale> costs;
    for (const Candidate& c : m.candidates) costs.push_back(c.scale);
    const Address liar = m.candidates[rng.below(m.candidates.size())].owner;
    const std::int64_t honest = profit_of(m.terms, m.candidates, costs, liar);
    std::vector<Candidate> lies = m.candidates;
    for (Candidate& c : lies) {
      if (c.owner != liar) continue;
      c.scale = static_cast<Scale>(
          std::clamp<std::uint64_t>(c.scale + rng.below(4'001), 2'100, 32'000) - 2'000);
      c.scale = std::min(c.scale, clearing_max(m.terms, c));
    }
    EXPECT_LE(profit_of(m.terms, lies, costs, liar), honest) << "round " << round;
  }
}

}  // namespace
}  // namespace fog::market
