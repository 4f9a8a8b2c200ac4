// Attempts to gain: asks that are not the cost, several names for one owner, the order of messages
// in a block, acknowledgements that do not come. What contrib/doc/auction.md says of each is
// searched for exceptions.
#include <map>

#include "tests/support/market_world.h"

namespace fog::market {
namespace {

using testing::MarketRecords;
using testing::MarketWorld;
using testing::Match;
using testing::Person;
using testing::proposed_in;
using testing::read_records;
using testing::SeededRng;

// ---- within one Bid ----

struct Asks {
  AuctionTerms terms;
  std::vector<Candidate> candidates;
};

Address name(std::uint8_t number) {
  Address address;
  address.data[0] = number;
  return address;
}

// A few owners with alike Hosts; limits nest. Owner 0 is the one who may lie.
Asks random_asks(SeededRng& rng, bool owner_limit) {
  Asks m;
  rng.fill(m.terms.beacon.data);
  m.terms.demand = static_cast<std::uint32_t>(1 + rng.below(4));
  m.terms.cap = 1'000 + rng.below(3'000);
  m.terms.per_host_max = static_cast<std::uint32_t>(1 + rng.below(2));
  m.terms.per_owner_max = owner_limit ? static_cast<std::uint32_t>(1 + rng.below(3)) : 255;
  m.terms.per_country_max = rng.below(2) == 0 ? static_cast<std::uint32_t>(1 + rng.below(3)) : 255;
  const auto class_cap = static_cast<Scale>(8'000 + rng.below(20'000));
  for (std::uint8_t i = 0, count = static_cast<std::uint8_t>(2 + rng.below(6)); i < count; ++i) {
    const auto owner = static_cast<std::uint8_t>(i == 0 ? 0 : rng.below(4));
    Candidate c;
    c.host.data[0] = i;
    c.owner = name(owner);
    c.country = owner % 2 == 0 ? "DE" : "FR";
    c.hourly = 1'000 + owner * 100U;
    c.factor = 10'000 + owner * 500U;
    c.distance_cost = owner * 40U;
    c.copies = static_cast<std::uint32_t>(1 + rng.below(2));
    if (owner % 2 == 0) c.unit_cap = class_cap;  // one for all Hosts of a class
    const Scale most = clearing_max(m.terms, c);
    c.scale = static_cast<Scale>(kScaleMin + rng.below(most - kScaleMin + 1));
    m.candidates.push_back(c);
  }
  return m;
}

// What his Hosts (the same places in both lists) earn above their cost, in scale x hourly.
std::int64_t profit(const AuctionTerms& terms, const std::vector<Candidate>& said,
                    const std::vector<Candidate>& costs, const std::vector<std::size_t>& his) {
  std::int64_t sum = 0;
  for (const Award& award : run_auction(terms, said)) {
    if (std::find(his.begin(), his.end(), award.candidate) == his.end()) continue;
    sum += (static_cast<std::int64_t>(award.scale) -
            static_cast<std::int64_t>(costs[award.candidate].scale)) *
           static_cast<std::int64_t>(costs[award.candidate].hourly);
  }
  return sum;
}

std::vector<std::size_t> hosts_of(const Asks& m, const Address& owner) {
  std::vector<std::size_t> his;
  for (std::size_t i = 0; i < m.candidates.size(); ++i) {
    if (m.candidates[i].owner == owner) his.push_back(i);
  }
  return his;
}

// All asks of one Host at which an outcome can change: beside the score of every other, and the
// ends.
std::vector<Scale> telling_asks(const Asks& m, std::size_t host) {
  const Candidate& c = m.candidates[host];
  const Scale most = clearing_max(m.terms, c);
  std::set<Scale> asks{kScaleMin, most, c.scale};
  for (const Candidate& other : m.candidates) {
    const u128 score = score_at(other, other.scale);
    const u128 distance = u128{c.distance_cost} * 100'000'000;
    if (score < distance) continue;
    const u128 same = (score - distance) / (u128{c.hourly} * c.factor);
    for (int beside = -1; beside <= 1; ++beside) {
      const u128 ask = beside < 0 && same > 0 ? same - 1 : same + (beside > 0 ? 1U : 0U);
      if (ask >= kScaleMin && ask <= most) asks.insert(static_cast<Scale>(ask));
    }
  }
  return {asks.begin(), asks.end()};
}

