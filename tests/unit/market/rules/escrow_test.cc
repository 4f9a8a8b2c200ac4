// Whose money a Bid spends, who gets back what, and attempts to get more.
#include "market/rules/deposits.h"
#include "market/rules/settlement.h"
#include "tests/support/market_stage.h"

namespace fog::market {
namespace {

using testing::MarketWorld;
using testing::Person;
using testing::ServedLog;
using testing::Stage;

// Everybody's money but for what stays burned, in a bid's life from now on.
struct Purse {
  const MarketWorld& world;
  Person who;
  std::uint64_t before;
  Purse(const MarketWorld& w, const Person& p) : world(w), who(p), before(w.balance(p)) {}
  std::int64_t gained() const {
    return static_cast<std::int64_t>(world.balance(who)) - static_cast<std::int64_t>(before);
  }
};

TEST(Escrow, MoneyThatComesLaterHasNoPartInWhatWasSpentBefore) {
  Stage s;
  const LeaseId lease = s.start(100'000'000);
  ServedLog log(s.world, s.gateway, lease, 1);
  for (int i = 0; i < 20; ++i) {
    s.world.wait(60'000);
    log.serve_many(10, 60'000'000, 100);
    ASSERT_EQ(s.report(lease, log), Fault::kNone);
  }
  const std::uint64_t spent = s.world.bid(s.bid).spent.droplets;
  ASSERT_GT(spent, 10'000'000U);
  const Person supporter = s.world.person();
  const Purse purse(s.world, supporter);
  const Purse owner(s.world, s.publisher);
  ASSERT_EQ(s.world.send(supporter, TopUpBid{s.bid, Amount{100'000'000}}), Fault::kNone);
  ASSERT_EQ(s.world.send(s.publisher, CloseBid{s.bid}), Fault::kNone);
  s.world.wait(130'000);
  EXPECT_EQ(purse.gained(), 0) << "nothing was spent since it came";
  EXPECT_EQ(owner.gained(), static_cast<std::int64_t>(100'000'000 - spent));
}

TEST(Escrow, WhatIsSpentIsSharedInProportionToWhatEachHasLeft) {
  Stage s;
  const LeaseId lease = s.start(30'000'000);
  const Person other = s.world.person();
  ASSERT_EQ(s.world.send(other, TopUpBid{s.bid, Amount{10'000'000}}), Fault::kNone);
  s.world.wait(60'000);
  ASSERT_EQ(s.report_rent(s.first, s.cheap, lease), Fault::kNone);
  const std::uint64_t spent = s.world.bid(s.bid).spent.droplets;
  ASSERT_EQ(s.world.send(other, TopUpBid{s.bid, Amount{1}}), Fault::kNone);
  const auto deposits = s.world.bid(s.bid).deposits;
  ASSERT_EQ(deposits.size(), 2U);
  EXPECT_EQ(deposits[0].left.droplets + deposits[1].left.droplets, 40'000'001 - spent);
  EXPECT_NEAR(static_cast<double>(deposits[0].left.droplets),
              30'000'000 - static_cast<double>(spent) * 0.75, 1);
}

TEST(Escrow, AFullListMakesRoomForWhoBringsMoreThanTheLeast) {
  MarketWorld world;
  const Person publisher = world.person();
  world.publish(publisher, "abc");
  const BidId bid = world.add_bid(publisher, MarketWorld::terms("abc"));
  EXPECT_EQ(world.send(publisher, TopUpBid{bid, Amount{}}), Fault::kZeroAmount);
  EXPECT_EQ(world.send(publisher, TopUpBid{bid, Amount{~0ULL}}), Fault::kAmountOverflow);
  EXPECT_EQ(world.send(publisher, TopUpBid{bid, Amount{world.balance(publisher) + 1}}),
            Fault::kInsufficientFunds);
  std::vector<Person> dust;
  for (int i = 0; i < 15; ++i) {
    dust.push_back(world.person());
    EXPECT_EQ(world.send(dust.back(), TopUpBid{bid, Amount{1}}), Fault::kNone);
  }
  const Person newcomer = world.person();
  EXPECT_EQ(world.send(newcomer, TopUpBid{bid, Amount{1}}), Fault::kTooManyDepositors)
      << "no more than the least has";
  EXPECT_EQ(world.send(publisher, TopUpBid{bid, Amount{1}}), Fault::kNone) << "one of the sixteen";
  const Purse evicted(world, dust[0]);
  EXPECT_EQ(world.send(newcomer, TopUpBid{bid, Amount{2}}), Fault::kNone);
  EXPECT_EQ(evicted.gained(), 1) << "who makes way has his money back";
  EXPECT_EQ(world.send(dust[0], TopUpBid{bid, Amount{1}}), Fault::kTooManyDepositors);
  const Bid now = world.bid(bid);
  EXPECT_EQ(now.deposits.size(), 16U);
  EXPECT_EQ(now.deposits.front().from, publisher.address) << "the owner never makes way";
  EXPECT_EQ(now.free, Amount{100'000'017});
  EXPECT_EQ(now.refunded, Amount{1});
  world.next_block();
}

TEST(Escrow, NobodyMakesWayWhileHisMoneyIsLocked) {
  Stage s;
  BidTerms t = s.terms();
  s.bid = s.world.add_bid(s.publisher, t, 3'000'000);
  for (int i = 0; i < 15; ++i) {
    ASSERT_EQ(s.world.send(s.world.person(), TopUpBid{s.bid, Amount{10}}), Fault::kNone);
  }
  s.world.next_block();
  s.world.next_block();
  ASSERT_EQ(s.world.bid(s.bid).free, Amount{150});
  // Rent, so that of the 150 free droplets some are needed to refill the slice.
  ASSERT_EQ(s.world.send(s.first, AckLease{s.world.lease_of(s.bid).id, 1}), Fault::kNone);
  s.world.wait(1'000);
  ASSERT_EQ(s.report_rent(s.first, s.cheap, s.world.lease_of(s.bid).id), Fault::kNone);
  ASSERT_EQ(s.world.bid(s.bid).free, Amount{});
  EXPECT_EQ(s.world.send(s.world.person(), TopUpBid{s.bid, Amount{5'000}}),
            Fault::kTooManyDepositors);
  EXPECT_EQ(s.world.send(s.publisher, TopUpBid{s.bid, Amount{5'000}}), Fault::kNone);
}

TEST(Escrow, RoundingCannotBeHarvestedByManySmallDeposits) {
  Stage s;
  const LeaseId lease = s.start(50'000'000);
  const Person victim = s.world.person();
  const Person greedy = s.world.person();
  const Purse purse(s.world, victim);
  const Purse harvest(s.world, greedy);
  ASSERT_EQ(s.world.send(victim, TopUpBid{s.bid, Amount{50'000'000}}), Fault::kNone);
  for (int i = 0; i < 60; ++i) {
    s.world.wait(1'000);
    ASSERT_EQ(s.report_rent(s.first, s.cheap, lease), Fault::kNone);
    ASSERT_EQ(s.world.send(greedy, TopUpBid{s.bid, Amount{1}}), Fault::kNone);
  }
  const std::uint64_t spent = s.world.bid(s.bid).spent.droplets;
  ASSERT_EQ(s.world.send(s.publisher, CloseBid{s.bid}), Fault::kNone);
  s.world.wait(130'000);
  EXPECT_LE(harvest.gained(), 0);
  EXPECT_GE(purse.gained(), -static_cast<std::int64_t>(spent / 2 + 61))
      << "at most a droplet a change of the list";
}

TEST(Escrow, IsMarkedLowBeforeLeasesCloseAndBothMarksAreToldOnce) {
  Stage s;
  // 60 000 000 an hour: ten minutes are 10 000 000; the slice is 3 000 000.
  const LeaseId lease = s.start(14'000'000);
  EXPECT_EQ(s.world.bid(s.bid).low_since_ms, 0U);
  ServedLog log(s.world, s.gateway, lease, 1);
  std::uint64_t marked_ms = 0;
  while (s.world.lease(lease).state == LeaseState::kActive) {
    s.world.wait(60'000);
    log.serve_many(10, 60'000'000, 100);
    ASSERT_EQ(s.report(lease, log), Fault::kNone);
    if (marked_ms == 0) marked_ms = s.world.bid(s.bid).low_since_ms;
  }
  ASSERT_NE(marked_ms, 0U);
  EXPECT_EQ(s.world.lease(lease).closed, CloseReason::kEscrowExhausted);
  EXPECT_GE(s.world.now() - marked_ms, 600'000U) << "at the spending limit it lasts that long";
  const auto count = [&](EventKind kind) {
    std::size_t n = 0;
    for (const MarketEvent& event : s.world.events(s.publisher)) {
      if (event.kind == kind) ++n;
    }
    return n;
  };
  EXPECT_EQ(count(EventKind::kEscrowLow), 1U);
  EXPECT_EQ(count(EventKind::kEscrowFilled), 0U);
  ASSERT_EQ(s.world.send(s.publisher, TopUpBid{s.bid, Amount{50'000'000}}), Fault::kNone);
  EXPECT_EQ(s.world.bid(s.bid).low_since_ms, 0U);
  EXPECT_EQ(count(EventKind::kEscrowFilled), 1U);
}

TEST(Escrow, AReceiptSentTwiceInOneMessageBillsOnce) {
  Stage s;
  const LeaseId lease = s.start();
  ServedLog log(s.world, s.gateway, lease, 1);
  s.world.wait(30'000);
  log.serve_many(20, 1'000'000, 100);
  const Receipt receipt{lease, 1, {log.claim()}};
  ASSERT_EQ(s.world.send(s.first, SubmitReceipts{s.cheap, {receipt, receipt}}), Fault::kNone);
  const Amount spent = s.world.bid(s.bid).spent;
  EXPECT_EQ(s.world.receipt(lease, 1).rent + s.world.receipt(lease, 1).use, Amount{});
  EXPECT_EQ(spent, s.world.receipt(lease, 0).rent + s.world.receipt(lease, 0).use);
  // Cut anew, the same requests under the same voucher: nothing is owed for them any more.
  for (const auto& [from, to] : {std::pair{20, 20}, std::pair{0, 20}, std::pair{5, 20}}) {
    (void)s.world.send(
        s.first, SubmitReceipts{s.cheap,
                                {Receipt{lease,
                                         1,
                                         {log.claim_between(static_cast<std::uint64_t>(from),
                                                            static_cast<std::uint64_t>(to))}}}});
  }
  EXPECT_EQ(s.world.bid(s.bid).spent, spent);
}

TEST(Escrow, WithholdingAcknowledgementsCostsStandingAndNoMoneyOfTheBid) {
  Stage s;
  s.bid = s.world.add_bid(s.publisher, s.terms());
  s.world.next_block();
  s.world.next_block();
  const LeaseId lease = s.world.lease_of(s.bid).id;
  s.world.wait(31'000);
  EXPECT_EQ(s.world.lease(lease).host, s.dear) << "the other has its place at once";
  EXPECT_EQ(s.world.host(s.cheap).standing, 9'500);
  ASSERT_EQ(s.world.send(s.first, Heartbeat{s.cheap}), Fault::kNone);
  ASSERT_EQ(s.world.send(s.second, AckLease{lease, 2}), Fault::kNone);
  s.world.next_block();
  EXPECT_EQ(s.world.bid(s.bid).spent, Amount{});
  EXPECT_EQ(s.world.bid(s.bid).locked, Amount{3'000'000});
}

// ---- shares ----

TEST(Refund, SharesAddUpToTheDroplet) {
  const auto shares = [](std::vector<std::uint64_t> deposits, std::uint64_t amount) {
    std::vector<Deposit> list;
    for (const std::uint64_t d : deposits) list.push_back({{}, Amount{d}});
    std::vector<std::uint64_t> out;
    for (const Amount& share : refund_shares(list, Amount{amount})) out.push_back(share.droplets);
    return out;
  };
  EXPECT_EQ(shares({1, 1, 1}, 2), (std::vector<std::uint64_t>{1, 1, 0}));
  EXPECT_EQ(shares({10, 20, 70}, 50), (std::vector<std::uint64_t>{5, 10, 35}));
  EXPECT_EQ(shares({7, 7, 7}, 20), (std::vector<std::uint64_t>{7, 7, 6}));
  EXPECT_EQ(shares({5}, 0), (std::vector<std::uint64_t>{0}));
  EXPECT_EQ(shares({~0ULL - 1, 1}, ~0ULL), (std::vector<std::uint64_t>{~0ULL - 1, 1}));
}

}  // namespace
}  // namespace fog::market
