// Bids: whose they are, what their terms may say, and their money.
#include "market/rules/settlement.h"
#include "tests/support/market_world.h"

namespace fog::market {
namespace {

using testing::example_params;
using testing::MarketWorld;
using testing::Person;
using testing::somewhere;

struct BidTest : ::testing::Test {
  MarketWorld world;
  Person publisher = world.person();
  BidTerms good = MarketWorld::terms("abc");

  BidTest() { world.publish(publisher, "abc"); }
  template <class Change>
  Fault creating(Change change) {
    BidTerms terms = good;
    change(terms);
    return world.send(publisher, CreateBid{terms, Amount{50'000'000}});
  }
};

TEST_F(BidTest, ABidIsTheServiceOwners) {
  EXPECT_EQ(creating([](auto&) {}), Fault::kNone);
  EXPECT_EQ(creating([](auto& t) { t.service = "abd"; }), Fault::kServiceNotFound);
  EXPECT_EQ(world.send(world.person(), CreateBid{good, Amount{50'000'000}}),
            Fault::kNotServiceOwner);
  EXPECT_EQ(world.send(publisher, CloseBid{{}}), Fault::kBidNotFound);
  EXPECT_EQ(world.send(publisher, TopUpBid{{}, Amount{1}}), Fault::kBidNotFound);
}

TEST_F(BidTest, TermsAreWithinTheirBounds) {
  EXPECT_EQ(creating([](auto& t) { t.replicas_max = 0; }), Fault::kBadReplicas);
  EXPECT_EQ(creating([](auto& t) { t.replicas_min = 2; }), Fault::kBadReplicas);
  EXPECT_EQ(creating([](auto& t) { t.replicas_max = 1'024; }), Fault::kNone);
  EXPECT_EQ(creating([](auto& t) { t.replicas_max = 1'025; }), Fault::kBadReplicas);
  EXPECT_EQ(creating([](auto& t) { t.resources.cpu_milli = 0; }), Fault::kBadResources);
  EXPECT_EQ(creating([](auto& t) { t.resources.memory_mib = 63; }), Fault::kBadResources)
      << "less than a request may use";
  EXPECT_EQ(creating([](auto& t) { t.resources.memory_mib = 64; }), Fault::kNone);
  EXPECT_EQ(creating([](auto& t) { t.resources.gpu = Gpu{"x", 0}; }), Fault::kBadResources);
  EXPECT_EQ(creating([](auto& t) { t.cap_step = kCapSteps; }), Fault::kBadCap);
  EXPECT_EQ(creating([](auto& t) { t.spend_per_hour_max = Amount{cap_of_step(45) - 1}; }),
            Fault::kBadCap);
  EXPECT_EQ(creating([](auto& t) { t.spend_per_hour_max = Amount{cap_of_step(45)}; }),
            Fault::kNone);
  EXPECT_EQ(creating([](auto& t) { t.near = somewhere("x"); }), Fault::kBadLocation);
  EXPECT_EQ(creating([](auto& t) { t.near = somewhere(); }), Fault::kNone);
  EXPECT_EQ(creating([](auto& t) { t.verification = Verification::kSampled; }),
            Fault::kBadConstraint);
}

TEST_F(BidTest, ReservesTheStorageOfTheKeyValueStore) {
  Manifest keeps = MarketWorld::manifest();
  keeps.runtime = RuntimeKind::kWasmHttp;
  keeps.keyvalue_mib = 16;
  ASSERT_EQ(world.send(publisher, UpdateService{good.service, keeps}), Fault::kNone);
  EXPECT_EQ(creating([](auto& t) { t.resources.storage_mib = 15; }), Fault::kBadResources);
  EXPECT_EQ(creating([](auto& t) { t.resources.storage_mib = 16; }), Fault::kNone);
}

TEST_F(BidTest, AProfileThatNobodyCouldPriceIsRefused) {
  MarketParams params = example_params();
  params.classes[1].prices.gfuel = kUnitPriceMax;
  store(world.block(), market_params_key(), params);
  EXPECT_EQ(creating([](auto& t) { t.profile.fuel = ~0ULL; }), Fault::kBadProfile);
  EXPECT_EQ(creating([](auto& t) { t.profile.fuel = 1'000; }), Fault::kNone);
}

TEST_F(BidTest, ConstraintsAreWellFormed) {
  EXPECT_EQ(creating([](auto& t) { t.constraints.per_host_max = 0; }), Fault::kBadConstraint);
  EXPECT_EQ(creating([](auto& t) { t.constraints.per_owner_max = 0; }), Fault::kBadConstraint);
  EXPECT_EQ(creating([](auto& t) { t.constraints.per_country_max = 0; }), Fault::kBadConstraint);
  EXPECT_EQ(creating([](auto& t) { t.constraints.standing_min = kStandingOne + 1; }),
            Fault::kBadConstraint);
  EXPECT_EQ(creating([](auto& t) { t.constraints.standing_min = kStandingOne; }), Fault::kNone);
  EXPECT_EQ(creating([](auto& t) { t.constraints.countries.push_back("fr"); }),
            Fault::kBadConstraint);
  EXPECT_EQ(creating([](auto& t) { t.constraints.countries.push_back("FR"); }), Fault::kNone);
}

TEST_F(BidTest, RegionsAndDistancesAreWellFormed) {
  EXPECT_EQ(creating([](auto& t) { t.constraints.not_countries.push_back("fr"); }),
            Fault::kBadConstraint);
  EXPECT_EQ(creating([](auto& t) { t.constraints.not_countries.push_back("FR"); }), Fault::kNone);
  EXPECT_EQ(creating([](auto& t) { t.constraints.cells.push_back("u3a"); }), Fault::kBadConstraint);
  EXPECT_EQ(creating([](auto& t) { t.constraints.cells.push_back("u33"); }), Fault::kNone);
  for (auto field : {&Constraints::distance_max_km, &Constraints::latency_max_us}) {
    EXPECT_EQ(creating([&](auto& t) { t.constraints.*field = 1; }), Fault::kBadConstraint)
        << "from nowhere";
    EXPECT_EQ(creating([&](auto& t) {
                t.constraints.*field = 1;
                t.near = somewhere();
              }),
              Fault::kNone);
  }
}

TEST_F(BidTest, AttributeRulesAreWellFormedAndAuditedOnesNameAuditors) {
  EXPECT_EQ(creating([](auto& t) { t.constraints.attributes = {testing::is("", "x")}; }),
            Fault::kBadConstraint);
  EXPECT_EQ(creating([](auto& t) { t.constraints.attributes = {testing::is("k", "x")}; }),
            Fault::kNone);
  const auto audited = [](auto& t) {
    t.constraints.attributes = {testing::is("k", "x")};
    t.constraints.attributes[0].audited = true;
  };
  EXPECT_EQ(creating(audited), Fault::kBadConstraint);
  EXPECT_EQ(creating([&](auto& t) {
              audited(t);
              t.constraints.auditors = {Address{}};
            }),
            Fault::kNone);
  EXPECT_EQ(creating([&](auto& t) {
              audited(t);
              t.constraints.auditors = {Address{}, Address{}};
            }),
            Fault::kBadConstraint);
}

TEST_F(BidTest, UnitCapsAreStepsOfTheLadder) {
  EXPECT_EQ(creating([](auto& t) { t.unit_caps.gpu_hour = kCapSteps; }), Fault::kBadCap);
  EXPECT_EQ(creating([](auto& t) { t.unit_caps.gpu_hour = kCapSteps - 1; }), Fault::kNone);
}

TEST_F(BidTest, LeaseLengthAndStartByAreWithinTheirBounds) {
  const std::uint64_t shortest_ms = 2 * example_params().receipt_interval_ms;
  for (const std::uint64_t bad : {shortest_ms - 1, kLeaseMsMax + 1, ~std::uint64_t{0}}) {
    EXPECT_EQ(creating([&](auto& t) { t.lease_ms = bad; }), Fault::kBadLeaseTime);
  }
  for (const std::uint64_t fine : {std::uint64_t{0}, shortest_ms, kLeaseMsMax}) {
    EXPECT_EQ(creating([&](auto& t) { t.lease_ms = fine; }), Fault::kNone);
  }
  const std::uint64_t now = world.now();
  for (const std::uint64_t bad :
       {std::uint64_t{1}, now, now + kStartAheadMsMax + 1, ~std::uint64_t{0}}) {
    EXPECT_EQ(creating([&](auto& t) { t.start_by_ms = bad; }), Fault::kBadLeaseTime);
  }
  for (const std::uint64_t fine : {now + 1, now + kStartAheadMsMax}) {
    EXPECT_EQ(creating([&](auto& t) { t.start_by_ms = fine; }), Fault::kNone);
  }
}

TEST_F(BidTest, GatewaysAreRegisteredAndNamedOnce) {
  const Person gateway = world.person();
  const auto name = [&](auto& t) { t.gateways.push_back(gateway.address); };
  EXPECT_EQ(creating(name), Fault::kGatewayNotFound);
  world.add_gateway(gateway);
  EXPECT_EQ(creating(name), Fault::kNone);
  EXPECT_EQ(creating([&](auto& t) {
              name(t);
              name(t);
            }),
            Fault::kBadConstraint);
}

TEST_F(BidTest, TheDepositCoversASliceForTheFewestReplicas) {
  good.replicas_min = 3;
  good.replicas_max = 3;
  const Amount slice = full_slice(example_params(), good.spend_per_hour_max);
  EXPECT_EQ(slice, Amount{3'000'000});
  EXPECT_EQ(world.send(publisher, CreateBid{good, Amount{8'999'999}}), Fault::kDepositTooLow);
  EXPECT_EQ(world.send(publisher, CreateBid{good, Amount{9'000'000}}), Fault::kNone);
  good.replicas_min = 0;
  EXPECT_EQ(world.send(publisher, CreateBid{good, Amount{2'999'999}}), Fault::kDepositTooLow);
  EXPECT_EQ(world.send(publisher, CreateBid{good, Amount{3'000'000}}), Fault::kNone);
  EXPECT_EQ(world.send(publisher, CreateBid{good, Amount{world.balance(publisher) + 1}}),
            Fault::kInsufficientFunds);
}

}  // namespace
}  // namespace fog::market
