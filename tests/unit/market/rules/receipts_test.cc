// Receipts: every way in which a claim can be wrong, and that what is paid does not depend on how a
// bill is cut.
#include "market/rules/rules.h"
#include "market/rules/settlement.h"
#include "tests/support/market_stage.h"

namespace fog::market {
namespace {

using testing::example_params;
using testing::MarketWorld;
using testing::Person;
using testing::SeededRng;
using testing::ServedLog;
using testing::somewhere;
using testing::Stage;

// A lease that is active on the cheap Host for a second.
struct ReceiptTest : ::testing::Test, Stage {
  const Person& owner = first;
  const HostId& host = cheap;
  LeaseId lease = start_for_a_second(terms());

  LeaseId start_for_a_second(const BidTerms& t) {
    const LeaseId id = start(t);
    world.wait(1'000);
    return id;
  }
  ServedLog new_log() { return ServedLog(world, gateway, lease, 1); }
  Fault claim(const LogClaim& c) {
    return world.send(owner, SubmitReceipts{host, {Receipt{lease, 1, {c}}}});
  }
};

TEST_F(ReceiptTest, OnlyTheOperatorOfTheLeasesHostReports) {
  const Person other = world.person();
  const HostId others = world.add_host(other, 20'000);
  const Receipt rent{lease, 1, {}};
  EXPECT_EQ(world.send(other, SubmitReceipts{host, {rent}}), Fault::kNotHostOperator);
  EXPECT_EQ(world.send(other, SubmitReceipts{others, {rent}}), Fault::kNotLeaseHost);
  EXPECT_EQ(world.send(owner, SubmitReceipts{{}, {rent}}), Fault::kHostNotFound);
  EXPECT_EQ(world.send(owner, SubmitReceipts{host, {}}), Fault::kReceiptEmpty);
  EXPECT_EQ(world.send(owner, SubmitReceipts{host, {Receipt{{}, 1, {}}}}), Fault::kLeaseNotFound);
  EXPECT_EQ(world.send(owner, SubmitReceipts{host, {Receipt{lease, 2, {}}}}), Fault::kWrongTerm);
  EXPECT_EQ(world.send(owner, SubmitReceipts{host, {Receipt{lease, 0, {}}}}), Fault::kWrongTerm);
  EXPECT_EQ(world.send(owner, SubmitReceipts{host, {rent}}), Fault::kNone);
  EXPECT_EQ(world.send(owner, SubmitReceipts{host, {rent}}), Fault::kReceiptEmpty)
      << "no time has passed since";
}

TEST_F(ReceiptTest, NothingIsBilledBeforeTheAcknowledgement) {
  const BidId another = world.add_bid(publisher, terms());
  world.next_block();
  world.next_block();
  const LeaseId proposed = world.lease_of(another).id;
  world.wait(1'000);
  EXPECT_EQ(world.send(owner, SubmitReceipts{host, {Receipt{proposed, 1, {}}}}),
            Fault::kLeaseNotActive);
  ASSERT_EQ(world.send(publisher, CloseBid{another}), Fault::kNone);
  EXPECT_EQ(world.send(owner, SubmitReceipts{host, {Receipt{proposed, 1, {}}}}),
            Fault::kLeaseClosed);
}

TEST_F(ReceiptTest, OneBadReceiptFailsAll) {
  const Receipt good{lease, 1, {}};
  const Lease before = world.lease(lease);
  EXPECT_EQ(world.send(owner, SubmitReceipts{host, {good, Receipt{{}, 1, {}}}}),
            Fault::kLeaseNotFound);
  EXPECT_EQ(world.lease(lease), before);
}

TEST_F(ReceiptTest, LeavesBeyondTheVoucherDoNotBill) {
  ServedLog log = new_log();
  log.serve_many(10, 1'000, 10);
  LogClaim c = log.claim_between(0, 10);
  ServedLog nine = new_log();
  nine.serve_many(9, 1'000, 10);
  c.voucher = nine.claim().voucher;
  EXPECT_EQ(claim(c), Fault::kReceiptNotVouchered);
  LogClaim exact = log.claim_between(0, 9);
  exact.voucher = c.voucher;
  EXPECT_EQ(claim(exact), Fault::kNone);
}

TEST_F(ReceiptTest, AVoucherIsForThisChainLeaseTermAndGateway) {
  const auto with = [&](auto change) {
    ServedLog log = new_log();
    change(log.voucher);
    log.serve(1'000, 10);
    LogClaim c = log.claim();
    c.gateway = gateway.address;
    return claim(c);
  };
  EXPECT_EQ(with([](Voucher& v) { v.chain_id = {}; }), Fault::kBadVoucher);
  EXPECT_EQ(with([](Voucher& v) { v.lease = {}; }), Fault::kBadVoucher);
  EXPECT_EQ(with([](Voucher& v) { v.term = 2; }), Fault::kBadVoucher);
  EXPECT_EQ(with([](Voucher& v) { v.gateway = {}; }), Fault::kBadVoucher);
  EXPECT_EQ(with([](Voucher&) {}), Fault::kNone);
}

TEST_F(ReceiptTest, AVoucherOfAnotherKeyIsNone) {
  const Person forger = world.person();
  ServedLog forged(world, Person{forger.key, gateway.address}, lease, 1);
  forged.serve(1'000, 10);
  EXPECT_EQ(claim(forged.claim()), Fault::kBadVoucher);
}

TEST_F(ReceiptTest, AVoucherOfTheKeyBeforeCountsForAWindow) {
  const Person new_key = world.person();
  ServedLog log = new_log();
  log.serve(1'000, 10);
  ASSERT_EQ(
      world.send(gateway, UpdateGateway{new_key.key.public_key(), "http://g:80", somewhere()}),
      Fault::kNone);
  EXPECT_EQ(claim(log.claim()), Fault::kNone);
  log.serve(1'000, 10);
  for (int i = 0; i < 3; ++i) {
    world.wait(60'000);
    ASSERT_EQ(world.send(owner, Heartbeat{host}), Fault::kNone);
  }
  world.wait(1);
  EXPECT_EQ(claim(log.claim()), Fault::kBadVoucher);
  ServedLog again(world, Person{new_key.key, gateway.address}, lease, 1);
  again.serve(1'000, 10);
  again.serve(1'000, 10);
  EXPECT_EQ(claim(again.claim_between(1, 2)), Fault::kNone)
      << "the new key vouches for the same log";
}

TEST_F(ReceiptTest, OnlyAuthorizedGatewaysVouch) {
  const Person stranger = world.person();
  world.add_gateway(stranger);
  ServedLog log(world, stranger, lease, 1);
  log.serve(1'000, 10);
  EXPECT_EQ(claim(log.claim()), Fault::kGatewayNotAuthorized);
}

TEST_F(ReceiptTest, CountersFitRootAndVoucher) {
  ServedLog log = new_log();
  log.serve_many(4, 1'000, 10);
  LogClaim c = log.claim_between(0, 4);
  c.root.sums.requests = 5;
  EXPECT_EQ(claim(c), Fault::kReceiptBadSums) << "more requests than leaves";
  c = log.claim_between(0, 4);
  c.root.sums.egress_bytes = 41;
  EXPECT_EQ(claim(c), Fault::kReceiptBadSums) << "more bytes than vouchered";
  ServedLog fewer_bytes = new_log();
  fewer_bytes.serve_many(4, 1'000, 9);
  c = log.claim_between(0, 4);
  c.voucher = fewer_bytes.claim().voucher;
  EXPECT_EQ(claim(c), Fault::kReceiptBadSums);
  EXPECT_EQ(claim(log.claim_between(0, 4)), Fault::kNone);
}

TEST_F(ReceiptTest, ALogOnlyGrows) {
  ServedLog log = new_log();
  log.serve_many(8, 1'000, 10);
  ASSERT_EQ(claim(log.claim_between(0, 5)), Fault::kNone);
  EXPECT_EQ(claim(log.claim_between(0, 4)), Fault::kReceiptBackwards);
  ServedLog other = new_log();
  other.serve_many(8, 1'001, 10);
  EXPECT_EQ(claim(other.claim_between(5, 8)), Fault::kReceiptNotExtending) << "another history";
  LogClaim tampered = log.claim_between(5, 8);
  tampered.root.sums.fuel += 1;
  EXPECT_EQ(claim(tampered), Fault::kReceiptNotExtending);
  LogClaim lower = log.claim_between(5, 8);
  lower.root.sums.fuel = 4'999;
  EXPECT_EQ(claim(lower), Fault::kReceiptBackwards);
  EXPECT_EQ(claim(log.claim_between(4, 8)), Fault::kReceiptNotExtending);
  EXPECT_EQ(claim(log.claim_between(5, 8)), Fault::kNone);
}

TEST_F(ReceiptTest, VouchersOnlyGrow) {
  ServedLog log = new_log();
  log.serve_many(8, 1'000, 10);
  ServedLog five = new_log();
  five.serve_many(5, 1'000, 10);
  const SignedVoucher older = five.claim().voucher;
  ASSERT_EQ(claim(log.claim_between(0, 4)), Fault::kNone);
  LogClaim c = log.claim_between(4, 5);
  c.voucher = older;
  EXPECT_EQ(claim(c), Fault::kBadVoucher) << "eight were vouchered already";
  EXPECT_EQ(claim(log.claim_between(4, 5)), Fault::kNone) << "the same voucher again";
}

TEST_F(ReceiptTest, FuelIsBoundByWhatIsReservedAndTime) {
  world.next_block();
  // One core for 1 001 ms: 20 020 000 000 units at most.
  ServedLog log = new_log();
  log.serve(20'020'000'001, 10);
  EXPECT_EQ(claim(log.claim()), Fault::kReceiptBeyondCapacity);
  ServedLog exact = new_log();
  exact.serve(20'020'000'000, 10);
  EXPECT_EQ(claim(exact.claim()), Fault::kNone);
}

TEST_F(ReceiptTest, TheSumOverAllLogsIsBound) {
  const Person other = world.person();
  world.add_gateway(other);
  BidTerms t = terms();
  t.gateways.push_back(other.address);
  lease = start_for_a_second(t);
  ServedLog a = new_log();
  a.serve(15'000'000'000, 10);
  ServedLog b(world, other, lease, 1);
  b.serve(15'000'000'000, 10);
  EXPECT_EQ(world.send(owner, SubmitReceipts{host, {Receipt{lease, 1, {a.claim(), b.claim()}}}}),
            Fault::kReceiptBeyondCapacity);
  world.wait(500);
  EXPECT_EQ(
      world.send(owner,
                 SubmitReceipts{
                     host, {Receipt{lease, 1, {a.claim_between(0, 1), b.claim_between(0, 1)}}}}),
      Fault::kNone);
}

TEST_F(ReceiptTest, VoidsAreLeavesThatBillNothing) {
  ServedLog log = new_log();
  log.serve(1'000'000, 10);
  LogEntry nothing;
  nothing.index = 1;
  ASSERT_TRUE(log.log.append(log_leaf(nothing)));
  ++log.voucher.count;
  ASSERT_EQ(claim(log.claim()), Fault::kNone);
  EXPECT_EQ(world.receipt(lease, 0).counters, (Counters{1, 1'000'000, 10}));
}

TEST_F(ReceiptTest, WhatIsOwedBeyondTheSliceIsPaidLater) {
  // 60 000 000 an hour at most: 16 666 a second, and a slice of 3 000 000 ahead.
  ServedLog log = new_log();
  log.serve(4'000'000'000, 10);
  ASSERT_EQ(claim(log.claim()), Fault::kNone);
  const ReceiptRecord at_once = world.receipt(lease, 0);
  const Lease now = world.lease(lease);
  EXPECT_EQ(at_once.use, use_due(now.prices, now.scale, {1, 4'000'000'000, 10}));
  EXPECT_EQ(at_once.to_host.droplets + at_once.held.droplets + at_once.burned.droplets, 3'000'000U);
  EXPECT_EQ(at_once.short_by.droplets, at_once.rent.droplets + at_once.use.droplets - 3'000'000);
  EXPECT_EQ(world.lease(lease).state, LeaseState::kActive) << "the escrow could refill the slice";
  world.wait(60'000);
  ASSERT_EQ(world.send(owner, SubmitReceipts{host, {Receipt{lease, 1, {}}}}), Fault::kNone);
  const ReceiptRecord later = world.receipt(lease, 1);
  EXPECT_EQ(later.to_host.droplets + later.held.droplets + later.burned.droplets, 1'000'000U)
      << "no faster than the Bid's limit";
  EXPECT_GT(later.short_by, Amount{});
}

// The same use and time, cut into receipts at random, pays the same to the droplet.
TEST(ReceiptProperty, TheTotalDoesNotDependOnTheCuts) {
  std::set<std::uint64_t> paid;
  std::set<std::uint64_t> burned;
  std::set<std::uint64_t> earned;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    SeededRng rng(seed);
    MarketWorld world;
    const Person publisher = world.person();
    const Person gateway = world.person();
    const Person owner = world.person();
    world.add_gateway(gateway);
    const HostId host = world.add_host(owner, 10'007);
    world.publish(publisher, "abc");
    world.next_block();
    BidTerms t = MarketWorld::terms("abc");
    t.resources.cpu_milli = 777;
    t.gateways.push_back(gateway.address);
    t.constraints.only_hosts.push_back(host);
    t.cap_step = 40;
    const BidId bid = world.add_bid(publisher, t);
    world.next_block();
    world.next_block();
    const LeaseId lease = world.lease_of(bid).id;
    ASSERT_EQ(world.send(owner, AckLease{lease, 1}), Fault::kNone);
    ServedLog log(world, gateway, lease, 1);
    for (int second = 0; second < 300; ++second) {
      world.wait(1'000);
      log.serve(1'234'567, 777);
      const bool last = second == 299;
      if (!last && rng.below(10) >= 1 + seed % 5 && second % 100 != 99) continue;
      Receipt receipt{lease, 1, {}};
      if (last || rng.below(2) == 0) receipt.logs.push_back(log.claim());
      ASSERT_EQ(world.send(owner, SubmitReceipts{host, {receipt}}), Fault::kNone);
    }
    const Lease end = world.lease(lease);
    EXPECT_EQ(end.paid.droplets, end.rent_due.droplets + end.use_due.droplets);
    paid.insert(end.paid.droplets);
    burned.insert(end.burned.droplets);
    ASSERT_EQ(world.send(publisher, CloseBid{bid}), Fault::kNone);
    world.wait(3'600'000);
    earned.insert(world.host(host).earned.droplets);
  }
  EXPECT_EQ(paid.size(), 1U);
  EXPECT_EQ(burned.size(), 1U);
  EXPECT_EQ(earned.size(), 1U);
}

}  // namespace
}  // namespace fog::market
