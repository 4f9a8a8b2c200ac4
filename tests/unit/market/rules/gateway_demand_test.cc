// RaiseDemand: gateways ask for replicas beyond a Bid's fewest.
#include "market/rules/settlement.h"
#include "tests/support/market_stage.h"

namespace fog::market {
namespace {

using testing::MarketWorld;
using testing::Person;
using testing::somewhere;
using testing::Stage;

// A Bid that holds nothing until a gateway asks.
struct OnDemand : ::testing::Test {
  Stage s;
  MarketWorld& world = s.world;
  BidTerms terms = s.terms(0);

  void open(std::uint16_t most = 2, std::uint16_t an_hour = 10) {
    terms.replicas_max = most;
    terms.demands_per_hour = an_hour;
    s.bid = world.add_bid(s.publisher, terms);
    world.next_block();
    world.next_block();
  }
  RaiseDemand demand(std::uint16_t replicas, std::uint64_t for_ms = 600'000) const {
    return {s.bid, replicas, somewhere(), {}, for_ms};
  }
  Fault raise(std::uint16_t replicas, std::uint64_t for_ms = 600'000) {
    return world.send(s.gateway, demand(replicas, for_ms));
  }
};

TEST_F(OnDemand, ClearsInItsOwnBlock) {
  open();
  EXPECT_FALSE(world.has_lease(s.bid)) << "the fewest are none";
  EXPECT_FALSE(next_due_ms(world.state, world.now()).value_or(~0ULL) <= world.now());
  ASSERT_EQ(raise(1), Fault::kNone);
  const std::uint64_t raised_ms = world.now();
  world.next_block();
  ASSERT_TRUE(world.has_lease(s.bid));
  EXPECT_EQ(world.lease_of(s.bid).proposed_ms, raised_ms);
  EXPECT_EQ(world.lease_of(s.bid).host, s.cheap);
}

TEST_F(OnDemand, ABidOfTheSameBlockWaitsForTheNext) {
  terms.replicas_max = 1;
  terms.demands_per_hour = 1;
  s.bid = world.add_bid(s.publisher, terms);
  ASSERT_EQ(raise(1), Fault::kNone);
  world.next_block();
  EXPECT_FALSE(world.has_lease(s.bid));
  world.next_block();
  EXPECT_TRUE(world.has_lease(s.bid));
}

TEST_F(OnDemand, TheFeeComesFromTheEscrowAndAPartOfItIsBurned) {
  open();
  const std::uint64_t before = world.balance(s.gateway);
  const std::uint64_t burned = world.burned();
  ASSERT_EQ(raise(1), Fault::kNone);
  const std::uint64_t fee = testing::example_params().demand_fee.droplets;
  EXPECT_EQ(world.burned() - burned, fee / 50);
  EXPECT_EQ(world.balance(s.gateway), before + fee - fee / 50);
  EXPECT_EQ(world.bid(s.bid).spent, Amount{fee});
  EXPECT_EQ(world.bid(s.bid).free, Amount{100'000'000 - fee});
}

TEST_F(OnDemand, LessCostsNothingAndReplicasFallAway) {
  open(4);
  terms.constraints.per_host_max = 4;
  ASSERT_EQ(world.send(s.publisher, UpdateBid{s.bid, terms}), Fault::kNone);
  world.next_block();
  ASSERT_EQ(raise(3), Fault::kNone);
  world.next_block();
  ASSERT_EQ(world.bid(s.bid).replicas_held, 3U);
  const Amount spent = world.bid(s.bid).spent;
  ASSERT_EQ(raise(1), Fault::kNone);
  EXPECT_EQ(world.bid(s.bid).spent, spent);
  EXPECT_EQ(world.bid(s.bid).replicas_held, 1U);
  EXPECT_EQ(world.lease_of(s.bid, 2).closed, CloseReason::kIdle);
  EXPECT_EQ(world.lease_of(s.bid, 0).state, LeaseState::kProposed);
  ASSERT_EQ(raise(0), Fault::kNone);
  EXPECT_EQ(world.bid(s.bid).replicas_held, 0U);
}

TEST_F(OnDemand, RunsOutUnlessItIsRaisedAgain) {
  open();
  ASSERT_EQ(raise(1, 60'000), Fault::kNone);
  world.next_block();
  ASSERT_EQ(world.send(s.first, AckLease{world.lease_of(s.bid).id, 1}), Fault::kNone);
  world.wait(30'000);
  ASSERT_EQ(raise(1, 60'000), Fault::kNone);
  world.wait(40'000);
  EXPECT_EQ(world.lease_of(s.bid).state, LeaseState::kActive);
  world.wait(30'000);
  EXPECT_EQ(world.lease_of(s.bid).state, LeaseState::kClosed);
  EXPECT_EQ(world.lease_of(s.bid).closed, CloseReason::kIdle);
  EXPECT_EQ(world.host(s.cheap).standing, kStandingOne);
  world.wait(3'600'000);
  EXPECT_FALSE(world.get<Demand>(demand_key(s.bid, s.gateway.address)).has_value())
      << "forgotten after its hour";
}

TEST_F(OnDemand, EachGatewayRaisesItSoOftenAnHourAndNoMore) {
  open(2, 2);
  ASSERT_EQ(raise(1), Fault::kNone);
  ASSERT_EQ(raise(2), Fault::kNone);
  EXPECT_EQ(raise(2), Fault::kDemandTooOften);
  EXPECT_EQ(raise(1), Fault::kNone) << "less is free";
  world.wait(3'599'999);
  EXPECT_EQ(raise(1), Fault::kDemandTooOften);
  world.next_block();
  EXPECT_EQ(raise(1), Fault::kNone);
}

TEST_F(OnDemand, ComesFromGatewaysThatTheBidNamesWithinItsMost) {
  open(2, 100);
  EXPECT_EQ(world.send(s.first, demand(1)), Fault::kGatewayNotAuthorized);
  EXPECT_EQ(raise(3), Fault::kDemandBeyondBid);
  RaiseDemand bad = demand(1);
  bad.bid = {};
  EXPECT_EQ(world.send(s.gateway, bad), Fault::kBidNotFound);
  const auto with = [&](auto change) {
    RaiseDemand message = demand(1);
    change(message);
    return world.send(s.gateway, message);
  };
  EXPECT_EQ(with([](auto& m) { m.for_ms = 0; }), Fault::kBadDemand);
  EXPECT_EQ(with([](auto& m) { m.for_ms = kDemandMsMax; }), Fault::kNone);
  EXPECT_EQ(with([](auto& m) { m.for_ms = kDemandMsMax + 1; }), Fault::kBadDemand);
  EXPECT_EQ(with([](auto& m) { m.location.country = "d"; }), Fault::kBadDemand);
  EXPECT_EQ(with([&](auto& m) {
              m.round_trips = {{s.cheap, 1}, {s.cheap, 2}};
            }),
            Fault::kBadDemand);
  ASSERT_EQ(world.send(s.publisher, CloseBid{s.bid}), Fault::kNone);
  EXPECT_EQ(raise(1), Fault::kBidClosed);
  EXPECT_FALSE(world.get<Demand>(demand_key(s.bid, s.gateway.address)).has_value());
}

TEST_F(OnDemand, CannotBeRaisedWithoutMoneyForTheFee) {
  MarketParams params = testing::example_params();
  params.demand_fee = Amount{1'000'000'000};
  store(world.block(), market_params_key(), params);
  open();
  EXPECT_EQ(raise(1), Fault::kEscrowTooLow);
}

TEST_F(OnDemand, IsServedNearTheEndUsersByWhatTheGatewayMeasured) {
  terms.latency_weight = 30'000;
  open(1);
  // The dear Host is where the End Users are, the cheap one says that it is, too.
  RaiseDemand message = demand(1);
  message.round_trips = {{s.cheap, 80'000}};  // 8 000 km
  ASSERT_EQ(world.send(s.gateway, message), Fault::kNone);
  world.next_block();
  EXPECT_EQ(world.lease_of(s.bid).host, s.dear);
}

TEST_F(OnDemand, OfAGatewayThatAnUpdateTakesAwayIsOver) {
  open();
  ASSERT_EQ(raise(1), Fault::kNone);
  world.next_block();
  ASSERT_EQ(world.bid(s.bid).replicas_held, 1U);
  terms.gateways = {};
  ASSERT_EQ(world.send(s.publisher, UpdateBid{s.bid, terms}), Fault::kNone);
  EXPECT_EQ(world.bid(s.bid).replicas_demanded, 0U);
  EXPECT_EQ(world.bid(s.bid).replicas_held, 0U);
}

}  // namespace
}  // namespace fog::market
