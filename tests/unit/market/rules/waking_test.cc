// How sleeping demand comes to be served: one story for each way in which a sleeper comes to fit.
#include "market/rules/fresh_offers.h"
#include "market/rules/standing.h"
#include "tests/support/market_world.h"

namespace fog::market {
namespace {

using testing::example_params;
using testing::is;
using testing::MarketWorld;
using testing::Person;
using testing::somewhere;

struct WakingTest : ::testing::Test {
  MarketWorld world;
  Person publisher = world.person();
  Person owner = world.person();
  BidTerms terms = MarketWorld::terms("abc");
  HostId host;

  WakingTest() { world.publish(publisher, "abc"); }
  // It has been searched for in vain and sleeps.
  BidId asleep() {
    const BidId bid = world.add_bid(publisher, terms);
    world.next_block();
    world.next_block();
    EXPECT_TRUE(is_asleep(world.state, world.bid(bid)));
    return bid;
  }
  // The Host's Offer is said again, as it stands.
  void offer_again() {
    EXPECT_EQ(world.send(owner, SetOffer{host, 0, 10'000, world.host(host).capacity}),
              Fault::kNone);
    world.next_block();
    world.next_block();
  }
};

TEST_F(WakingTest, AServiceThatRunsOtherwiseNow) {
  host = world.add_host(owner, 10'000);
  Manifest http = MarketWorld::manifest();
  http.runtime = RuntimeKind::kWasmHttp;
  ASSERT_EQ(world.send(publisher, UpdateService{"abc", http}), Fault::kNone);
  const BidId bid = asleep();
  ASSERT_EQ(world.send(publisher, UpdateService{"abc", MarketWorld::manifest()}), Fault::kNone);
  world.next_block();
  EXPECT_FALSE(world.has_lease(bid)) << "nothing is looked for until an Offer changes";
  offer_again();
  EXPECT_TRUE(world.has_lease(bid));
}

TEST_F(WakingTest, UseThatIsMeteredLessThanDeclared) {
  host = world.add_host(owner, 10'000);
  terms.cap_step = *step_for(5'000'000);
  terms.profile.fuel = 10'000'000'000;
  const BidId bid = asleep();
  auto service = *world.get<Service>(service_key("abc"));
  service.metered = UseProfile{};
  store(world.block(), service_key("abc"), service);
  offer_again();
  EXPECT_TRUE(world.has_lease(bid));
}

TEST_F(WakingTest, APriceClassThatAVoteMadeCheaper) {
  host = world.add_host(owner, 10'000);
  terms.cap_step = *step_for(3'500'000);
  const BidId bid = asleep();
  MarketParams params = example_params();
  for (PriceClass& one : params.classes) one.prices.cpu_core_hour = 2'000'000;
  store(world.block(), market_params_key(), params);
  offer_again();
  EXPECT_TRUE(world.has_lease(bid));
}

TEST_F(WakingTest, TermsThatAskForLess) {
  host = world.add_host(owner, 10'000);
  terms.constraints.countries = {"FR"};
  const BidId bid = asleep();
  terms.constraints.countries = {"DE"};
  ASSERT_EQ(world.send(publisher, UpdateBid{bid, terms}), Fault::kNone);
  world.next_block();
  world.next_block();
  EXPECT_TRUE(world.has_lease(bid)) << "at once: it wakes itself";
}

TEST_F(WakingTest, ADemandFromNearby) {
  host = world.add_host(owner, 10'000);
  world.add_gateway(owner);
  terms.near = somewhere();
  terms.near->lat_milli = 10'000;
  terms.constraints.distance_max_km = 500;
  terms.gateways = {owner.address};
  terms.replicas_max = 2;
  terms.demands_per_hour = 1;
  const BidId bid = asleep();
  ASSERT_EQ(world.send(owner, RaiseDemand{bid, 1, somewhere(), {}, 60'000}), Fault::kNone);
  world.next_block();
  EXPECT_EQ(world.bid(bid).replicas_held, 1U) << "in its own block";
}

TEST_F(WakingTest, AHostThatShowsLifeAgain) {
  host = world.add_host(owner, 10'000);
  world.next_block();
  Host down = world.host(host);
  down.down_since_ms = world.now();
  store(world.block(), host_key(host), down);
  const BidId bid = asleep();
  ASSERT_EQ(world.send(owner, Heartbeat{host}), Fault::kNone);
  world.next_block();
  EXPECT_TRUE(world.has_lease(bid));
}

TEST_F(WakingTest, AHostWhoseStandingHasHealed) {
  host = world.add_host(owner, 10'000);
  Host failed = world.host(host);
  lower_standing(failed, 1, world.now());
  store(world.block(), host_key(host), failed);
  terms.constraints.standing_min = kStandingOne;
  const BidId bid = asleep();
  world.stand_still(kStandingPointHealsMs);
  world.next_block();
  EXPECT_TRUE(world.has_lease(bid)) << "by its retry";
}

TEST_F(WakingTest, AHostThatComesBackFromLeaving) {
  host = world.add_host(owner, 10'000);
  world.next_block();
  ASSERT_EQ(world.send(owner, DrainHost{host, 120'000}), Fault::kNone);
  const BidId bid = asleep();
  world.wait(121'000);
  ASSERT_FALSE(world.has_lease(bid));
  offer_again();
  EXPECT_TRUE(world.has_lease(bid));
}

TEST_F(WakingTest, AnAuditorsAttestation) {
  host = world.add_host(owner, 10'000);
  const Person auditor = world.person();
  ASSERT_EQ(world.send(owner, AdmitAuditors{host, {auditor.address}}), Fault::kNone);
  terms.constraints.attributes = {is("tier", "gold")};
  terms.constraints.attributes[0].audited = true;
  terms.constraints.auditors = {auditor.address};
  const BidId bid = asleep();
  Attributes gold;
  gold["tier"] = "gold";
  ASSERT_EQ(world.send(auditor, AttestHost{host, gold, world.now() + 100'000}), Fault::kNone);
  world.next_block();
  world.next_block();
  EXPECT_TRUE(world.has_lease(bid));
}

TEST_F(WakingTest, NobodyIsShownAnythingOnceTheTimeToStartHasPassed) {
  terms.start_by_ms = world.now() + 1'000;
  const BidId bid = asleep();
  world.wait(2'000);
  EXPECT_FALSE(any_asleep(world.state));
  EXPECT_EQ(world.bid(bid).closed, CloseReason::kNotStarted);
  host = world.add_host(owner, 10'000);
  world.next_block();
  world.next_block();
  EXPECT_FALSE(any_fresh_offer(world.state));
  EXPECT_FALSE(world.has_lease(bid));
}

}  // namespace
}  // namespace fog::market
