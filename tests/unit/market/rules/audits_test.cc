// Auditors: whom a Host's owner admits, what they attest, and what of it a Bid believes.
#include "market/rules/demand.h"
#include "tests/support/market_world.h"

namespace fog::market {
namespace {

using testing::is;
using testing::MarketWorld;
using testing::Person;

struct AuditsTest : ::testing::Test {
  MarketWorld world;
  Person owner = world.person();
  Person auditor = world.person();
  Person stranger = world.person();
  HostId host = world.add_host(owner, 10'000);
  Attributes gold{{"tier", "gold"}};

  std::optional<HostAudit> audit() const { return world.get<HostAudit>(host_audit_key(host)); }
  Fault admit(std::initializer_list<Address> auditors) {
    return world.send(owner, AdmitAuditors{host, auditors});
  }
  Fault attest(const Person& who, const Attributes& what, std::uint64_t for_ms) {
    return world.send(who, AttestHost{host, what, world.now() + for_ms});
  }
};

TEST_F(AuditsTest, TheOwnerAdmits) {
  EXPECT_EQ(world.send(owner, AdmitAuditors{{}, {}}), Fault::kHostNotFound);
  EXPECT_EQ(world.send(auditor, AdmitAuditors{host, {auditor.address}}), Fault::kNotHostOwner);
  EXPECT_EQ(admit({auditor.address, auditor.address}), Fault::kBadAuditors);
  EXPECT_EQ(admit({auditor.address, stranger.address}), Fault::kNone);
  EXPECT_EQ(world.host(host).auditors, 2);
  EXPECT_EQ(audit()->attestations.size(), 2U);
  EXPECT_EQ(admit({}), Fault::kNone);
  EXPECT_EQ(world.host(host).auditors, 0);
  EXPECT_FALSE(audit().has_value());
  ASSERT_EQ(world.send(owner, RetireHost{host}), Fault::kNone);
  EXPECT_EQ(admit({auditor.address}), Fault::kHostRetired);
}

TEST_F(AuditsTest, AnAdmittedAuditorAttestsAndRevokes) {
  EXPECT_EQ(attest(auditor, gold, 1'000), Fault::kAuditorNotAdmitted);
  ASSERT_EQ(admit({stranger.address}), Fault::kNone);
  EXPECT_EQ(attest(auditor, gold, 1'000), Fault::kAuditorNotAdmitted);
  ASSERT_EQ(admit({stranger.address, auditor.address}), Fault::kNone);
  EXPECT_EQ(world.send(auditor, AttestHost{{}, gold, world.now() + 1}), Fault::kHostNotFound);
  EXPECT_EQ(attest(auditor, {}, 1'000), Fault::kBadAttestation);
  EXPECT_EQ(attest(auditor, {{"", "x"}}, 1'000), Fault::kBadAttestation);
  EXPECT_EQ(attest(auditor, gold, 0), Fault::kBadAttestation);
  EXPECT_EQ(attest(auditor, gold, kAttestationMsMax + 1), Fault::kBadAttestation);
  EXPECT_EQ(world.send(auditor, RevokeAttestation{host}), Fault::kAttestationNotFound);
  EXPECT_EQ(attest(auditor, gold, kAttestationMsMax), Fault::kNone);
  EXPECT_EQ(audit()->attestations[1],
            (Attestation{auditor.address, gold, world.now(), world.now() + kAttestationMsMax}));
  EXPECT_EQ(attest(auditor, {{"tier", "tin"}}, 1), Fault::kNone) << "again: in its own place";
  EXPECT_EQ(audit()->attestations.size(), 2U);
  EXPECT_EQ(audit()->attestations[1].attributes.at("tier"), "tin");
  EXPECT_EQ(world.send(owner, RevokeAttestation{host}), Fault::kAuditorNotAdmitted);
  EXPECT_EQ(world.send(auditor, RevokeAttestation{host}), Fault::kNone);
  EXPECT_TRUE(audit()->attestations[1].attributes.empty());
  ASSERT_EQ(world.send(owner, RetireHost{host}), Fault::kNone);
  EXPECT_EQ(attest(auditor, gold, 1'000), Fault::kHostRetired);
  EXPECT_FALSE(audit().has_value()) << "nothing is left of it";
}

TEST_F(AuditsTest, WhoStaysAdmittedKeepsItsWordWhoGoesTakesItAlong) {
  ASSERT_EQ(admit({stranger.address, auditor.address}), Fault::kNone);
  ASSERT_EQ(attest(auditor, gold, 1'000), Fault::kNone);
  ASSERT_EQ(attest(stranger, gold, 1'000), Fault::kNone);
  ASSERT_EQ(admit({auditor.address}), Fault::kNone);
  ASSERT_EQ(audit()->attestations.size(), 1U);
  EXPECT_EQ(audit()->attestations[0].attributes, gold);
  ASSERT_EQ(admit({stranger.address, auditor.address}), Fault::kNone);
  EXPECT_TRUE(audit()->attestations[0].attributes.empty());
}

struct AuditedBidTest : AuditsTest {
  Person publisher = world.person();
  BidTerms terms = MarketWorld::terms("abc");

  AuditedBidTest() {
    world.publish(publisher, "abc");
    AttributeRule rule = is("tier", "gold");
    rule.audited = true;
    terms.constraints.attributes = {rule};
    terms.constraints.auditors = {auditor.address};
  }
  void two_blocks() {
    world.next_block();
    world.next_block();
  }
};

TEST_F(AuditedBidTest, WaitsForTheAttestationAndIsWokenByIt) {
  ASSERT_EQ(admit({auditor.address}), Fault::kNone);
  const BidId bid = world.add_bid(publisher, terms);
  two_blocks();
  EXPECT_FALSE(world.has_lease(bid));
  const std::uint64_t until = world.bid(bid).sleep_until_ms;
  ASSERT_NE(until, 0U);
  ASSERT_EQ(attest(auditor, gold, 60'000), Fault::kNone);
  world.next_block();
  EXPECT_FALSE(world.has_lease(bid)) << "what is attested in a block counts from the next";
  world.next_block();
  EXPECT_TRUE(world.has_lease(bid));
  EXPECT_LT(world.now(), until);
}

TEST_F(AuditedBidTest, ExpiredAndRevokedWordsDoNotCount) {
  ASSERT_EQ(admit({auditor.address, stranger.address}), Fault::kNone);
  ASSERT_EQ(attest(stranger, gold, 60'000), Fault::kNone) << "whom the bid does not trust";
  ASSERT_EQ(attest(auditor, gold, 10'000), Fault::kNone);
  world.wait(10'000);
  const BidId late = world.add_bid(publisher, terms);
  two_blocks();
  EXPECT_FALSE(world.has_lease(late));
  ASSERT_EQ(world.send(publisher, CloseBid{late}), Fault::kNone);
  ASSERT_EQ(attest(auditor, gold, 10'000), Fault::kNone);
  two_blocks();
  const BidId good = world.add_bid(publisher, terms);
  two_blocks();
  EXPECT_TRUE(world.has_lease(good));
  ASSERT_EQ(world.send(auditor, RevokeAttestation{host}), Fault::kNone);
  const BidId revoked = world.add_bid(publisher, terms);
  two_blocks();
  EXPECT_FALSE(world.has_lease(revoked));
  EXPECT_NE(world.lease_of(good).state, LeaseState::kClosed) << "leases go on";
}

// ---- start-by ----

struct StartByTest : ::testing::Test {
  MarketWorld world;
  Person publisher = world.person();
  BidTerms terms = MarketWorld::terms("abc", 2);

  StartByTest() { world.publish(publisher, "abc"); }
  // A Bid for two replicas, of which one Host, that may have one, is leased.
  BidId find_one(const Person& owner, std::uint64_t start_within_ms) {
    world.add_host(owner, 10'000);
    world.next_block();
    terms.start_by_ms = world.now() + start_within_ms;
    const BidId bid = world.add_bid(publisher, terms);
    world.wait(1'000);
    EXPECT_TRUE(world.has_lease(bid));
    return bid;
  }
};

TEST_F(StartByTest, NobodyFoundInTimeClosesTheBidAndGivesTheMoneyBack) {
  terms.start_by_ms = world.now() + 20'000;
  const std::uint64_t before = world.balance(publisher);
  const BidId bid = world.add_bid(publisher, terms);
  world.wait(19'999);
  EXPECT_EQ(world.bid(bid).closed, CloseReason::kOpen);
  world.wait(2);
  EXPECT_EQ(world.bid(bid).closed, CloseReason::kNotStarted);
  EXPECT_EQ(world.balance(publisher), before);
  EXPECT_EQ(world.get<Service>(service_key("abc"))->bids_open, 0U);
  world.wait(3'600'000);
}

TEST_F(StartByTest, WhatWasFoundStaysAndIsMatchedAgain) {
  const Person owner = world.person();
  const BidId bid = find_one(owner, 20'000);
  ASSERT_EQ(world.send(owner, AckLease{world.lease_of(bid).id, 1}), Fault::kNone);
  world.wait(20'000);
  EXPECT_EQ(world.bid(bid).closed, CloseReason::kOpen);
  EXPECT_EQ(world.bid(bid).terms.replicas_min, 1) << "the second is given up";
  EXPECT_EQ(missing_replicas(world.bid(bid)), 0);
  ASSERT_EQ(world.send(owner, ReleaseLease{world.lease_of(bid).id, 1, "tired"}), Fault::kNone);
  const Person other = world.person();
  world.add_host(other, 11'000);
  world.wait(5'000);
  EXPECT_EQ(world.lease_of(bid).term, 2U) << "a replica that ran is sought again";
}

TEST_F(StartByTest, AReplicaThatNobodyAcknowledgedHasNotStarted) {
  const BidId bid = find_one(world.person(), 45'000);
  world.wait(45'000);
  EXPECT_EQ(world.bid(bid).closed, CloseReason::kNotStarted);
}

TEST_F(StartByTest, ABidOnDemandHasNothingToGiveUp) {
  terms.replicas_min = 0;
  terms.start_by_ms = world.now() + 20'000;
  const BidId bid = world.add_bid(publisher, terms);
  world.wait(30'000);
  EXPECT_EQ(world.bid(bid).closed, CloseReason::kOpen);
}

}  // namespace
}  // namespace fog::market
