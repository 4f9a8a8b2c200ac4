// What both sides of a lease are told, and that what is over leaves nothing behind.
#include "tests/support/market_stage.h"

namespace fog::market {
namespace {

using testing::MarketWorld;
using testing::Person;
using testing::Stage;

std::string kinds(const std::vector<MarketEvent>& events) {
  std::string out;
  for (const MarketEvent& event : events) {
    out += (out.empty() ? "" : " ") + std::string(event_kind_name(event.kind));
  }
  return out;
}

TEST(Events, BothSidesReadTheWholeLifeOfALease) {
  Stage s;
  const LeaseId lease = s.start();
  s.world.wait(10'000);
  ASSERT_EQ(s.world.send(s.publisher, CloseBid{s.bid}), Fault::kNone);
  s.world.wait(120'002);
  EXPECT_EQ(kinds(s.world.events(s.publisher)),
            "bid_created lease_proposed lease_active lease_closed bid_closed bid_refunded");
  const std::vector<MarketEvent> told = s.world.events(s.first);
  EXPECT_EQ(kinds(told), "lease_proposed lease_active lease_closed");
  EXPECT_EQ(told[0].at_ms, told[0].time_ms + 30'000) << "to be acknowledged before";
  EXPECT_EQ(told[0].lease, lease);
  EXPECT_EQ(told[0].host, s.cheap);
  EXPECT_EQ(told[0].scale, 15'000U);
  EXPECT_EQ(std::string(told[0].service), "thermostat");
  EXPECT_EQ(told[2].reason, CloseReason::kByPublisher);
  EXPECT_LT(told[1].height, told[2].height);
}

// A gateway follows the chain by what it is told, so it hears of whatever changes whom it may ask.
TEST(Events, AGatewayReadsOfTheBidsThatNameItAndTheirLeases) {
  Stage s;
  const Person other = s.world.person();
  s.world.add_gateway(other);
  s.start();
  s.world.wait(10'000);
  UpdateBid update{s.bid, s.terms()};
  update.terms.gateways = {other.address};
  ASSERT_EQ(s.world.send(s.publisher, update), Fault::kNone);
  const std::uint64_t before = s.world.events(s.gateway).size();
  ASSERT_EQ(s.world.send(s.publisher, CloseBid{s.bid}), Fault::kNone);
  EXPECT_EQ(kinds(s.world.events(s.gateway)),
            "bid_created lease_proposed lease_active bid_updated lease_closed bid_closed")
      << "what it forwarded is still to be vouched for";
  EXPECT_EQ(before, 4U);
  EXPECT_EQ(kinds(s.world.events(other)), "bid_updated lease_closed bid_closed");
}

TEST(Events, AreNumberedWithinABlockAndForgottenAfterAnHour) {
  Stage s;
  BidTerms t = s.terms(2);
  s.bid = s.world.add_bid(s.publisher, t);
  s.world.next_block();
  s.world.next_block();
  const std::vector<MarketEvent> told = s.world.events(s.publisher);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[1].height, told[2].height);
  EXPECT_EQ(told[1].number + 1, told[2].number);
  ASSERT_EQ(s.world.send(s.publisher, CloseBid{s.bid}), Fault::kNone);
  s.world.wait(3'600'000);
  EXPECT_EQ(s.world.events(s.first).size(), 1U) << "that it closed, just so long ago";
  s.world.wait(2);
  EXPECT_TRUE(s.world.events(s.first).empty());
}

TEST(Events, ADepositorIsToldOfTheRefundAndAHostOfItsBond) {
  Stage s;
  s.start();
  const Person supporter = s.world.person();
  ASSERT_EQ(s.world.send(supporter, TopUpBid{s.bid, Amount{10}}), Fault::kNone);
  ASSERT_EQ(s.world.send(s.publisher, CloseBid{s.bid}), Fault::kNone);
  ASSERT_EQ(s.world.send(s.second, RetireHost{s.dear}), Fault::kNone);
  s.world.wait(600'001);
  EXPECT_EQ(kinds(s.world.events(supporter)), "bid_refunded");
  EXPECT_EQ(kinds(s.world.events(s.second)), "host_retired bond_returned");
}

TEST(Forgetting, AStateIsAsLargeAfterwardsAsBefore) {
  Stage s;
  s.world.wait(1);
  const std::size_t before = s.world.state.records().size();
  const Person third = s.world.person();
  s.world.next_block();
  for (int round = 0; round < 3; ++round) {
    const HostId extra = s.world.add_host(third, 30'000);
    BidTerms t = s.terms(2);
    t.warm = 1;
    t.replicas_max = 4;
    t.demands_per_hour = 5;
    s.bid = s.world.add_bid(s.publisher, t);
    s.world.next_block();
    s.world.next_block();
    const Lease lease = s.world.lease_of(s.bid);
    ASSERT_EQ(s.world.send(s.first, AckLease{lease.id, lease.term}), Fault::kNone);
    ASSERT_EQ(s.world.send(s.gateway, RaiseDemand{s.bid, 1, testing::somewhere(), {}, 60'000}),
              Fault::kNone);
    s.world.wait(60'000);
    ASSERT_EQ(s.report_rent(s.first, s.cheap, lease.id, lease.term), Fault::kNone);
    s.world.wait(400'000);  // the others never acknowledge, this one falls silent
    ASSERT_EQ(s.world.send(s.publisher, CloseBid{s.bid}), Fault::kNone);
    ASSERT_EQ(s.world.send(third, RetireHost{extra}), Fault::kNone);
    s.world.wait(2 * 3'600'000);
    ASSERT_EQ(s.world.send(s.first, Heartbeat{s.cheap}), Fault::kNone);
    ASSERT_EQ(s.world.send(s.second, Heartbeat{s.dear}), Fault::kNone);
    s.world.wait(2);
    // One account more, and the number of the last block's events.
    EXPECT_EQ(s.world.state.records().size(), before + 2) << "round " << round;
  }
}

}  // namespace
}  // namespace fog::market