// One scale for k replicas is rounded down, which costs less than one unit each.
std::int64_t rounding(const Asks& m) {
  return 1'400 * static_cast<std::int64_t>(m.terms.demand);
}

TEST(Strategy, NoAskOfAnOwnersHostsEarnsMoreThanTheirCosts) {
  SeededRng rng(11);
  std::size_t tried = 0;
  for (int round = 0; round < 1'500; ++round) {
    const Asks m = random_asks(rng, true);
    const std::vector<std::size_t> his = hosts_of(m, name(0));
    const std::int64_t honest = profit(m.terms, m.candidates, m.candidates, his);
    std::vector<Candidate> said = m.candidates;
    // Each Host alone, and two of his together.
    for (const Scale first : telling_asks(m, his[0])) {
      said[his[0]].scale = first;
      const std::size_t second = his.size() > 1 ? his[1] : his[0];
      for (const Scale other : his.size() > 1 ? telling_asks(m, second) : std::vector{first}) {
        said[second].scale = other;
        ++tried;
        ASSERT_LE(profit(m.terms, said, m.candidates, his), honest + rounding(m))
            << "round " << round;
      }
    }
  }
  EXPECT_GT(tried, 50'000U);
}

// Without a limit on owners: however he spreads his Hosts over names and whatever these ask.
TEST(Strategy, SeveralNamesEarnNoMoreThanOne) {
  SeededRng rng(12);
  std::size_t less = 0;
  for (int round = 0; round < 1'500; ++round) {
    const Asks m = random_asks(rng, false);
    const std::vector<std::size_t> his = hosts_of(m, name(0));
    const std::int64_t honest = profit(m.terms, m.candidates, m.candidates, his);
    std::vector<Candidate> split = m.candidates;
    for (const std::size_t i : his) {
      split[i].owner = name(static_cast<std::uint8_t>(100 + rng.below(his.size())));
    }
    if (profit(m.terms, split, m.candidates, his) + rounding(m) < honest) ++less;
    for (const Scale first : telling_asks(m, his[0])) {
      split[his[0]].scale = first;
      for (std::size_t n = 1; n < his.size(); ++n) {
        const std::vector<Scale> asks = telling_asks(m, his[n]);
        split[his[n]].scale = asks[rng.below(asks.size())];
      }
      ASSERT_LE(profit(m.terms, split, m.candidates, his), honest + rounding(m))
          << "round " << round;
    }
  }
  EXPECT_GT(less, 20U) << "honest names are paid less where they keep each other's pay down";
}

// What names do get around: a limit on owners.
TEST(Strategy, SeveralNamesPassALimitOnOwners) {
  Asks m;
  m.terms.demand = 2;
  m.terms.cap = 5'000;
  m.terms.per_owner_max = 1;
  for (const auto& [host, owner, scale] :
       {std::tuple{1, 1, 5'000U}, {2, 1, 6'000U}, {3, 2, 9'000U}, {4, 3, 12'000U}}) {
    Candidate c;
    c.host.data[0] = static_cast<std::uint8_t>(host);
    c.owner = name(static_cast<std::uint8_t>(owner));
    c.country = "DE";
    c.scale = scale;
    c.hourly = 1'000;
    m.candidates.push_back(c);
  }
  EXPECT_EQ(profit(m.terms, m.candidates, m.candidates, {0, 1}), (12'000 - 5'000) * 1'000);
  std::vector<Candidate> split = m.candidates;
  split[1].owner = name(9);
  EXPECT_EQ(profit(m.terms, split, m.candidates, {0, 1}), (9'000 - 5'000 + 9'000 - 6'000) * 1'000)
      << "two replicas instead of one, at a lower price each";
}

// ---- in blocks ----

// The same market every time; its last block takes the messages of several people in a given order.
class Reordered {
 public:
  explicit Reordered(const std::vector<std::size_t>& order) {
    for (int i = 0; i < 4; ++i) hosts_.push_back(world_.person());
    for (int i = 0; i < 2; ++i) publishers_.push_back(world_.person());
    for (std::size_t i = 0; i < hosts_.size(); ++i)
      ids_.push_back(world_.add_host(hosts_[i], static_cast<Scale>(9'000 + 500 * i)));
    world_.publish(publishers_[0], "one");
    world_.publish(publishers_[1], "two");
    first_ = world_.add_bid(publishers_[0], MarketWorld::terms("one"));
    second_ = world_.add_bid(publishers_[1], MarketWorld::terms("two"));
    world_.next_block();
    world_.next_block();
    for (const std::size_t number : order) send(number);
    for (int block = 0; block < 3; ++block) {
      const BlockContext context = world_.context;
      world_.next_block();
      for (const Match& match : proposed_in(read_records(world_.state), context))
        matches.push_back(match);
    }
  }
  static constexpr std::size_t kMessages = 6;
  std::vector<Match> matches;

 private:
  template <class Message>
  void send_numbered(std::size_t number, const Person& from, const Message& message) {
    EXPECT_EQ(world_.send_as(sha256(bcs_encode(std::uint64_t{1'000 + number})), from, message),
              Fault::kNone);
  }
  const Person& host_of(const BidId& bid) const {
    const HostId id = world_.lease_of(bid).host;
    return hosts_[static_cast<std::size_t>(std::find(ids_.begin(), ids_.end(), id) - ids_.begin())];
  }
  void send(std::size_t number) {
    switch (number) {
      case 0:
        return send_numbered(number, host_of(first_),
                             ReleaseLease{make_lease_id(first_, 0), 1, ""});
      case 1:
        return send_numbered(number, host_of(second_), AckLease{make_lease_id(second_, 0), 1});
      case 2:
        return send_numbered(number, hosts_[2],
                             SetOffer{ids_[2], 0, 8'000, world_.host(ids_[2]).capacity});
      case 3:
        return send_numbered(number, hosts_[3], WithdrawOffer{ids_[3]});
      case 4:
        return send_numbered(number, publishers_[0],
                             CreateBid{MarketWorld::terms("one", 2), Amount{100'000'000}});
      default:
        return send_numbered(number, publishers_[1],
                             CreateBid{MarketWorld::terms("two", 2), Amount{100'000'000}});
    }
  }

  MarketWorld world_;
  std::vector<Person> hosts_, publishers_;
  std::vector<HostId> ids_;
  BidId first_, second_;
};

TEST(Strategy, EveryOrderOfABlocksMessagesMatchesTheSame) {
  std::vector<std::size_t> order(Reordered::kMessages);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const std::vector<Match> expected = Reordered(order).matches;
  EXPECT_EQ(expected.size(), 5U) << "the replica that was declined, and two new Bids of two each";
  std::size_t orders = 0;
  do {
    ASSERT_TRUE(Reordered(order).matches == expected) << "order number " << orders;
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(orders, 720U);
}

// A Host that wins and does not acknowledge, to keep a rival out or to wait for something better:
// the rival has the replica within the deadline, at the price without it, and the silent one falls
// behind an equal.
TEST(Strategy, WithholdingAnAcknowledgementEarnsNothingAndCosts) {
  MarketWorld world;
  const Person silent = world.person();
  const Person rival = world.person();
  const Person publisher = world.person();
  const HostId silent_host = world.add_host(silent, 9'000);
  const HostId rival_host = world.add_host(rival, 9'001);
  world.publish(publisher, "svc");
  const BidId bid = world.add_bid(publisher, MarketWorld::terms("svc"));
  const std::uint64_t before = world.balance(silent);
  world.next_block();
  world.next_block();
  ASSERT_EQ(world.lease_of(bid).host, silent_host);
  const MarketParams params = *world.get<MarketParams>(market_params_key());
  for (std::uint64_t waited = 0; waited < params.ack_deadline_ms; waited += 10'000) {
    world.wait(10'000);
    EXPECT_EQ(world.send(rival, Heartbeat{rival_host}), Fault::kNone);
  }
  world.wait(1'000);
  EXPECT_EQ(world.lease_of(bid).host, rival_host) << "the next one has it after the deadline";
  EXPECT_EQ(world.lease_of(bid).term, 2U);
  EXPECT_EQ(world.send(rival, AckLease{make_lease_id(bid, 0), 2}), Fault::kNone);
  EXPECT_NE(world.host(silent_host).down_since_ms, 0U) << "asked again only when it shows life";
  EXPECT_EQ(world.balance(silent), before) << "nothing was earned";
  EXPECT_EQ(world.send(silent, Heartbeat{silent_host}), Fault::kNone);
  world.next_block();
  const BidId next = world.add_bid(publisher, MarketWorld::terms("svc"));
  world.next_block();
  world.next_block();
  EXPECT_EQ(world.lease_of(next).host, rival_host) << "its ask is lower, its score is not any more";
  EXPECT_LT(world.host(silent_host).standing, kStandingOne);
}

}  // namespace
}  // namespace fog::market
