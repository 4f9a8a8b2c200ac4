// Warm reservations, and the tickets that open them.
#include "tests/support/market_stage.h"

namespace fog::market {
namespace {

using testing::MarketWorld;
using testing::Person;
using testing::ServedLog;
using testing::somewhere;
using testing::Stage;

struct Warm : ::testing::Test {
  Stage s;
  MarketWorld& world = s.world;
  BidTerms terms = s.terms(0);

  // A Bid that serves nothing and keeps one reservation, on the cheap Host.
  LeaseId reserve() {
    terms.replicas_max = 2;
    terms.warm = 1;
    terms.demands_per_hour = 10;
    s.bid = world.add_bid(s.publisher, terms);
    world.next_block();
    world.next_block();
    const Lease lease = world.lease_of(s.bid);
    EXPECT_EQ(lease.host, s.cheap);
    EXPECT_TRUE(lease.reserved);
    EXPECT_EQ(world.send(s.first, AckLease{lease.id, 1}), Fault::kNone);
    EXPECT_EQ(world.lease(lease.id).state, LeaseState::kReserved);
    return lease.id;
  }
  Ticket ticket(const LeaseId& lease, std::uint64_t number = 1) const {
    return {world.chain_id, lease, 1, s.gateway.address, number, world.now() + 60'000};
  }
  Fault open(const Ticket& ticket) {
    return world.send(s.first, OpenLease{ticket.lease, 1, sign_ticket(ticket, s.gateway.key)});
  }
};

TEST_F(Warm, PaysRentAndServesNothingUntilATicketOpensIt) {
  const LeaseId lease = reserve();
  EXPECT_EQ(world.bid(s.bid).locked, Amount{3'000'000});
  ServedLog log(world, s.gateway, lease, 1);
  log.serve_many(3, 1'000'000, 100);
  world.wait(30'000);
  EXPECT_EQ(s.report(lease, log), Fault::kLeaseNotActive) << "use before it was opened";
  ASSERT_EQ(s.report_rent(s.first, s.cheap, lease), Fault::kNone);
  EXPECT_GT(world.lease(lease).paid, Amount{});

  ASSERT_EQ(open(ticket(lease)), Fault::kNone);
  EXPECT_EQ(world.lease(lease).state, LeaseState::kActive);
  EXPECT_EQ(world.lease(lease).ticket, 1U);
  world.wait(1'000);
  ServedLog again(world, s.gateway, lease, 1);
  again.serve_many(3, 1'000'000, 100);
  EXPECT_EQ(s.report(lease, again), Fault::kNone) << "what it served from the ticket on";
  EXPECT_EQ(world.lease_of(s.bid, 1).host, s.dear) << "and another reservation is cleared";
  EXPECT_TRUE(world.lease_of(s.bid, 1).reserved);
}

TEST_F(Warm, ATicketCountsOnceAndOnlyForItsLease) {
  const LeaseId lease = reserve();
  const auto with = [&](auto change) {
    Ticket t = ticket(lease);
    change(t);
    return open(t);
  };
  EXPECT_EQ(with([](Ticket& t) { t.chain_id = {}; }), Fault::kBadTicket);
  EXPECT_EQ(with([](Ticket& t) { t.term = 2; }), Fault::kBadTicket);
  EXPECT_EQ(with([](Ticket& t) { t.number = 0; }), Fault::kTicketUsed);
  EXPECT_EQ(with([&](Ticket& t) { t.expiry_ms = world.now() - 1; }), Fault::kTicketExpired);
  EXPECT_EQ(with([&](Ticket& t) { t.gateway = s.first.address; }), Fault::kGatewayNotAuthorized);
  Ticket other = ticket(lease);
  other.lease = s.bid;
  EXPECT_EQ(world.send(s.first, OpenLease{lease, 1, sign_ticket(other, s.gateway.key)}),
            Fault::kBadTicket);
  EXPECT_EQ(world.send(s.first, OpenLease{lease, 1, sign_ticket(ticket(lease), s.first.key)}),
            Fault::kBadTicket);
  const OpenLease good{lease, 1, sign_ticket(ticket(lease), s.gateway.key)};
  EXPECT_EQ(world.send(s.second, good), Fault::kNotLeaseHost);
  EXPECT_EQ(world.send(s.first, OpenLease{lease, 2, good.ticket}), Fault::kWrongTerm);
  EXPECT_EQ(world.send(s.first, OpenLease{s.bid, 1, good.ticket}), Fault::kLeaseNotFound);
  EXPECT_EQ(with([&](Ticket& t) { t.expiry_ms = world.now(); }), Fault::kNone)
      << "in its last millisecond";
  EXPECT_EQ(world.send(s.first, good), Fault::kTicketUsed) << "a replay";
  EXPECT_EQ(open(ticket(lease, 2)), Fault::kLeaseNotReserved);
}

TEST_F(Warm, AnIdleReplicaIsAReservationAgainAndOldTicketsDoNotOpenIt) {
  terms.constraints.only_hosts = {s.cheap};
  const LeaseId lease = reserve();
  ASSERT_EQ(open(ticket(lease, 7)), Fault::kNone);
  world.wait(1'000);
  ASSERT_EQ(world.send(s.gateway, RaiseDemand{s.bid, 0, somewhere(), {}, 1'000}), Fault::kNone);
  EXPECT_EQ(world.lease(lease).state, LeaseState::kReserved);
  EXPECT_TRUE(world.lease(lease).reserved);
  ServedLog log(world, s.gateway, lease, 1);
  log.serve_many(3, 1'000'000, 100);
  EXPECT_EQ(s.report(lease, log), Fault::kNone) << "what it served before is paid";
  EXPECT_EQ(open(ticket(lease, 6)), Fault::kTicketUsed);
  EXPECT_EQ(open(ticket(lease, 7)), Fault::kTicketUsed);
  EXPECT_EQ(open(ticket(lease, 8)), Fault::kNone);
}

TEST_F(Warm, AnOpenedOneIsWantedForAWhile) {
  const LeaseId lease = reserve();
  ASSERT_EQ(open(ticket(lease)), Fault::kNone);
  EXPECT_EQ(world.bid(s.bid).replicas_demanded, 1U);
  for (int i = 0; i < 5; ++i) {
    world.wait(119'000);
    ASSERT_EQ(world.send(s.first, Heartbeat{s.cheap}), Fault::kNone);
  }
  EXPECT_EQ(world.lease(lease).state, LeaseState::kActive);
  world.wait(5'001);
  EXPECT_NE(world.lease(lease).state, LeaseState::kActive);
  EXPECT_EQ(world.bid(s.bid).replicas_demanded, 0U);
}

TEST_F(Warm, ATicketOfAGatewayThatWasTakenAwayCountsForWhatWasServed) {
  terms.constraints.only_hosts = {s.cheap};
  const LeaseId lease = reserve();
  terms.gateways = {};
  ASSERT_EQ(world.send(s.publisher, UpdateBid{s.bid, terms}), Fault::kNone);
  ASSERT_EQ(open(ticket(lease)), Fault::kNone);
  EXPECT_EQ(world.lease(lease).state, LeaseState::kReserved) << "nobody asks for it any more";
  EXPECT_FALSE(world.get<Demand>(demand_key(s.bid, s.gateway.address)).has_value());
  ServedLog log(world, s.gateway, lease, 1);
  log.serve_many(3, 1'000'000, 100);
  world.wait(1'000);
  EXPECT_EQ(s.report(lease, log), Fault::kNone);
  world.wait(100'000);
  ASSERT_EQ(world.send(s.first, Heartbeat{s.cheap}), Fault::kNone);
  world.wait(80'001);
  EXPECT_EQ(open(ticket(lease, 2)), Fault::kGatewayNotAuthorized);
}

TEST_F(Warm, ADemandOpensTheReservationBeforeItClearsAnother) {
  const LeaseId lease = reserve();
  ASSERT_EQ(world.send(s.gateway, RaiseDemand{s.bid, 1, somewhere(), {}, 600'000}), Fault::kNone);
  EXPECT_EQ(world.lease(lease).state, LeaseState::kActive);
  world.next_block();
  EXPECT_TRUE(world.lease_of(s.bid, 1).reserved);
}

TEST_F(Warm, AReservationTakesThePlaceOfAReplicaThatIsLost) {
  terms.replicas_min = 1;
  terms.replicas_max = 2;
  terms.warm = 1;
  s.bid = world.add_bid(s.publisher, terms);
  world.next_block();
  world.next_block();
  const Lease serving = world.lease_of(s.bid, 0);
  const Lease spare = world.lease_of(s.bid, 1);
  EXPECT_EQ(serving.host, s.cheap);
  EXPECT_EQ(spare.host, s.dear) << "never where the Bid holds anything";
  ASSERT_EQ(world.send(s.first, AckLease{serving.id, 1}), Fault::kNone);
  ASSERT_EQ(world.send(s.second, AckLease{spare.id, 1}), Fault::kNone);
  ASSERT_EQ(world.send(s.first, ReleaseLease{serving.id, 1, ""}), Fault::kNone);
  world.next_block();
  EXPECT_EQ(world.lease(spare.id).state, LeaseState::kActive) << "in the same block";
  EXPECT_FALSE(world.lease(spare.id).reserved);
}

TEST_F(Warm, ASilentReservationIsLostAsAnyLease) {
  const LeaseId lease = reserve();
  world.wait(181'000);
  EXPECT_NE(world.lease(lease).host, s.cheap);
  EXPECT_EQ(world.host(s.cheap).failures, 1U);
}

}  // namespace
}  // namespace fog::market
