// Whole lives of leases, told block by block.
#include "market/rules/rules.h"
#include "market/rules/settlement.h"
#include "market/rules/standing.h"
#include "tests/support/market_stage.h"

namespace fog::market {
namespace {

using testing::MarketWorld;
using testing::Person;
using testing::ServedLog;
using testing::Stage;

TEST(LeaseStory, ABidClearsToTheCheaperHostAtTheOthersAskAndIsPaidExactly) {
  Stage s;
  s.bid = s.world.add_bid(s.publisher, s.terms());
  s.world.next_block();
  EXPECT_FALSE(s.world.has_lease(s.bid)) << "a bid takes part from the block after its own";
  s.world.next_block();

  Lease lease = s.world.lease_of(s.bid);
  EXPECT_EQ(lease.host, s.cheap);
  EXPECT_EQ(lease.scale, 15'000U) << "paid the score that would have won without him";
  EXPECT_EQ(lease.state, LeaseState::kProposed);
  EXPECT_EQ(lease.slice, Amount{3'000'000}) << "60 000 000 an hour for 180 s";
  EXPECT_EQ(s.world.offer(s.cheap).free.cpu_milli, 7'000U);
  ASSERT_EQ(s.world.send(s.first, AckLease{lease.id, 1}), Fault::kNone);

  ServedLog log(s.world, s.gateway, lease.id, 1);
  s.world.wait(30'000);
  log.serve_many(64, 10'000'000, 1'000);
  const std::uint64_t before = s.world.balance(s.first);
  const std::uint64_t burned_before = s.world.burned();
  ASSERT_EQ(s.report(lease.id, log), Fault::kNone);

  // Rent for 30 s: one core (30 000 x 1.5), 1 GiB (8 533.3 x 1.5). Use: 0.64 Gfuel, 64 000 bytes,
  // 64 requests, each times 1.5 and rounded down.
  const std::uint64_t rent = 45'000 + 12'800;
  const std::uint64_t use = 960'000 + 894 + 192;
  const ReceiptRecord receipt = s.world.receipt(lease.id, 0);
  EXPECT_EQ(receipt.rent, Amount{rent});
  EXPECT_EQ(receipt.use, Amount{use});
  EXPECT_EQ(receipt.burned, Amount{(rent + use) * 20 / 1'000});
  EXPECT_EQ(receipt.held, Amount{(rent + use - receipt.burned.droplets) / 10});
  EXPECT_EQ(receipt.to_host.droplets + receipt.held.droplets + receipt.burned.droplets, rent + use);
  EXPECT_EQ(s.world.balance(s.first), before + receipt.to_host.droplets);
  EXPECT_EQ(s.world.burned(), burned_before + receipt.burned.droplets);
  EXPECT_EQ(s.world.bid(s.bid).spent, Amount{rent + use});
  EXPECT_EQ(s.world.lease(lease.id).slice, Amount{3'000'000}) << "the slice is full again";

  s.world.wait(60'000);
  ASSERT_EQ(s.report_rent(s.first, s.cheap, lease.id), Fault::kNone);
  ASSERT_EQ(s.world.send(s.publisher, CloseBid{s.bid}), Fault::kNone);
  EXPECT_EQ(s.world.lease(lease.id).closed, CloseReason::kByPublisher);
  s.world.wait(700'000);
  const Bid closed = s.world.bid(s.bid);
  EXPECT_EQ(closed.free, Amount{});
  EXPECT_EQ(closed.locked, Amount{});
  EXPECT_EQ(closed.refunded.droplets + closed.spent.droplets, 100'000'000U);
  EXPECT_EQ(s.world.host(s.cheap).earned.droplets, s.world.balance(s.first) - before)
      << "hold-backs came after the audit window";
  EXPECT_EQ(closed.spent.droplets,
            s.world.host(s.cheap).earned.droplets + s.world.burned() - burned_before);
  s.world.wait(2 * 3'600'000);
  EXPECT_FALSE(s.world.get<Bid>(bid_key(s.bid)).has_value()) << "what is over is forgotten";
  EXPECT_FALSE(next_due_ms(s.world.state, s.world.now()).has_value()) << "the chain rests";
}

TEST(LeaseStory, AHostThatMissesTheAckIsFollowedByTheSecondInTermTwo) {
  Stage s;
  s.bid = s.world.add_bid(s.publisher, s.terms());
  s.world.next_block();
  s.world.next_block();
  const Lease lease = s.world.lease_of(s.bid);
  s.world.wait(lease.ack_deadline_ms - s.world.now());
  EXPECT_EQ(s.world.lease(lease.id).term, 1U) << "until the end of the deadline's own block";
  s.world.next_block();

  const Lease second = s.world.lease(lease.id);
  EXPECT_EQ(second.term, 2U);
  EXPECT_EQ(second.host, s.dear);
  EXPECT_EQ(second.state, LeaseState::kProposed);
  const Host failed = s.world.host(s.cheap);
  EXPECT_EQ(failed.failures, 1U);
  EXPECT_EQ(failed.standing, kStandingOne - kMissedAckLowers);
  EXPECT_EQ(failed.bond, Amount{2'000'000'000}) << "a missed ack costs standing, not bond";
  EXPECT_EQ(failed.leases_open, 0U);
  EXPECT_EQ(s.world.get<Lease>(past_term_key(lease.id, 1))->closed, CloseReason::kAckMissed);
  EXPECT_EQ(s.world.send(s.first, AckLease{lease.id, 1}), Fault::kWrongTerm);
  EXPECT_EQ(s.world.send(s.first, AckLease{lease.id, 2}), Fault::kNotLeaseHost);
  EXPECT_EQ(s.world.send(s.second, AckLease{lease.id, 2}), Fault::kNone);
  EXPECT_EQ(s.world.bid(s.bid).locked, Amount{3'000'000}) << "one slice, not two";
}

TEST(LeaseStory, AnAckInTheBlockOfTheDeadlineIsInTimeAndOneLaterIsNot) {
  Stage s;
  s.bid = s.world.add_bid(s.publisher, s.terms());
  s.world.next_block();
  s.world.next_block();
  const Lease lease = s.world.lease_of(s.bid);
  s.world.stand_still(lease.ack_deadline_ms - s.world.now());
  EXPECT_EQ(s.world.send(s.first, AckLease{lease.id, 1}), Fault::kNone);
  EXPECT_EQ(s.world.send(s.first, AckLease{lease.id, 1}), Fault::kLeaseNotProposed);

  Stage late;
  late.bid = late.world.add_bid(late.publisher, late.terms());
  late.world.next_block();
  late.world.next_block();
  const Lease other = late.world.lease_of(late.bid);
  late.world.stand_still(other.ack_deadline_ms + 1 - late.world.now());
  EXPECT_EQ(late.world.send(late.first, AckLease{other.id, 1}), Fault::kAckTooLate);
}

TEST(LeaseStory, ASilentHostLosesTheLeaseAndAPartOfItsBond) {
  Stage s;
  const LeaseId lease = s.start();
  s.world.wait(100'000);
  ASSERT_EQ(s.world.send(s.first, Heartbeat{s.cheap}), Fault::kNone);
  const std::uint64_t seen = s.world.now();
  const std::uint64_t burned = s.world.burned();
  s.world.wait(180'000);
  EXPECT_EQ(s.world.lease(lease).state, LeaseState::kActive) << "exactly T is not over yet";
  s.world.next_block();

  EXPECT_EQ(s.world.lease(lease).term, 2U);
  EXPECT_EQ(s.world.lease(lease).host, s.dear);
  const Lease lost = *s.world.get<Lease>(past_term_key(lease, 1));
  EXPECT_EQ(lost.closed, CloseReason::kHostSilent);
  EXPECT_EQ(lost.closing_at_ms, seen) << "rent ends with the last sign of life";
  EXPECT_EQ(s.world.host(s.cheap).bond, Amount{1'980'000'000});
  EXPECT_EQ(s.world.burned(), burned + 20'000'000);
  EXPECT_EQ(s.world.host(s.cheap).standing, kStandingOne - kLostLeaseLowers);

  // What it served until then is still paid, within the window.
  const std::uint64_t before = s.world.balance(s.first);
  ASSERT_EQ(s.report_rent(s.first, s.cheap, lease, 1), Fault::kNone);
  EXPECT_EQ(s.world.receipt(lease, 0).rent, Amount{150'000 + 42'666});
  EXPECT_GT(s.world.balance(s.first), before);
  EXPECT_EQ(s.report_rent(s.first, s.cheap, lease, 1), Fault::kReceiptEmpty);
  s.world.wait(120'001);
  EXPECT_EQ(s.report_rent(s.first, s.cheap, lease, 1), Fault::kLeaseClosed);
}

TEST(LeaseStory, AHostThatFailedIsNoCandidateUntilItShowsLife) {
  Stage s;
  ASSERT_EQ(s.world.send(s.second, WithdrawOffer{s.dear}), Fault::kNone);
  s.bid = s.world.add_bid(s.publisher, s.terms());
  s.world.wait(1);
  s.world.wait(1'000);
  const Lease lease = s.world.lease_of(s.bid);
  s.world.wait(600'000);
  EXPECT_EQ(s.world.lease(lease.id).state, LeaseState::kClosed) << "the replica waits";
  EXPECT_EQ(s.world.lease(lease.id).term, 1U);
  EXPECT_EQ(s.world.bid(s.bid).replicas_held, 0U);
  ASSERT_EQ(s.world.send(s.first, Heartbeat{s.cheap}), Fault::kNone);
  s.world.next_block();
  EXPECT_EQ(s.world.lease(lease.id).term, 2U) << "same name, next term";
  EXPECT_EQ(s.world.lease(lease.id).state, LeaseState::kProposed);
}

TEST(LeaseStory, AChainThatStoodStillBlamesNobody) {
  Stage s;
  const LeaseId lease = s.start();
  s.world.stand_still(24 * 3'600'000);
  s.world.next_block();
  EXPECT_EQ(s.world.lease(lease).state, LeaseState::kActive);
  EXPECT_EQ(s.world.host(s.cheap).bond, Amount{2'000'000'000});
  s.world.wait(180'002);
  EXPECT_EQ(s.world.lease(lease).term, 2U) << "from then on the Host had its time";
}

TEST(LeaseStory, AHostMayDeclineOrGiveUpWithoutASlash) {
  Stage s;
  const LeaseId lease = s.start();
  s.world.wait(10'000);
  EXPECT_EQ(s.world.send(s.second, ReleaseLease{lease, 1, "no"}), Fault::kNotLeaseHost);
  EXPECT_EQ(s.world.send(s.first, ReleaseLease{lease, 2, "no"}), Fault::kWrongTerm);
  ASSERT_EQ(s.world.send(s.first, ReleaseLease{lease, 1, "maintenance"}), Fault::kNone);
  EXPECT_EQ(s.world.lease(lease).closed, CloseReason::kByHost);
  EXPECT_EQ(s.world.send(s.first, ReleaseLease{lease, 1, "again"}), Fault::kLeaseClosed);
  s.world.next_block();
  EXPECT_EQ(s.world.lease(lease).term, 2U) << "cleared again in the same block, to the other";
  EXPECT_EQ(s.world.lease(lease).host, s.dear);
  EXPECT_EQ(s.world.host(s.cheap).bond, Amount{2'000'000'000});
  ASSERT_EQ(s.report_rent(s.first, s.cheap, lease, 1), Fault::kNone) << "what it served is paid";
  EXPECT_EQ(s.world.receipt(lease, 0).term, 1U);
}

// Two Hosts that both decline would else be asked in turn, block after block.
TEST(LeaseStory, HostsThatDeclineAreLeftAloneForTheNotice) {
  Stage s;
  const LeaseId lease = s.start();
  s.world.wait(10'000);
  const std::uint64_t first_ms = s.world.now();
  ASSERT_EQ(s.world.send(s.first, ReleaseLease{lease, 1, "no room"}), Fault::kNone);
  s.world.next_block();
  ASSERT_EQ(s.world.lease(lease).host, s.dear);
  ASSERT_EQ(s.world.send(s.second, ReleaseLease{lease, 2, "no room"}), Fault::kNone);
  for (int i = 0; i < 5; ++i) {
    s.world.next_block();
    EXPECT_EQ(s.world.lease(lease).term, 2U) << "nobody is left to be asked";
  }
  s.world.wait(first_ms + 120'000 - s.world.now() - 1);
  EXPECT_EQ(s.world.lease(lease).term, 2U);
  s.world.wait(2);
  s.world.next_block();
  EXPECT_EQ(s.world.lease(lease).term, 3U) << "the first of them is asked again after the notice";
  EXPECT_EQ(s.world.lease(lease).host, s.cheap);
  EXPECT_EQ(s.world.lease(lease).state, LeaseState::kProposed);
}

TEST(LeaseStory, AnExhaustedEscrowClosesWithNoticeAndATopUpBringsTheReplicaBack) {
  Stage s;
  const LeaseId lease = s.start(3'000'100);
  s.world.wait(60'000);
  ASSERT_EQ(s.report_rent(s.first, s.cheap, lease), Fault::kNone);
  Lease closing = s.world.lease(lease);
  EXPECT_EQ(closing.state, LeaseState::kClosing) << "100 free droplets do not refill the slice";
  EXPECT_EQ(closing.closed, CloseReason::kEscrowExhausted);
  EXPECT_EQ(closing.closing_at_ms, s.world.now() + 120'000);
  s.world.wait(60'000);
  ASSERT_EQ(s.world.send(s.first, Heartbeat{s.cheap}), Fault::kNone);
  s.world.wait(60'001);
  EXPECT_EQ(s.world.lease(lease).state, LeaseState::kClosed);
  ASSERT_EQ(s.report_rent(s.first, s.cheap, lease), Fault::kNone) << "the notice is paid";
  const Lease paid = s.world.lease(lease);
  EXPECT_EQ(paid.paid, paid.rent_due) << "the slice covered interval and notice";
  EXPECT_EQ(paid.rent_due, Amount{270'000 + 76'800});

  const Person stranger = s.world.person();
  ASSERT_EQ(s.world.send(stranger, TopUpBid{s.bid, Amount{50'000'000}}), Fault::kNone);
  s.world.next_block();
  EXPECT_EQ(s.world.lease(lease).term, 2U);
}

TEST(LeaseStory, ClosingABidRefundsInProportionToTheDroplet) {
  Stage s;
  const LeaseId lease = s.start(10'000'001);
  const Person friend_one = s.world.person();
  const Person friend_two = s.world.person();
  ASSERT_EQ(s.world.send(friend_one, TopUpBid{s.bid, Amount{5'000'000}}), Fault::kNone);
  ASSERT_EQ(s.world.send(friend_two, TopUpBid{s.bid, Amount{2'500'000}}), Fault::kNone);
  ASSERT_EQ(s.world.send(friend_one, TopUpBid{s.bid, Amount{1}}), Fault::kNone);
  s.world.wait(60'000);
  ASSERT_EQ(s.report_rent(s.first, s.cheap, lease), Fault::kNone);
  const std::uint64_t one = s.world.balance(friend_one);
  const std::uint64_t two = s.world.balance(friend_two);
  const std::uint64_t owner = s.world.balance(s.publisher);
  EXPECT_EQ(s.world.send(friend_one, CloseBid{s.bid}), Fault::kNotBidOwner);
  ASSERT_EQ(s.world.send(s.publisher, CloseBid{s.bid}), Fault::kNone);
  EXPECT_EQ(s.world.send(s.publisher, CloseBid{s.bid}), Fault::kBidClosed);
  EXPECT_EQ(s.world.send(friend_one, TopUpBid{s.bid, Amount{1}}), Fault::kBidClosed);
  s.world.wait(120'000);
  EXPECT_EQ(s.world.balance(friend_one), one) << "the final receipt may still come";
  s.world.wait(2);

  const std::uint64_t left = 17'500'002 - s.world.bid(s.bid).spent.droplets;
  const auto share = [&](std::uint64_t deposit) {
    return static_cast<std::uint64_t>(u128{left} * deposit / 17'500'002);
  };
  const std::uint64_t remainder = left - share(10'000'001) - share(5'000'001) - share(2'500'000);
  ASSERT_LE(remainder, 2U);
  EXPECT_EQ(s.world.balance(s.publisher), owner + share(10'000'001) + (remainder > 0 ? 1 : 0));
  EXPECT_EQ(s.world.balance(friend_one), one + share(5'000'001) + (remainder > 1 ? 1 : 0));
  EXPECT_EQ(s.world.balance(friend_two), two + share(2'500'000));
}

TEST(LeaseStory, ABidWithoutLeasesIsRefundedAtOnce) {
  Stage s;
  BidTerms nowhere = s.terms();
  nowhere.constraints.countries.push_back("FR");
  s.bid = s.world.add_bid(s.publisher, nowhere);
  s.world.next_block();
  s.world.next_block();
  const std::uint64_t before = s.world.balance(s.publisher);
  ASSERT_EQ(s.world.send(s.publisher, CloseBid{s.bid}), Fault::kNone);
  EXPECT_EQ(s.world.balance(s.publisher), before + 100'000'000);
}

TEST(LeaseStory, TwoGatewaysVouchForOneLease) {
  Stage s;
  const Person other = s.world.person();
  s.world.add_gateway(other);
  BidTerms t = s.terms();
  t.gateways.push_back(other.address);
  s.bid = s.world.add_bid(s.publisher, t);
  s.world.next_block();
  s.world.next_block();
  const LeaseId lease = s.world.lease_of(s.bid).id;
  ASSERT_EQ(s.world.send(s.first, AckLease{lease, 1}), Fault::kNone);
  ServedLog a(s.world, s.gateway, lease, 1);
  ServedLog b(s.world, other, lease, 1);
  s.world.wait(60'000);
  a.serve_many(10, 1'000'000, 100);
  b.serve_many(7, 2'000'000, 50);
  ASSERT_EQ(s.world.send(s.first, SubmitReceipts{s.cheap, {Receipt{lease, 1, {a.claim()}}}}),
            Fault::kNone);
  s.world.wait(1'000);
  a.serve_many(1, 1'000'000, 100);
  ASSERT_EQ(
      s.world.send(s.first, SubmitReceipts{s.cheap, {Receipt{lease, 1, {b.claim(), a.claim()}}}}),
      Fault::kNone);
  const Lease now = s.world.lease(lease);
  EXPECT_EQ(now.logs.size(), 2U);
  EXPECT_LT(now.logs[0].gateway, now.logs[1].gateway);
  EXPECT_EQ(s.world.receipt(lease, 1).counters, (Counters{8, 15'000'000, 450}));
  EXPECT_EQ(now.use_due, use_due(now.prices, now.scale, Counters{18, 25'000'000, 1'450}));
}

TEST(LeaseStory, AReplayedOrOverlappingReceiptIsRefusedAndChangesNothing) {
  Stage s;
  const LeaseId lease = s.start();
  ServedLog log(s.world, s.gateway, lease, 1);
  s.world.wait(30'000);
  log.serve_many(20, 1'000'000, 100);
  const SubmitReceipts first{s.cheap, {Receipt{lease, 1, {log.claim()}}}};
  ASSERT_EQ(s.world.send(s.first, first), Fault::kNone);
  s.world.wait(1'000);
  const Lease before = s.world.lease(lease);
  EXPECT_EQ(s.world.send(s.first,
                         SubmitReceipts{s.cheap, {Receipt{lease, 1, {log.claim_between(10, 20)}}}}),
            Fault::kReceiptNotExtending);
  EXPECT_EQ(s.world.send(s.first,
                         SubmitReceipts{s.cheap, {Receipt{lease, 1, {log.claim_between(0, 10)}}}}),
            Fault::kReceiptBackwards);
  EXPECT_EQ(s.world.lease(lease), before);
  // The same claim again bills no use twice: there is nothing new in it.
  ASSERT_EQ(s.world.send(s.first,
                         SubmitReceipts{s.cheap, {Receipt{lease, 1, {log.claim_between(20, 20)}}}}),
            Fault::kNone);
  EXPECT_EQ(s.world.receipt(lease, 1).use, Amount{0});
  EXPECT_EQ(s.world.receipt(lease, 1).counters, Counters{});
}

TEST(LeaseStory, ARetiringHostServesItsNoticeAndGetsItsBondBack) {
  Stage s;
  const LeaseId lease = s.start();
  EXPECT_EQ(s.world.send(s.second, RetireHost{s.cheap}), Fault::kNotHostOwner);
  ASSERT_EQ(s.world.send(s.first, RetireHost{s.cheap}), Fault::kNone);
  EXPECT_EQ(s.world.send(s.first, RetireHost{s.cheap}), Fault::kHostRetired);
  EXPECT_EQ(s.world.lease(lease).state, LeaseState::kClosing);
  EXPECT_EQ(s.world.lease(lease).closed, CloseReason::kHostRetired);
  s.world.next_block();
  const Lease next = s.world.lease_of(s.bid, 1);
  EXPECT_EQ(next.host, s.dear) << "another is proposed while this one still serves";
  ASSERT_EQ(s.world.send(s.second, AckLease{next.id, 1}), Fault::kNone);
  s.world.wait(119'998);
  EXPECT_EQ(s.world.lease(lease).state, LeaseState::kClosing);
  s.world.wait(2);
  EXPECT_EQ(s.world.lease(lease).state, LeaseState::kClosed);
  EXPECT_EQ(s.world.bid(s.bid).replicas_held, 1U);
  const std::uint64_t before = s.world.balance(s.first);
  ASSERT_EQ(s.report_rent(s.first, s.cheap, lease), Fault::kNone);
  s.world.wait(600'000);
  EXPECT_GE(s.world.balance(s.first), before + 2'000'000'000);
  EXPECT_EQ(s.world.host(s.cheap).bond, Amount{});
  EXPECT_EQ(s.world.host(s.cheap).standing, kStandingOne) << "retiring is no failure";
}

TEST(LeaseStory, TheBondStaysWhileALeaseIsOpen) {
  MarketParams params = testing::example_params();
  params.notice_ms = 1'000'000;
  params.bond_return_ms = 1'000;
  MarketWorld world(params);
  const Person owner = world.person();
  const Person publisher = world.person();
  const HostId host = world.add_host(owner, 10'000);
  world.publish(publisher, "abc");
  world.next_block();
  const BidId bid = world.add_bid(publisher, MarketWorld::terms("abc"));
  world.next_block();
  world.next_block();
  ASSERT_EQ(world.send(owner, AckLease{world.lease_of(bid).id, 1}), Fault::kNone);
  ASSERT_EQ(world.send(owner, RetireHost{host}), Fault::kNone);
  for (int i = 0; i < 9; ++i) {
    world.wait(100'000);
    ASSERT_EQ(world.send(owner, Heartbeat{host}), Fault::kNone);
    EXPECT_EQ(world.host(host).bond, Amount{2'000'000'000});
  }
  world.wait(102'000);
  EXPECT_EQ(world.host(host).bond, Amount{});
}

TEST(LeaseStory, PastTermsAndReceiptsAreForgottenAfterTheirWindows) {
  Stage s;
  const LeaseId lease = s.start();
  s.world.wait(10'000);
  ASSERT_EQ(s.report_rent(s.first, s.cheap, lease), Fault::kNone);
  ASSERT_EQ(s.world.send(s.first, ReleaseLease{lease, 1, ""}), Fault::kNone);
  s.world.wait(600'000 - 1);
  EXPECT_TRUE(s.world.get<ReceiptRecord>(receipt_key(lease, 0)).has_value());
  EXPECT_TRUE(s.world.get<Lease>(past_term_key(lease, 1)).has_value());
  s.world.wait(130'000);
  EXPECT_FALSE(s.world.get<ReceiptRecord>(receipt_key(lease, 0)).has_value());
  EXPECT_FALSE(s.world.get<Lease>(past_term_key(lease, 1)).has_value());
}

}  // namespace
}  // namespace fog::market
