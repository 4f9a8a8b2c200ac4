// What one block searches for is bounded: whoever waits longest goes first, nobody is passed over
// for ever, and what is left goes on in the next block, with an index or after a restart.
#include "market/rules/fresh_offers.h"
#include "tests/support/market_world.h"
#include "tests/support/random_terms.h"

namespace fog::market {
namespace {

using testing::example_params;
using testing::MarketWorld;
using testing::Person;
using testing::SeededRng;

MarketParams params_with(std::uint32_t searches) {
  MarketParams params = example_params();
  params.searches_per_block = searches;
  return params;
}

// A service that no Host runs: as that may change, its Bids are shown to all of them.
void publish_http(MarketWorld& world, const Person& publisher) {
  Manifest manifest = MarketWorld::manifest();
  manifest.runtime = RuntimeKind::kWasmHttp;
  ASSERT_EQ(world.send(publisher, PublishService{ServiceName("http"), manifest}), Fault::kNone);
}

struct Bounded {
  explicit Bounded(std::uint32_t searches) : world(params_with(searches)) {
    world.publish(publisher, "abc");
    world.next_block();
  }
  std::vector<BidId> add_bids(std::size_t count,
                              const BidTerms& terms = MarketWorld::terms("abc")) {
    std::vector<BidId> bids;
    for (; count > 0; --count) bids.push_back(world.add_bid(publisher, terms));
    return bids;
  }
  std::size_t leases(const std::vector<BidId>& bids) const {
    return static_cast<std::size_t>(std::count_if(
        bids.begin(), bids.end(), [&](const BidId& bid) { return world.has_lease(bid); }));
  }
  // Those that a search has found nothing for.
  std::size_t searched(const std::vector<BidId>& bids) const {
    return static_cast<std::size_t>(std::count_if(bids.begin(), bids.end(), [&](const BidId& bid) {
      return world.bid(bid).asleep_since_ms != 0;
    }));
  }

