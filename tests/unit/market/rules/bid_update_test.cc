// UpdateBid: a Bid that lives gets other terms.
#include "market/rules/settlement.h"
#include "tests/support/market_stage.h"

namespace fog::market {
namespace {

using testing::MarketWorld;
using testing::Person;
using testing::ServedLog;
using testing::Stage;

// A Bid for any number of replicas on the two Hosts, several on each.
struct Resized : ::testing::Test {
  Stage s;
  MarketWorld& world = s.world;
  BidTerms terms = s.terms();

  void start(std::uint16_t replicas, std::uint64_t deposit = 100'000'000) {
    terms.constraints.per_host_max = 8;
    terms.replicas_min = replicas;
    terms.replicas_max = 8;
    s.bid = world.add_bid(s.publisher, terms, deposit);
    world.next_block();
    world.next_block();
  }
  void acknowledge_all() {
    for (std::uint32_t n = 0; n < world.bid(s.bid).leases_ever; ++n) {
      const Lease lease = world.lease_of(s.bid, n);
      if (lease.state != LeaseState::kProposed) continue;
      const Person& by = lease.host == s.cheap ? s.first : s.second;
      ASSERT_EQ(world.send(by, AckLease{lease.id, lease.term}), Fault::kNone);
    }
  }
  Fault update() { return world.send(s.publisher, UpdateBid{s.bid, terms}); }
  std::string states() const {
    std::string out;
    for (std::uint32_t n = 0; n < world.bid(s.bid).leases_ever; ++n) {
      out += lease_state_name(world.lease_of(s.bid, n).state).substr(0, 1);
    }
    return out;
  }
};

TEST_F(Resized, GrowsInTheNextBlockAndKeepsWhatRuns) {
  start(1);
  acknowledge_all();
  const Lease before = world.lease_of(s.bid);
  terms.replicas_min = 3;
  ASSERT_EQ(update(), Fault::kNone);
  world.next_block();
  EXPECT_EQ(states(), "a") << "new terms take part from the block after their own";
  world.next_block();
  EXPECT_EQ(states(), "app");
  EXPECT_EQ(world.lease(before.id), before);
  EXPECT_EQ(world.bid(s.bid).locked, Amount{9'000'000});
}

TEST_F(Resized, ShrinksToTheEarliestReplicasProposedOnesFirst) {
  start(3);
  acknowledge_all();
  terms.replicas_min = 5;
  ASSERT_EQ(update(), Fault::kNone);
  world.next_block();
  world.next_block();
  ASSERT_EQ(states(), "aaapp");
  const Amount free = world.bid(s.bid).free;
  terms.replicas_min = 2;
  ASSERT_EQ(update(), Fault::kNone);
  EXPECT_EQ(states(), "aaccc");
  EXPECT_EQ(world.lease_of(s.bid, 2).closed, CloseReason::kScaledDown);
  EXPECT_EQ(world.bid(s.bid).free, free + Amount{6'000'000})
      << "slices of those that never served are free at once";
  EXPECT_EQ(world.bid(s.bid).locked, Amount{9'000'000})
      << "that of the third waits for its final receipt";
  world.wait(120'002);
  EXPECT_EQ(world.bid(s.bid).locked, Amount{6'000'000});
  EXPECT_EQ(world.host(s.cheap).standing, kStandingOne);
  terms.replicas_min = 3;
  ASSERT_EQ(update(), Fault::kNone);
  world.next_block();
  world.next_block();
  EXPECT_EQ(world.lease_of(s.bid, 2).term, 2U) << "a replica that is wanted again is its next term";
}

TEST_F(Resized, LeasesKeepTheirSpendingLimitAndNewOnesTakeTheNew) {
  start(1);
  acknowledge_all();
  terms.replicas_min = 2;
  terms.spend_per_hour_max = Amount{120'000'000};
  ASSERT_EQ(update(), Fault::kNone);
  world.next_block();
  world.next_block();
  EXPECT_EQ(world.lease_of(s.bid, 0).slice, Amount{3'000'000});
  EXPECT_EQ(world.lease_of(s.bid, 1).slice, Amount{6'000'000});
  acknowledge_all();
  world.wait(60'000);
  const Lease first = world.lease_of(s.bid);
  ASSERT_EQ(s.report_rent(s.first, s.cheap, first.id), Fault::kNone);
  EXPECT_EQ(world.lease(first.id).slice, Amount{3'000'000});
}

TEST_F(Resized, MoreMustBeCoveredAndLessNeedNotBe) {
  start(1, 7'000'000);
  acknowledge_all();
  terms.replicas_min = 3;
  EXPECT_EQ(update(), Fault::kDepositTooLow);
  terms.replicas_min = 2;
  EXPECT_EQ(update(), Fault::kNone);
  world.wait(60'000);
  terms.replicas_min = 0;
  EXPECT_EQ(update(), Fault::kNone);
  EXPECT_EQ(world.bid(s.bid).replicas_held, 0U);
}

TEST_F(Resized, IsRefusedAsACreationWouldBe) {
  start(1);
  EXPECT_EQ(world.send(s.publisher, UpdateBid{{}, terms}), Fault::kBidNotFound);
  EXPECT_EQ(world.send(s.first, UpdateBid{s.bid, terms}), Fault::kNotBidOwner);
  const BidTerms good = terms;
  terms.replicas_max = 0;
  EXPECT_EQ(update(), Fault::kBadReplicas);
  terms = good;
  terms.cap_step = kCapSteps;
  EXPECT_EQ(update(), Fault::kBadCap);
  terms = good;
  world.publish(s.publisher, "other");
  terms.service = "other";
  EXPECT_EQ(update(), Fault::kOtherService);
  terms = good;
  ASSERT_EQ(world.send(s.publisher, CloseBid{s.bid}), Fault::kNone);
  EXPECT_EQ(update(), Fault::kBidClosed);
}

TEST_F(Resized, AGatewayThatIsLeftOutMayVouchForWhatItForwarded) {
  const Person other = world.person();
  world.add_gateway(other);
  start(1);
  acknowledge_all();
  const LeaseId lease = world.lease_of(s.bid).id;
  world.wait(30'000);
  ServedLog log(world, s.gateway, lease, 1);
  ServedLog late(world, s.gateway, lease, 1);
  log.serve_many(10, 1'000'000, 100);
  terms.gateways = {other.address};
  ASSERT_EQ(update(), Fault::kNone);
  EXPECT_EQ(s.report(lease, log), Fault::kNone);
  ServedLog now(world, other, lease, 1);
  now.serve_many(5, 1'000'000, 100);
  world.wait(30'000);
  EXPECT_EQ(s.report(lease, now), Fault::kNone) << "the new one at once";
  terms.gateways = {};
  EXPECT_EQ(update(), Fault::kGatewaysTooSoon) << "the first one's vouchers still count";
  world.wait(60'000);
  ASSERT_EQ(world.send(s.first, Heartbeat{s.cheap}), Fault::kNone);
  world.wait(90'001);
  log.serve_many(1, 1'000'000, 100);
  EXPECT_EQ(s.report(lease, log), Fault::kGatewayNotAuthorized);
  EXPECT_EQ(update(), Fault::kNone);
}

TEST_F(Resized, OneTermCountsForSixteenGatewaysAtMost) {
  start(1);
  acknowledge_all();
  const LeaseId lease = world.lease_of(s.bid).id;
  for (int n = 0; n < 17; ++n) {
    const Person gateway = world.person();
    world.add_gateway(gateway);
    terms.gateways = {gateway.address};
    ASSERT_EQ(update(), Fault::kNone);
    ServedLog log(world, gateway, lease, 1);
    log.serve(1'000'000, 100);
    world.wait(100'000);
    EXPECT_EQ(s.report(lease, log), n < 16 ? Fault::kNone : Fault::kTooManyLogs);
    world.wait(81'000);
    ASSERT_EQ(world.send(s.first, Heartbeat{s.cheap}), Fault::kNone);
  }
}

}  // namespace
}  // namespace fog::market
