// Matching: who is a candidate, in which order bids are served, and how demand sleeps and wakes.
#include <set>

#include "market/rules/fresh_offers.h"
#include "market/rules/offer_index.h"
#include "market/rules/rules.h"
#include "market/rules/standing.h"
#include "tests/support/market_world.h"

namespace fog::market {
namespace {

using testing::example_params;
using testing::is;
using testing::MarketWorld;
using testing::Person;
using testing::somewhere;

struct MatchingTest : ::testing::Test {
  MarketWorld world;
  Person publisher = world.person();
  Person owner = world.person();
  BidTerms terms = MarketWorld::terms("abc");

  MatchingTest() { world.publish(publisher, "abc"); }
  // Whether a bid with these terms finds a replica in the block after its own.
  bool finds(const BidTerms& t) {
    const BidId bid = world.add_bid(publisher, t);
    world.next_block();
    world.next_block();
    const bool found = world.has_lease(bid);
    EXPECT_EQ(world.send(publisher, CloseBid{bid}), Fault::kNone);
    world.next_block();
    return found;
  }
  template <class Change>
  bool finds_with(Change change) {
    BidTerms t = terms;
    change(t);
    return finds(t);
  }
};

TEST_F(MatchingTest, AnOfferTakesPartFromTheBlockAfterItsOwn) {
  const BidId bid = world.add_bid(publisher, terms);
  world.next_block();
  world.add_host(owner, 10'000);
  world.next_block();
  EXPECT_FALSE(world.has_lease(bid));
  world.next_block();
  EXPECT_TRUE(world.has_lease(bid));
}

TEST_F(MatchingTest, HardConstraints) {
  RegisterHost message = world.host_message(owner);
  message.attributes["tier"] = "gold";
  message.capacity.gpu = Gpu{"l4", 20};
  ASSERT_EQ(world.send(owner, message), Fault::kNone);
  const HostId host = make_host_id(world.last_tx, 0);
  ASSERT_EQ(world.send(owner, SetOffer{host, 0, 10'000, message.capacity}), Fault::kNone);
  world.next_block();

  EXPECT_TRUE(finds(terms));
  EXPECT_TRUE(finds_with([](auto& t) { t.constraints.countries = {"FR", "DE"}; }));
  EXPECT_FALSE(finds_with([](auto& t) { t.constraints.countries = {"FR"}; }));
  EXPECT_TRUE(finds_with([](auto& t) { t.constraints.attributes = {is("tier", "gold")}; }));
  EXPECT_FALSE(finds_with([](auto& t) { t.constraints.attributes = {is("tier", "silver")}; }));
  EXPECT_FALSE(finds_with([](auto& t) { t.constraints.attributes = {is("level", "gold")}; }));
  EXPECT_TRUE(finds_with([&](auto& t) { t.constraints.only_hosts = {host}; }));
  EXPECT_FALSE(finds_with([](auto& t) { t.constraints.only_hosts = {HostId{}}; }));
  EXPECT_FALSE(finds_with([&](auto& t) { t.constraints.not_hosts = {host}; }));
  EXPECT_TRUE(finds_with([&](auto& t) { t.constraints.runtime = message.runtimes[0]; }));
  EXPECT_FALSE(finds_with([](auto& t) { t.constraints.runtime = Hash32{}; }));
  EXPECT_TRUE(finds_with([](auto& t) { t.constraints.standing_min = kStandingOne; }));
  EXPECT_TRUE(finds_with([](auto& t) { t.resources.gpu = Gpu{"l4", 20}; }));
  EXPECT_FALSE(finds_with([](auto& t) { t.resources.gpu = Gpu{"l4", 21}; }));
  EXPECT_FALSE(finds_with([](auto& t) { t.resources.gpu = Gpu{"h100", 1}; }));
  EXPECT_TRUE(finds_with([](auto& t) { t.resources.cpu_milli = 4'000; }));
  EXPECT_FALSE(finds_with([](auto& t) { t.resources.cpu_milli = 8'001; }));
}

TEST_F(MatchingTest, TheCapIsOnThePriceAtTheProfile) {
  world.add_host(owner, 10'000);
  world.next_block();
  // One core and 1 GiB: 4 624 000 an hour. The caps around it: 3 686 250 and 4 607 812 are below.
  const std::uint8_t above = *step_for(4'624'000);
  EXPECT_TRUE(finds_with([&](auto& t) { t.cap_step = above; }));
  EXPECT_FALSE(finds_with([&](auto& t) { t.cap_step = static_cast<std::uint8_t>(above - 1); }));
  const std::uint64_t room = cap_of_step(above) - 4'624'000;
  EXPECT_TRUE(finds_with([&](auto& t) {
    t.cap_step = above;
    t.profile.fuel = room / 1'000'000 * 1'000'000'000;
  }));
  EXPECT_FALSE(finds_with([&](auto& t) {
    t.cap_step = above;
    t.profile.fuel = (room / 1'000'000 + 1) * 1'000'000'000;
  }));
}

TEST_F(MatchingTest, AHostWithALowStandingIsRefusedByTheMinimumAndRanksBehind) {
  const HostId failed = world.add_host(owner, 10'000);
  Host host = world.host(failed);
  lower_standing(host, 2'000, world.now());
  store(world.block(), host_key(failed), host);
  const Person rival = world.person();
  const HostId dearer = world.add_host(rival, 11'000);
  world.next_block();
  EXPECT_FALSE(finds_with([&](auto& t) {
    t.constraints.standing_min = 8'001;
    t.constraints.only_hosts = {failed};
  }));
  EXPECT_TRUE(finds_with([&](auto& t) {
    t.constraints.standing_min = 8'000;
    t.constraints.only_hosts = {failed};
  }));
  const BidId bid = world.add_bid(publisher, terms);
  world.next_block();
  world.next_block();
  EXPECT_EQ(world.lease_of(bid).host, dearer) << "10 000 x 1.2 is more than 11 000";
}

TEST_F(MatchingTest, OtherRuntimesNeedAHostThatSaysSo) {
  Manifest container = MarketWorld::manifest();
  container.runtime = RuntimeKind::kContainer;
  container.port = 80;
  ASSERT_EQ(world.send(publisher, PublishService{"boxed", container}), Fault::kNone);
  world.add_host(owner, 10'000);
  world.next_block();
  terms.service = "boxed";
  EXPECT_FALSE(finds(terms));
  const Person other = world.person();
  RegisterHost message = world.host_message(other);
  message.attributes["runtime.container"] = "1";
  ASSERT_EQ(world.send(other, message), Fault::kNone);
  ASSERT_EQ(
      world.send(other, SetOffer{make_host_id(world.last_tx, 0), 0, 10'000, message.capacity}),
      Fault::kNone);
  world.next_block();
  EXPECT_TRUE(finds(terms));
}

TEST_F(MatchingTest, OlderBidsAreServedFirst) {
  RegisterHost message = world.host_message(owner);
  message.capacity.cpu_milli = 1'000;  // room for one
  world.next_block();
  std::vector<BidId> bids;
  for (int i = 0; i < 6; ++i) {
    bids.push_back(world.add_bid(publisher, terms));
    world.next_block();
  }
  ASSERT_EQ(world.send(owner, message), Fault::kNone);
  const HostId host = make_host_id(world.last_tx, 0);
  ASSERT_EQ(world.send(owner, SetOffer{host, 0, 10'000, message.capacity}), Fault::kNone);
  world.next_block();
  world.next_block();
  for (std::size_t i = 0; i < bids.size(); ++i) EXPECT_EQ(world.has_lease(bids[i]), i == 0);
}

TEST_F(MatchingTest, BidsOfOneBlockAreServedByHash) {
  std::set<std::size_t> winners;
  for (std::uint8_t round = 0; round < 12; ++round) {
    MarketWorld fresh;
    const Person someone = fresh.person();
    const Person host_owner = fresh.person();
    fresh.publish(someone, "abc");
    RegisterHost message = fresh.host_message(host_owner);
    message.capacity.cpu_milli = 1'000;
    ASSERT_EQ(fresh.send(host_owner, message), Fault::kNone);
    ASSERT_EQ(fresh.send(host_owner,
                         SetOffer{make_host_id(fresh.last_tx, 0), 0, 10'000, message.capacity}),
              Fault::kNone);
    for (std::uint8_t i = 0; i < round; ++i) fresh.next_block();
    std::vector<BidId> bids;
    for (int i = 0; i < 3; ++i) bids.push_back(fresh.add_bid(someone, terms));
    fresh.next_block();
    fresh.next_block();
    std::size_t won = 0;
    for (std::size_t i = 0; i < bids.size(); ++i) {
      if (!fresh.has_lease(bids[i])) continue;
      winners.insert(i);
      ++won;
    }
    EXPECT_EQ(won, 1U);
  }
  EXPECT_GT(winners.size(), 1U) << "sending first gives no advantage";
}

TEST_F(MatchingTest, ReplicasClearTogetherAndAPartlyFilledBidStands) {
  const Person second = world.person();
  world.add_host(owner, 10'000);
  world.add_host(second, 12'000);
  world.next_block();
  terms.replicas_min = 3;
  terms.replicas_max = 3;
  const BidId bid = world.add_bid(publisher, terms);
  world.next_block();
  world.next_block();
  EXPECT_EQ(world.bid(bid).replicas_held, 2U);
  EXPECT_NE(world.lease_of(bid, 0).host, world.lease_of(bid, 1).host);
  const Person third = world.person();
  const HostId late = world.add_host(third, 20'000);
  world.next_block();
  world.next_block();
  EXPECT_EQ(world.bid(bid).replicas_held, 3U);
  EXPECT_EQ(world.lease_of(bid, 2).host, late);
  EXPECT_EQ(world.lease_of(bid, 2).scale, cap_of_step(45) * 10'000 / 4'624'000)
      << "nobody else was left: the cap";
}

TEST_F(MatchingTest, DemandThatFindsNothingSleepsLongerEachTime) {
  const BidId bid = world.add_bid(publisher, terms);
  world.next_block();
  world.next_block();
  const std::uint64_t asleep = world.now() - 1;
  EXPECT_EQ(world.bid(bid).sleep_until_ms, asleep + 5'000);
  EXPECT_EQ(next_due_ms(world.state, world.now()), asleep + 5'000);
  EXPECT_FALSE(any_awake(world.state));
  world.wait(5'000);
  EXPECT_EQ(world.bid(bid).sleep_until_ms, asleep + 10'000);
  world.wait(5'000);
  EXPECT_EQ(world.bid(bid).sleep_until_ms, asleep + 20'000);
  world.wait(24 * 3'600'000);
  EXPECT_LE(world.bid(bid).sleep_until_ms, world.now() + kSleepMsMax) << "an hour at most";
}

TEST_F(MatchingTest, AnOfferThatCouldServeWakesAndOneThatCouldNotDoesNot) {
  terms.constraints.countries = {"FR"};
  const BidId bid = world.add_bid(publisher, terms);
  world.next_block();
  world.next_block();
  const std::uint64_t until = world.bid(bid).sleep_until_ms;
  world.add_host(owner, 10'000, "DE");
  world.next_block();
  world.next_block();
  EXPECT_EQ(world.bid(bid).sleep_until_ms, until) << "nobody looked";
  EXPECT_FALSE(any_fresh_offer(world.state));
  const Person french = world.person();
  world.add_host(french, 10'000, "FR");
  world.next_block();
  EXPECT_EQ(next_due_ms(world.state, world.now()), world.now()) << "the next block is due at once";
  world.next_block();
  EXPECT_TRUE(world.has_lease(bid));
}

TEST_F(MatchingTest, CapacityThatALeaseGivesBackWakes) {
  RegisterHost message = world.host_message(owner);
  message.capacity.cpu_milli = 1'000;
  ASSERT_EQ(world.send(owner, message), Fault::kNone);
  ASSERT_EQ(
      world.send(owner, SetOffer{make_host_id(world.last_tx, 0), 0, 10'000, message.capacity}),
      Fault::kNone);
  const BidId first = world.add_bid(publisher, terms);
  world.next_block();
  const BidId second = world.add_bid(publisher, terms);
  world.next_block();
  world.next_block();
  EXPECT_TRUE(world.has_lease(first));
  EXPECT_FALSE(world.has_lease(second));
  ASSERT_EQ(world.send(publisher, CloseBid{first}), Fault::kNone);
  world.next_block();
  EXPECT_TRUE(world.has_lease(second)) << "in the same block";
}

TEST_F(MatchingTest, ABidWithoutMoneyForASliceSleepsUntilItIsToppedUp) {
  world.add_host(owner, 10'000);
  const Person second = world.person();
  world.add_host(second, 10'000);
  const BidId bid = world.add_bid(publisher, terms, 3'000'000);
  world.next_block();
  world.next_block();
  ASSERT_TRUE(world.has_lease(bid));
  EXPECT_EQ(world.bid(bid).free, Amount{});
  ASSERT_EQ(world.send(owner, Heartbeat{world.lease_of(bid).host}) == Fault::kNone ||
                world.send(second, Heartbeat{world.lease_of(bid).host}) == Fault::kNone,
            true);
  // The slice is lost to rent in time; here the replica is simply given up while nothing is free.
  Bid poor = world.bid(bid);
  poor.terms.replicas_min = 2;
  poor.terms.replicas_max = 2;
  wake(world.block(), world.context, poor);
  world.next_block();
  EXPECT_TRUE(any_asleep(world.state));
  EXPECT_EQ(world.bid(bid).sleep_until_ms, 0U) << "no retry: only money helps";
  ASSERT_EQ(world.send(second, TopUpBid{bid, Amount{2'999'999}}), Fault::kNone);
  world.next_block();
  EXPECT_EQ(world.bid(bid).replicas_held, 1U);
  ASSERT_EQ(world.send(second, TopUpBid{bid, Amount{1}}), Fault::kNone);
  world.next_block();
  EXPECT_EQ(world.bid(bid).replicas_held, 2U);
}

TEST_F(MatchingTest, ABidWithNoFewestReplicasHoldsNothingAndCostsNothing) {
  world.add_host(owner, 10'000);
  terms.replicas_min = 0;
  const BidId bid = world.add_bid(publisher, terms);
  world.next_block();
  world.wait(24 * 3'600'000);
  EXPECT_FALSE(world.has_lease(bid));
  EXPECT_EQ(world.bid(bid).free, Amount{100'000'000});
  EXPECT_FALSE(next_due_ms(world.state, world.now()).has_value());
}

TEST_F(MatchingTest, MeteredUseReplacesTheDeclaredProfile) {
  const Person rival = world.person();
  // Class 1 is dearer for fuel and cores; at 9 000 it is cheaper for one core at rest.
  const HostId standard = world.add_host(owner, 10'000, "DE", 0);
  const HostId dear_fuel = world.add_host(rival, 8'900, "DE", 1);
  world.next_block();
  const auto winner = [&] {
    const BidId bid = world.add_bid(publisher, terms);
    world.next_block();
    world.next_block();
    const HostId host = world.lease_of(bid).host;
    EXPECT_EQ(world.send(publisher, CloseBid{bid}), Fault::kNone);
    world.next_block();
    return host;
  };
  EXPECT_EQ(winner(), dear_fuel);
  auto service = *world.get<Service>(service_key("abc"));
  service.metered = UseProfile{10'000'000'000, 0, 0};
  store(world.block(), service_key("abc"), service);
  EXPECT_EQ(winner(), standard);
}

TEST_F(MatchingTest, NewLeasesTakeTheNewVersionOldOnesKeepTheirs) {
  world.add_host(owner, 10'000);
  world.next_block();
  const BidId before = world.add_bid(publisher, terms);
  world.next_block();
  world.next_block();
  Manifest next = MarketWorld::manifest();
  next.wall_ms = 5;
  ASSERT_EQ(world.send(publisher, UpdateService{"abc", next}), Fault::kNone);
  const BidId after = world.add_bid(publisher, terms);
  world.next_block();
  world.next_block();
  EXPECT_EQ(world.lease_of(before).service_version, 1U);
  EXPECT_EQ(world.lease_of(after).service_version, 2U);
}

TEST_F(MatchingTest, NearerHostsWinWhenDistanceIsWorthIt) {
  Location berlin = somewhere();
  berlin.lat_milli = 142'520;
  berlin.lon_milli = 193'405;
  RegisterHost far = world.host_message(owner);
  far.location = berlin;
  far.location.lat_milli -= 9'000;  // 1 001 km to the south
  ASSERT_EQ(world.send(owner, far), Fault::kNone);
  const HostId far_id = make_host_id(world.last_tx, 0);
  ASSERT_EQ(world.send(owner, SetOffer{far_id, 0, 10'000, far.capacity}), Fault::kNone);
  const Person neighbour = world.person();
  RegisterHost near = world.host_message(neighbour);
  near.location = berlin;
  ASSERT_EQ(world.send(neighbour, near), Fault::kNone);
  const HostId near_id = make_host_id(world.last_tx, 0);
  ASSERT_EQ(world.send(neighbour, SetOffer{near_id, 0, 11'000, near.capacity}), Fault::kNone);
  world.next_block();
  // The near one is 462 400 an hour dearer: 462 droplets a kilometre and more make up for it.
  for (const std::uint32_t weight : {460U, 463U}) {
    BidTerms t = terms;
    t.near = berlin;
    t.latency_weight = weight;
    const BidId bid = world.add_bid(publisher, t);
    world.next_block();
    world.next_block();
    EXPECT_EQ(world.lease_of(bid).host, weight == 460 ? far_id : near_id);
    ASSERT_EQ(world.send(publisher, CloseBid{bid}), Fault::kNone);
    world.next_block();
  }
}

TEST(Matching, OnlyTheFirst2048ThatFitAreTestedFurther) {
  testing::MemoryState state;
  Overlay overlay(state);
  const MarketParams params = example_params();
  BlockContext block;
  block.height = 10;
  block.time_ms = 1'000;
  std::vector<HostId> by_scale;
  for (std::uint32_t i = 0; i < kSearchMax + 2; ++i) {
    Host host;
    host.id = make_lease_id({}, i);
    host.location = somewhere();
    host.runtimes.push_back(make_lease_id({}, 7));
    Offer offer{host.id, 0, kScaleOne + i, {1'000, 1'024, 0, 0, {}}, 1};
    store(overlay, host_key(host.id), host);
    store(overlay, offer_key(host.id), offer);
    StateKey index = state_key(Table::kOffersByClass, {ByteView(Bytes{0})});
    for (int shift = 24; shift >= 0; shift -= 8) {
      index.push_back(static_cast<std::uint8_t>(offer.scale >> shift));
    }
    append(index, host.id);
    overlay.put(index, {});
    by_scale.push_back(host.id);
  }
  OfferIndex index;
  index.touch_all();
  index.refresh(overlay);
  OfferQuery query;
  query.terms = MarketWorld::terms("abc");
  query.height = block.height;
  query.time_ms = block.time_ms;
  const auto found = [&] {
    OfferIndex::Search search(index, query, params);
    std::size_t count = 0;
    while (search.next()) ++count;
    return count;
  };
  EXPECT_EQ(found(), kSearchMax);
  query.terms.constraints.only_hosts = {by_scale[kSearchMax - 1]};
  EXPECT_EQ(found(), 1U);
  query.terms.constraints.only_hosts = {by_scale[kSearchMax]};
  EXPECT_EQ(found(), 0U) << "one too far down";
  query.terms.constraints.countries = {"FR"};
  EXPECT_EQ(found(), 0U);
}

}  // namespace
}  // namespace fog::market