  MarketWorld world;
  Person publisher = world.person();
  Person owner = world.person();
};

TEST(ClearingBound, WhatIsLeftStaysDueAndGoesOnInTheNextBlock) {
  Bounded market(2);
  market.world.add_host(market.owner, 10'000);
  market.world.next_block();
  const std::vector<BidId> bids = market.add_bids(5);
  market.world.next_block();
  for (const std::size_t done : {2U, 4U, 5U}) {
    EXPECT_EQ(next_due_ms(market.world.state, market.world.now()), market.world.now());
    market.world.next_block();
    EXPECT_EQ(market.leases(bids), done);
  }
  EXPECT_FALSE(any_awake(market.world.state));
}

TEST(ClearingBound, CountsReplicasAndServesTheLastBidWhole) {
  Bounded market(3);
  BidTerms spread = MarketWorld::terms("abc", 4);
  spread.constraints.per_host_max = 4;
  market.world.add_host(market.owner, 10'000);
  market.world.next_block();
  const std::vector<BidId> first = market.add_bids(1);
  market.world.next_block();  // the next ones are younger
  const std::vector<BidId> large = market.add_bids(2, spread);
  market.world.next_block();
  EXPECT_EQ(market.leases(first), 1U);
  market.world.next_block();
  EXPECT_EQ(market.leases(large), 1U);
  const BidId one = market.world.has_lease(large[0]) ? large[0] : large[1];
  EXPECT_EQ(market.world.bid(one).replicas_held, 4U);
  market.world.next_block();
  EXPECT_EQ(market.leases(large), 2U);
}

// What a Bid holds is looked at again when it is searched for: 32 replicas count as one search.
TEST(ClearingBound, CountsWhatABidHolds) {
  Bounded market(2);
  BidTerms large = MarketWorld::terms("abc", 32);
  large.resources = {100, 64, 0, 0, {}};
  large.constraints.per_host_max = 64;
  market.world.add_host(market.owner, 10'000);
  market.world.next_block();
  const std::vector<BidId> bids = market.add_bids(2, large);
  market.world.next_block();
  for (int block = 0; block < 2; ++block) market.world.next_block();
  const auto held = [&](std::size_t n) { return market.world.bid(bids[n]).replicas_held; };
  ASSERT_EQ(held(0) + held(1), 64);
  large.replicas_min = large.replicas_max = 33;
  for (const BidId& bid : bids)
    ASSERT_EQ(market.world.send(market.publisher, UpdateBid{bid, large}), Fault::kNone);
  market.world.next_block();
  market.world.next_block();
  EXPECT_EQ(held(0) + held(1), 65) << "each makes up two searches";
  market.world.next_block();
  EXPECT_EQ(held(0) + held(1), 66);
}

// Two searches a block, three new Bids in each: those that wait are served in the order of their
// blocks all the same, and the flood grows at its own end.
TEST(ClearingBound, AFloodOfNewBidsStarvesNobodyWhoWaited) {
  Bounded market(2);
  BidTerms nowhere = MarketWorld::terms("abc");
  nowhere.constraints.countries = {"FR"};
  std::vector<std::vector<BidId>> by_block;
  for (int block = 0; block < 30; ++block) {
    by_block.push_back(market.add_bids(3, nowhere));
    market.world.next_block();
  }
  bool all_before = true;
  std::size_t searched = 0;
  for (const std::vector<BidId>& bids : by_block) {
    const std::size_t here = market.searched(bids);
    EXPECT_TRUE(all_before || here == 0) << "somebody was passed over";
    all_before = here == bids.size();
    searched += here;
  }
  EXPECT_EQ(searched, 2U * 29) << "every block searched for two";
}

TEST(ClearingBound, AFloodOfNewBidsDoesNotKeepSleepersFromTheirRetry) {
  Bounded market(2);
  BidTerms nowhere = MarketWorld::terms("abc");
  nowhere.constraints.countries = {"FR"};
  const BidId sleeper = market.add_bids(1, nowhere)[0];
  market.world.next_block();
  market.world.next_block();
  const std::uint64_t slept = market.world.bid(sleeper).turn_height;
  ASSERT_NE(slept, 0U);
  market.world.stand_still(5'000);
  market.add_bids(3, nowhere);
  // It is due in this block already, so that it stands before most of the flood.
  for (int block = 0; block < 4; ++block) {
    market.world.next_block();
    market.add_bids(3, nowhere);
  }
  EXPECT_GT(market.world.bid(sleeper).turn_height, slept);
  EXPECT_TRUE(is_asleep(market.world.state, market.world.bid(sleeper)))
      << "it has been searched for again";
}

TEST(ClearingBound, UpdatesDoNotMoveABidForward) {
  Bounded market(1);
  BidTerms nowhere = MarketWorld::terms("abc");
  nowhere.constraints.countries = {"FR"};
  const std::vector<BidId> bids = market.add_bids(6, nowhere);
  market.world.next_block();
  // Whoever updates is not searched for in that block, and keeps its place.
  const BidId restless = bids[3];
  for (int block = 0; block < 5; ++block) {
    ASSERT_EQ(market.world.send(market.publisher, UpdateBid{restless, nowhere}), Fault::kNone);
    market.world.next_block();
  }
  EXPECT_EQ(market.searched(bids), 5U);
  EXPECT_EQ(market.world.bid(restless).asleep_since_ms, 0U);
  market.world.next_block();
  EXPECT_EQ(market.searched(bids), 6U);
}

// Twenty Bids sleep for want of an Offer. One comes with room for two: no more are woken than half
// of what a block searches, and none once the room is gone.
TEST(ClearingBound, AnOfferWakesNoMoreThanItHasRoomFor) {
  Bounded market(8);
  const std::vector<BidId> bids = market.add_bids(20);
  for (int block = 0; block < 4; ++block) market.world.next_block();
  ASSERT_EQ(market.searched(bids), 20U);
  RegisterHost message = market.world.host_message(market.owner);
  message.capacity.cpu_milli = 2'000;
  ASSERT_EQ(market.world.send(market.owner, message), Fault::kNone);
  const HostId host = make_host_id(market.world.last_tx, 0);
  ASSERT_EQ(market.world.send(market.owner, SetOffer{host, 0, 10'000, message.capacity}),
            Fault::kNone);
  const std::uint64_t offered = market.world.context.height;
  for (int block = 0; block < 4; ++block) market.world.next_block();
  EXPECT_EQ(market.leases(bids), 2U);
  EXPECT_FALSE(any_fresh_offer(market.world.state));
  EXPECT_EQ(std::count_if(bids.begin(), bids.end(),
                          [&](const BidId& bid) {
                            return market.world.bid(bid).turn_height > offered &&
                                   !market.world.has_lease(bid);
                          }),
            2)
      << "four woke, and two of them found the room";
}

// With room for all, the waking goes on block after block until every one has been shown the Offer.
TEST(ClearingBound, AMassWakeUpGoesOnUntilAllHaveSeenTheOffer) {
  Bounded market(4);
  BidTerms small = MarketWorld::terms("abc");
  small.resources.cpu_milli = 100;
  small.resources.memory_mib = 64;
  const std::vector<BidId> bids = market.add_bids(21, small);
  for (int block = 0; block < 8; ++block) market.world.next_block();
  ASSERT_EQ(market.searched(bids), 21U);
  market.world.add_host(market.owner, 10'000);
  market.world.next_block();
  std::size_t before = 0;
  for (int block = 0; block < 11; ++block) {
    EXPECT_EQ(next_due_ms(market.world.state, market.world.now()), market.world.now());
    market.world.next_block();
    EXPECT_LE(market.leases(bids), before + 2);
    before = market.leases(bids);
  }
  EXPECT_EQ(before, 21U);
  market.world.next_block();
  EXPECT_FALSE(any_fresh_offer(market.world.state));
}

// Bids that surely do not want the Offer cost little each, and so many of them something: what is
// left is gone through in the next block.
TEST(ClearingBound, ABlockComesAcrossSoManySleepersInVain) {
  Bounded market(1);  // 64 a block
  BidTerms elsewhere = MarketWorld::terms("abc");
  elsewhere.constraints.not_countries = {"DE"};
  const auto fall_asleep = [&](const BidId& id) {
    Bid bid = market.world.bid(id);
    put_to_sleep(market.world.block(), market.world.context, params_with(1), bid,
                 market.world.now() + 1'000);
  };
  for (const BidId& bid : market.add_bids(150, elsewhere)) fall_asleep(bid);
  market.world.next_block();
  const BidId last = market.add_bids(1)[0];
  fall_asleep(last);
  market.world.next_block();
  market.world.add_host(market.owner, 10'000);
  market.world.next_block();
  for (int block = 0; block < 2; ++block) {
    market.world.next_block();
    EXPECT_FALSE(market.world.has_lease(last));
    EXPECT_TRUE(any_fresh_offer(market.world.state));
  }
  market.world.next_block();
  EXPECT_TRUE(market.world.has_lease(last));
}

// So many sleepers that an Offer misses each by little, in one way or another, that a block cannot
// look at all that may lead to one whom it fits: the Offer is shown no further, the next one is,
// and whoever has not been reached finds both by his retry.
TEST(ClearingBound, ABlockLooksInVainAtSoMuchOfTheSleepersTrees) {
  Bounded market(1);
  // Since that time, and as long again.
  const auto sleep = [&](const BidId& id, std::uint64_t since_ms) {
    Bid bid = market.world.bid(id);
    bid.asleep_since_ms = since_ms;
    put_to_sleep(market.world.block(), market.world.context, params_with(1), bid,
                 market.world.now() + 1'000'000);
  };
  const auto looks = static_cast<std::size_t>(looks_per_block(params_with(1)));
  BidTerms terms = MarketWorld::terms("abc");
  terms.cap_step = 49;
  const auto add_decoys = [&](std::size_t count) {
    for (std::size_t n = 0; n < count; ++n) {
      terms.resources =
          n % 2 == 0 ? Resources{8'100, 16'384, 0, 0, {}} : Resources{7'900, 17'000, 0, 0, {}};
      sleep(market.add_bids(1, terms)[0], 1);
    }
  };
  add_decoys(looks * 16);
  market.world.next_block();
  terms.resources = {7'900, 16'384, 0, 0, {}};
  const BidId wants = market.add_bids(1, terms)[0];
  sleep(wants, market.world.now());
  market.world.next_block();
  const auto add_host = [&] {
    RegisterHost message = market.world.host_message(market.owner);
    message.capacity = {8'000, 16'384, 100'000, 0, {}};
    ASSERT_EQ(market.world.send(market.owner, message), Fault::kNone);
    const HostId host = make_host_id(market.world.last_tx, 0);
    ASSERT_EQ(market.world.send(market.owner, SetOffer{host, 0, 10'000, message.capacity}),
              Fault::kNone);
  };
  add_host();
  add_host();
  market.world.next_block();
  ASSERT_TRUE(any_fresh_offer(market.world.state));
  market.world.next_block();
  EXPECT_TRUE(any_fresh_offer(market.world.state)) << "the first took all looks";
  market.world.next_block();
  EXPECT_FALSE(any_fresh_offer(market.world.state));
  EXPECT_FALSE(market.world.has_lease(wants));
  market.world.stand_still(5'000);
  market.world.next_block();
  EXPECT_TRUE(market.world.has_lease(wants));
}

// A Host whose Offer changes in every block and that all sleepers would have to be shown in vain
// does not keep another Host's Offer from being shown.
TEST(ClearingBound, AHostThatChangesItsOfferAllTheTimeKeepsNobodyElseFromBeingShown) {
  Bounded market(1);  // four showings a block
  publish_http(market.world, market.publisher);
  const BidTerms refuses = MarketWorld::terms("http");
  std::vector<HostId> hosts;
  std::vector<Person> owners;
  for (int n = 0; n < 6; ++n) {
    owners.push_back(market.world.person());
    hosts.push_back(market.world.add_host(owners.back(), 10'000));
  }
  const std::size_t last =
      static_cast<std::size_t>(std::max_element(hosts.begin(), hosts.end()) - hosts.begin());
  market.add_bids(20, refuses);
  for (const HostId& host : hosts)
    ASSERT_EQ(market.world.send(owners[static_cast<std::size_t>(&host - hosts.data())],
                                WithdrawOffer{host}),
              Fault::kNone);
  BidTerms wants_last = MarketWorld::terms("abc");
  wants_last.constraints.only_hosts = {hosts[last]};
  const BidId bid = market.add_bids(1, wants_last)[0];
  for (int block = 0; block < 40; ++block) market.world.next_block();
  ASSERT_TRUE(is_asleep(market.world.state, market.world.bid(bid)));
  const auto offer = [&](std::size_t n) {
    ASSERT_EQ(market.world.send(
                  owners[n], SetOffer{hosts[n], 0, 10'000, market.world.host(hosts[n]).capacity}),
              Fault::kNone);
  };
  offer(last);
  int blocks = 0;
  for (; blocks < 60 && !market.world.has_lease(bid); ++blocks) {
    for (std::size_t n = 0; n < hosts.size(); ++n) {
      if (n != last) offer(n);
    }
    market.world.next_block();
  }
  EXPECT_LT(blocks, 60);
}

// ---- the same with an index that goes on, and with one made anew before every block ----

class Twin {
 public:
  Twin(std::uint64_t seed, std::uint32_t searches, bool restarts)
      : rng_(seed), random_(rng_), world_(params_with(searches)) {
    world_.restarts = restarts;
    world_.publish(publisher_, "abc");
    publish_http(world_, publisher_);
    for (int n = 0; n < 5; ++n) owners_.push_back(world_.person());
    world_.next_block();
  }
  void block() {
    for (std::uint64_t n = rng_.below(6); n > 0; --n) change();
    world_.stand_still(1 + rng_.below(1'500));
  }
  const std::map<StateKey, Bytes>& records() const { return world_.state.records(); }
  const MarketWorld& world() const { return world_; }

 private:
  void change() {
    const std::uint64_t kind = rng_.below(8);
    if (kind < 2 || hosts_.empty()) {
      if (hosts_.size() < 8) {
        const Person& owner = owners_[rng_.below(owners_.size())];
        hosts_.emplace_back(owner,
                            world_.add_host(owner, 10'000, rng_.below(2) == 0 ? "DE" : "FR"));
        return;
      }
    }
    if (kind < 4 && !hosts_.empty()) {
      const auto& [owner, host] = hosts_[rng_.below(hosts_.size())];
      Resources offered = world_.host(host).capacity;
      offered.cpu_milli = static_cast<std::uint32_t>(1'000 + rng_.below(7'000));
      (void)world_.send(owner, SetOffer{host, static_cast<std::uint8_t>(rng_.below(2)),
                                        static_cast<Scale>(8'000 + rng_.below(4'000)), offered});
      return;
    }
    if (kind == 4 && !bids_.empty()) {
      (void)world_.send(publisher_, CloseBid{bids_[rng_.below(bids_.size())]});
      return;
    }
    if (kind == 5) {
      for (const auto& [id, lease] : testing::read_records(world_.state).leases) {
        if (lease.state != LeaseState::kProposed) continue;
        for (const auto& [owner, host] : hosts_) {
          if (host == lease.host) (void)world_.send(owner, ReleaseLease{id, lease.term, "no"});
        }
        break;
      }
      return;
    }
    BidTerms t = MarketWorld::terms(rng_.below(2) == 0 ? "abc" : "http",
                                    static_cast<std::uint16_t>(1 + rng_.below(3)));
    t.resources.cpu_milli = static_cast<std::uint32_t>(200 + rng_.below(3'000));
    t.cap_step = static_cast<std::uint8_t>(40 + rng_.below(8));
    random_.constrain(t);
    if (rng_.below(3) == 0) t.constraints.countries = {rng_.below(2) == 0 ? "DE" : "FR"};
    if (world_.send(publisher_, CreateBid{t, Amount{1'000'000'000}}) == Fault::kNone)
      bids_.push_back(make_bid_id(world_.last_tx, 0));
  }

  SeededRng rng_;
  testing::RandomTerms random_;
  MarketWorld world_;
  Person publisher_ = world_.person();
  std::vector<Person> owners_;
  std::vector<std::pair<Person, HostId>> hosts_;
  std::vector<BidId> bids_;
};

TEST(ClearingBound, IsTheSameWithAnIndexThatGoesOnAndAfterARestart) {
  std::size_t backlogs = 0;
  std::size_t leases = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const auto searches = static_cast<std::uint32_t>(1 + seed % 5);
    Twin goes_on(seed, searches, false);
    Twin restarts(seed, searches, true);
    for (int n = 0; n < 60; ++n) {
      goes_on.block();
      restarts.block();
      ASSERT_TRUE(goes_on.records() == restarts.records()) << "seed " << seed << " block " << n;
      backlogs += goes_on.world().state.get(state_key(Table::kFreshCursor)) ? 1U : 0U;
    }
    leases += testing::read_records(goes_on.world().state).leases.size();
  }
  EXPECT_GT(backlogs, 100U) << "the bound of showings was reached";
  EXPECT_GT(leases, 200U);
}

}  // namespace
}  // namespace fog::market
