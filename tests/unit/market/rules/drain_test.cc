// DrainHost: a Host that leaves with notice.
#include "tests/support/market_stage.h"

namespace fog::market {
namespace {

using testing::Person;
using testing::Stage;

TEST(Drain, AReplicaMovesOnBeforeItsHostLeavesAndNoStandingIsLost) {
  Stage s;
  const LeaseId lease = s.start();
  ASSERT_EQ(s.world.send(s.first, DrainHost{s.cheap, 300'000}), Fault::kNone);
  const std::uint64_t leaves_ms = s.world.now() + 300'000;
  EXPECT_EQ(s.world.host(s.cheap).leaving_at_ms, leaves_ms);
  EXPECT_FALSE(s.world.get<Offer>(offer_key(s.cheap)).has_value());
  EXPECT_EQ(s.world.lease(lease).state, LeaseState::kClosing);
  EXPECT_EQ(s.world.lease(lease).closed, CloseReason::kHostLeaving);
  EXPECT_EQ(s.world.lease(lease).closing_at_ms, leaves_ms);
  s.world.next_block();
  const Lease next = s.world.lease_of(s.bid, 1);
  EXPECT_EQ(next.host, s.dear) << "in the same block";
  ASSERT_EQ(s.world.send(s.second, AckLease{next.id, 1}), Fault::kNone);
  EXPECT_EQ(s.world.bid(s.bid).replicas_held, 2U);
  EXPECT_EQ(s.world.bid(s.bid).replicas_leaving, 1U);
  EXPECT_EQ(s.world.send(s.first, SetOffer{s.cheap, 0, 10'000, s.world.host(s.cheap).capacity}),
            Fault::kHostLeaving);
  s.world.wait(150'000);
  ASSERT_EQ(s.world.send(s.first, Heartbeat{s.cheap}), Fault::kNone);
  ASSERT_EQ(s.world.send(s.second, Heartbeat{s.dear}), Fault::kNone);
  s.world.wait(150'001);
  EXPECT_EQ(s.world.lease(lease).state, LeaseState::kClosed);
  EXPECT_EQ(s.world.bid(s.bid).replicas_held, 1U);
  EXPECT_EQ(s.world.host(s.cheap).standing, kStandingOne);
  EXPECT_EQ(s.world.host(s.cheap).bond, Amount{2'000'000'000});
  ASSERT_EQ(s.report_rent(s.first, s.cheap, lease), Fault::kNone) << "paid to the end";
  EXPECT_EQ(s.world.send(s.first, SetOffer{s.cheap, 0, 10'000, s.world.host(s.cheap).capacity}),
            Fault::kNone)
      << "it may come back";
}

TEST(Drain, AProposalIsClearedAgainAtOnce) {
  Stage s;
  s.bid = s.world.add_bid(s.publisher, s.terms());
  s.world.next_block();
  s.world.next_block();
  const Lease lease = s.world.lease_of(s.bid);
  ASSERT_EQ(s.world.send(s.first, DrainHost{s.cheap, 120'000}), Fault::kNone);
  EXPECT_EQ(s.world.lease(lease.id).state, LeaseState::kClosed);
  s.world.next_block();
  EXPECT_EQ(s.world.lease(lease.id).host, s.dear);
  EXPECT_EQ(s.world.lease(lease.id).term, 2U);
}

TEST(Drain, AHostThatStopsBeforeItSaidIsLostAsAnyOther) {
  Stage s;
  const LeaseId lease = s.start();
  ASSERT_EQ(s.world.send(s.first, DrainHost{s.cheap, 3'600'000}), Fault::kNone);
  s.world.wait(181'000);
  EXPECT_EQ(s.world.lease(lease).closed, CloseReason::kHostSilent);
  EXPECT_LT(s.world.host(s.cheap).standing, kStandingOne);
}

TEST(Drain, OwnerAndOperatorMayWithinTheBounds) {
  Stage s;
  EXPECT_EQ(s.world.send(s.first, DrainHost{{}, 120'000}), Fault::kHostNotFound);
  EXPECT_EQ(s.world.send(s.second, DrainHost{s.cheap, 120'000}), Fault::kNotHostOperator);
  EXPECT_EQ(s.world.send(s.first, DrainHost{s.cheap, 119'999}), Fault::kBadNotice);
  EXPECT_EQ(s.world.send(s.first, DrainHost{s.cheap, kDrainMsMax + 1}), Fault::kBadNotice);
  EXPECT_EQ(s.world.send(s.first, DrainHost{s.cheap, kDrainMsMax}), Fault::kNone);
  EXPECT_EQ(s.world.send(s.first, DrainHost{s.cheap, 120'000}), Fault::kHostLeaving);
  ASSERT_EQ(s.world.send(s.second, RetireHost{s.dear}), Fault::kNone);
  EXPECT_EQ(s.world.send(s.second, DrainHost{s.dear, 120'000}), Fault::kHostRetired);
}

}  // namespace
}  // namespace fog::market
