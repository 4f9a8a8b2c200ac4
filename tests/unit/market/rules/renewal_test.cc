// Renewals: what an Offer's new price does to leases that run, and when.
#include "market/rules/pricing.h"
#include "tests/support/market_stage.h"

namespace fog::market {
namespace {

using testing::MarketWorld;
using testing::Person;
using testing::ServedLog;
using testing::Stage;

constexpr std::uint64_t kLeaseMs = 240'000;

struct RenewalStage {
  Stage s;
  MarketWorld& world = s.world;
  BidTerms terms = s.terms();

  LeaseId start() {
    terms.lease_ms = kLeaseMs;
    s.bid = world.add_bid(s.publisher, terms);
    world.next_block();
    world.next_block();
    const LeaseId lease = world.lease_of(s.bid).id;
    EXPECT_EQ(world.send(s.first, AckLease{lease, 1}), Fault::kNone);
    return lease;
  }
  void offer(const Person& owner, const HostId& host, Scale scale) {
    ASSERT_EQ(world.send(owner, SetOffer{host, 0, scale, world.host(host).capacity}), Fault::kNone);
  }
  // To the block in which the lease's length has passed, with signs of life.
  void wait_for_renewal() {
    for (int half = 0; half < 2; ++half) {
      world.wait(kLeaseMs / 2);
      ASSERT_EQ(world.send(s.first, Heartbeat{s.cheap}), Fault::kNone);
    }
  }
};
struct Renewal : ::testing::Test, RenewalStage {};

TEST_F(Renewal, APriceChangeWaitsForTheEndOfTheLeaseAndTheHostGoesOn) {
  const LeaseId lease = start();
  const std::uint64_t since_ms = world.now();
  offer(s.second, s.dear, 13'000);
  offer(s.first, s.cheap, 12'000);
  wait_for_renewal();
  EXPECT_EQ(world.lease(lease).scale, 15'000U) << "still what it cleared at";
  world.next_block();
  const Lease renewed = world.lease(lease);
  EXPECT_EQ(renewed.scale, 13'000U) << "the auction of that time";
  EXPECT_EQ(renewed.state, LeaseState::kActive);
  EXPECT_EQ(renewed.term, 1U);
  EXPECT_EQ(renewed.renewals, 1U);
  EXPECT_EQ(renewed.priced_since_ms, since_ms + kLeaseMs);
  EXPECT_EQ(renewed.renews_ms, since_ms + 2 * kLeaseMs);
  EXPECT_EQ(renewed.slice, Amount{3'000'000});
  EXPECT_EQ(world.bid(s.bid).replicas_held, 1U);
  EXPECT_EQ(world.offer(s.cheap).free.cpu_milli, 7'000U);

  // Rent is split at the millisecond of the renewal, each part rounded down.
  world.wait(60'000);
  ASSERT_EQ(s.report_rent(s.first, s.cheap, lease), Fault::kNone);
  const std::uint64_t later_ms = world.now() - renewed.priced_since_ms;
  const auto rent = [&](Scale scale, std::uint64_t ms) {
    return *rent_due(renewed.prices, scale, renewed.resources, ms);
  };
  EXPECT_EQ(world.lease(lease).rent_due, rent(15'000, kLeaseMs) + rent(13'000, later_ms));
}

TEST_F(Renewal, UseBeforeTheFirstReceiptAfterItCostsTheLesserPrice) {
  for (const Scale scale : {Scale{13'000}, Scale{20'000}}) {
    RenewalStage r;
    const LeaseId lease = r.start();
    r.offer(r.s.second, r.s.dear, scale);
    ServedLog log(r.world, r.s.gateway, lease, 1);
    r.world.wait(60'000);
    log.serve_many(10, 10'000'000, 100);
    ASSERT_EQ(r.s.report(lease, log), Fault::kNone);
    const Lease before = r.world.lease(lease);
    r.world.wait(kLeaseMs - 160'000);
    ASSERT_EQ(r.world.send(r.s.first, Heartbeat{r.s.cheap}), Fault::kNone);
    r.world.wait(100'000);
    log.serve_many(10, 10'000'000, 100);
    r.world.next_block();
    ASSERT_EQ(r.world.lease(lease).scale, scale);
    r.world.wait(1'000);
    ASSERT_EQ(r.s.report(lease, log), Fault::kNone);
    const Lease straddled = r.world.lease(lease);
    const Counters ten{10, 100'000'000, 1'000};
    const Counters twenty{20, 200'000'000, 2'000};
    const Amount as_before = *use_due(before.prices, 15'000, twenty);
    const Amount as_now = before.use_due + *use_due(before.prices, scale, ten);
    EXPECT_EQ(straddled.use_due, std::min(as_before, as_now));
    EXPECT_FALSE(straddled.past_price.has_value());
    r.world.wait(1'000);
    log.serve_many(10, 10'000'000, 100);
    ASSERT_EQ(r.s.report(lease, log), Fault::kNone);
    EXPECT_EQ(r.world.lease(lease).use_due,
              straddled.use_due + *use_due(before.prices, scale, ten));
  }
}

TEST_F(Renewal, AnotherHostThatIsCheaperTakesOverWhileTheFirstStillServes) {
  const LeaseId lease = start();
  offer(s.second, s.dear, 9'000);
  wait_for_renewal();
  world.next_block();
  const Lease old = world.lease(lease);
  EXPECT_EQ(old.state, LeaseState::kClosing);
  EXPECT_EQ(old.closed, CloseReason::kLeaseOver);
  EXPECT_EQ(old.scale, 15'000U);
  EXPECT_EQ(old.closing_at_ms, old.active_since_ms + kLeaseMs + 120'000);
  const Lease next = world.lease_of(s.bid, 1);
  EXPECT_EQ(next.host, s.dear);
  EXPECT_EQ(next.scale, 10'000U) << "what the first asked";
  ASSERT_EQ(world.send(s.second, AckLease{next.id, 1}), Fault::kNone);
  world.wait(120'001);
  EXPECT_EQ(world.lease(lease).state, LeaseState::kClosed);
  EXPECT_EQ(world.bid(s.bid).replicas_held, 1U);
  EXPECT_EQ(world.host(s.cheap).standing, kStandingOne);
  EXPECT_EQ(world.offer(s.cheap).free.cpu_milli, 8'000U);
}

// Three are over and others would serve, but what is free suffices for one: one is followed, two
// end for want of money. Only the one that is followed is counted as leaving.
TEST_F(Renewal, WhereMoneySufficesForOneOnlyThatOneIsFollowed) {
  terms.replicas_min = terms.replicas_max = 3;
  terms.constraints.per_host_max = 3;
  terms.lease_ms = kLeaseMs;
  s.bid = world.add_bid(s.publisher, terms, 4 * 3'000'000);
  world.next_block();
  world.next_block();
  for (std::uint32_t n = 0; n < 3; ++n) {
    ASSERT_EQ(world.send(s.first, AckLease{world.lease_of(s.bid, n).id, 1}), Fault::kNone);
  }
  ASSERT_EQ(world.send(s.first, WithdrawOffer{s.cheap}), Fault::kNone);
  wait_for_renewal();
  world.next_block();
  EXPECT_EQ(world.lease_of(s.bid, 0).closed, CloseReason::kLeaseOver);
  EXPECT_EQ(world.lease_of(s.bid, 1).closed, CloseReason::kEscrowExhausted);
  EXPECT_EQ(world.lease_of(s.bid, 2).closed, CloseReason::kEscrowExhausted);
  EXPECT_EQ(world.lease_of(s.bid, 3).host, s.dear);
  EXPECT_EQ(world.bid(s.bid).replicas_held, 4U);
  EXPECT_EQ(world.bid(s.bid).replicas_leaving, 1U);
}

TEST_F(Renewal, AFullHostMayWinItsOwnLease) {
  const LeaseId lease = start();
  Resources just = world.lease(lease).resources;
  ASSERT_EQ(world.send(s.first, SetOffer{s.cheap, 0, 10'000, just}), Fault::kNone);
  ASSERT_EQ(world.offer(s.cheap).free.cpu_milli, 0U);
  wait_for_renewal();
  world.next_block();
  EXPECT_EQ(world.lease(lease).renewals, 1U);
  EXPECT_EQ(world.offer(s.cheap).free.cpu_milli, 0U);
}

TEST_F(Renewal, WithoutAnOfferThereIsNone) {
  const LeaseId lease = start();
  ASSERT_EQ(world.send(s.first, WithdrawOffer{s.cheap}), Fault::kNone);
  ASSERT_EQ(world.send(s.second, WithdrawOffer{s.dear}), Fault::kNone);
  wait_for_renewal();
  world.next_block();
  EXPECT_EQ(world.lease(lease).closed, CloseReason::kLeaseOver);
  EXPECT_EQ(world.lease(lease).state, LeaseState::kClosing);
}

TEST_F(Renewal, AnOfferOfTheSameBlockCountsInTheNext) {
  const LeaseId lease = start();
  wait_for_renewal();
  offer(s.first, s.cheap, 11'000);
  world.next_block();
  EXPECT_EQ(world.lease(lease).state, LeaseState::kActive);
  EXPECT_TRUE(world.lease(lease).renewing);
  world.next_block();
  EXPECT_EQ(world.lease(lease).renewals, 1U);
  EXPECT_FALSE(world.lease(lease).renewing);
}

TEST_F(Renewal, WhoHasNotReportedSinceTheLastIsNotRenewedAgain) {
  const LeaseId lease = start();
  wait_for_renewal();
  world.next_block();
  ASSERT_EQ(world.lease(lease).renewals, 1U);
  ASSERT_EQ(world.send(s.first, Heartbeat{s.cheap}), Fault::kNone);
  wait_for_renewal();
  world.next_block();
  EXPECT_EQ(world.lease(lease).renewals, 1U);
  EXPECT_EQ(world.lease(lease).closed, CloseReason::kLeaseOver);
}

TEST_F(Renewal, ALeaseLostAfterItIsBilledToItsLastSignOfLifeAtTheOldPrice) {
  const LeaseId lease = start();
  offer(s.second, s.dear, 13'000);
  world.wait(100'000);
  ASSERT_EQ(world.send(s.first, Heartbeat{s.cheap}), Fault::kNone);
  const std::uint64_t seen_ms = world.now();
  const std::uint64_t since_ms = world.lease(lease).active_since_ms;
  world.wait(180'001);
  ASSERT_EQ(world.get<Lease>(past_term_key(lease, 1))->closed, CloseReason::kHostSilent);
  ASSERT_EQ(s.report_rent(s.first, s.cheap, lease), Fault::kNone);
  const Lease lost = *world.get<Lease>(past_term_key(lease, 1));
  ASSERT_EQ(lost.renewals, 1U);
  EXPECT_EQ(lost.rent_due, *rent_due(lost.prices, 15'000, lost.resources, seen_ms - since_ms));
}

TEST_F(Renewal, TheNewTermsOfTheBidCountFromThen) {
  const LeaseId lease = start();
  terms.spend_per_hour_max = Amount{90'000'000};
  ASSERT_EQ(world.send(s.publisher, UpdateBid{s.bid, terms}), Fault::kNone);
  wait_for_renewal();
  EXPECT_EQ(world.lease(lease).slice, Amount{3'000'000});
  world.next_block();
  EXPECT_EQ(world.lease(lease).slice, Amount{4'500'000});
  terms.spend_per_hour_max = Amount{60'000'000};
  terms.lease_ms = 0;
  ASSERT_EQ(world.send(s.publisher, UpdateBid{s.bid, terms}), Fault::kNone);
  world.wait(60'000);
  ASSERT_EQ(s.report_rent(s.first, s.cheap, lease), Fault::kNone);
  wait_for_renewal();
  EXPECT_EQ(world.lease(lease).slice, Amount{3'000'000}) << "what is beyond is free again";
  EXPECT_EQ(world.lease(lease).renews_ms, 0U);
}

TEST_F(Renewal, OtherResourcesNeedAnotherReplica) {
  const LeaseId lease = start();
  terms.resources.cpu_milli = 2'000;
  ASSERT_EQ(world.send(s.publisher, UpdateBid{s.bid, terms}), Fault::kNone);
  wait_for_renewal();
  world.next_block();
  EXPECT_EQ(world.lease(lease).closed, CloseReason::kLeaseOver);
  EXPECT_EQ(world.lease_of(s.bid, 1).resources.cpu_milli, 2'000U);
  EXPECT_EQ(world.lease_of(s.bid, 1).host, s.cheap);
}

}  // namespace
}  // namespace fog::market
