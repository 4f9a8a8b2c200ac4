// Every fault of the messages that set up the market, beside what is accepted, and the edge
// between.
#include "market/rules/metered.h"
#include "market/rules/offer_index.h"
#include "market/rules/rules.h"
#include "market/rules/settlement.h"
#include "market/rules/standing.h"
#include "tests/support/market_world.h"

namespace fog::market {
namespace {

using testing::example_params;
using testing::MarketWorld;
using testing::Person;
using testing::somewhere;

// ---- hosts ----

struct HostTest : ::testing::Test {
  MarketWorld world;
  Person owner = world.person();
  Person operator_person = world.person();
  RegisterHost good = world.host_message(operator_person);

  template <class Change>
  Fault registering(Change change) {
    RegisterHost message = good;
    change(message);
    return world.send(owner, message);
  }
  HostId add() {
    EXPECT_EQ(world.send(owner, good), Fault::kNone);
    return make_host_id(world.last_tx, 0);
  }
  UpdateHost update_of(const HostId& id) const {
    return {id,
            good.operator_key,
            good.endpoint,
            good.location,
            good.capacity,
            good.attributes,
            good.runtimes,
            Amount{}};
  }
};

TEST_F(HostTest, RegisteringMovesTheBondAndMakesTheHost) {
  const std::uint64_t before = world.balance(owner);
  const HostId id = add();
  EXPECT_EQ(world.balance(owner), before - 2'000'000'000);
  const Host host = world.host(id);
  EXPECT_EQ(host.owner, owner.address);
  EXPECT_EQ(host.operator_account, operator_person.address);
  EXPECT_EQ(host.standing, kStandingOne);
  EXPECT_EQ(host.bond, good.bond);
  world.next_block();
}

TEST_F(HostTest, RegisteringRefusesWhatDoesNotHold) {
  EXPECT_EQ(registering([](auto& m) { m.operator_key.data[0] = 9; }), Fault::kBadPublicKey);
  EXPECT_EQ(registering([](auto& m) { m.endpoint = "127.0.0.1:80"; }), Fault::kBadEndpoint);
  EXPECT_EQ(registering([](auto& m) { m.location.country = "de"; }), Fault::kBadLocation);
  EXPECT_EQ(registering([](auto& m) { m.location.country = "D"; }), Fault::kBadLocation);
  EXPECT_EQ(registering([](auto& m) { m.location.lat_milli = 180'001; }), Fault::kBadLocation);
  EXPECT_EQ(registering([](auto& m) { m.location.lon_milli = 360'001; }), Fault::kBadLocation);
  EXPECT_EQ(registering([](auto& m) { m.capacity.cpu_milli = 0; }), Fault::kBadResources);
  EXPECT_EQ(registering([](auto& m) { m.capacity.memory_mib = 0; }), Fault::kBadResources);
  EXPECT_EQ(registering([](auto& m) { m.capacity.cpu_milli = (1U << 20) + 1; }),
            Fault::kBadResources);
  EXPECT_EQ(registering([](auto& m) { m.runtimes.clear(); }), Fault::kBadRuntime);
  EXPECT_EQ(registering([](auto& m) { m.runtimes[0] = {}; }), Fault::kBadRuntime);
}

TEST_F(HostTest, TheBondHasAMinimumAndMustBeThere) {
  EXPECT_EQ(registering([](auto& m) { m.bond = Amount{999'999'999}; }), Fault::kBondTooLow);
  EXPECT_EQ(registering([](auto& m) { m.bond = Amount{1'000'000'000}; }), Fault::kNone);
  EXPECT_EQ(registering([&](auto& m) { m.bond = Amount{world.balance(owner) + 1}; }),
            Fault::kInsufficientFunds);
  EXPECT_EQ(registering([&](auto& m) { m.bond = Amount{world.balance(owner)}; }), Fault::kNone);
}

TEST_F(HostTest, OnlyTheOwnerUpdatesAndTheBondGrows) {
  const HostId id = add();
  UpdateHost message = update_of(id);
  message.endpoint = "https://example.org:443";
  message.bond_added = Amount{5};
  EXPECT_EQ(world.send(operator_person, message), Fault::kNotHostOwner);
  EXPECT_EQ(world.send(owner, message), Fault::kNone);
  EXPECT_EQ(world.host(id).endpoint, "https://example.org:443");
  EXPECT_EQ(world.host(id).bond, Amount{2'000'000'005});
  message.host = {};
  EXPECT_EQ(world.send(owner, message), Fault::kHostNotFound);
  message = update_of(id);
  message.endpoint = "x";
  EXPECT_EQ(world.send(owner, message), Fault::kBadEndpoint);
  message = update_of(id);
  message.bond_added = Amount{world.balance(owner) + 1};
  EXPECT_EQ(world.send(owner, message), Fault::kInsufficientFunds);
  ASSERT_EQ(world.send(owner, RetireHost{id}), Fault::kNone);
  EXPECT_EQ(world.send(owner, update_of(id)), Fault::kHostRetired);
  EXPECT_EQ(world.send(owner, RetireHost{{}}), Fault::kHostNotFound);
}

TEST_F(HostTest, CapacityCannotFallBelowWhatLeasesHold) {
  const Person publisher = world.person();
  const HostId id = add();
  ASSERT_EQ(world.send(operator_person, SetOffer{id, 0, 10'000, good.capacity}), Fault::kNone);
  world.publish(publisher, "abc");
  world.next_block();
  world.add_bid(publisher, MarketWorld::terms("abc"));
  world.next_block();
  world.next_block();
  ASSERT_EQ(world.host(id).leases_open, 1U);
  UpdateHost message = update_of(id);
  message.capacity.cpu_milli = 999;
  EXPECT_EQ(world.send(owner, message), Fault::kHostBusy);
  message.capacity.cpu_milli = 1'000;
  EXPECT_EQ(world.send(owner, message), Fault::kNone);
  EXPECT_EQ(world.offer(id).free.cpu_milli, 0U) << "the Offer shrinks with it";
  EXPECT_EQ(world.send(owner, SetOffer{id, 0, 10'000, {999, 16'384, 0, 0, {}}}), Fault::kHostBusy);
  EXPECT_EQ(world.send(owner, SetOffer{id, 0, 10'000, {1'000, 1'024, 0, 0, {}}}), Fault::kNone);
  EXPECT_EQ(world.offer(id).free, (Resources{0, 0, 0, 0, {}}));
  world.next_block();
}

TEST_F(HostTest, HeartbeatsAreTheOperators) {
  const HostId id = add();
  world.next_block();
  EXPECT_EQ(world.send(owner, Heartbeat{id}), Fault::kNotHostOperator);
  EXPECT_EQ(world.send(operator_person, Heartbeat{{}}), Fault::kHostNotFound);
  EXPECT_EQ(world.send(operator_person, Heartbeat{id}), Fault::kNone);
  EXPECT_EQ(world.host(id).last_seen_ms, world.now());
}

// ---- offers ----

TEST_F(HostTest, AnOfferIsClassScaleAndAPartOfTheCapacity) {
  const HostId id = add();
  const Resources all = good.capacity;
  Resources more = all;
  ++more.memory_mib;
  EXPECT_EQ(world.send(world.person(), SetOffer{id, 0, 10'000, all}), Fault::kNotHostOperator);
  EXPECT_EQ(world.send(owner, SetOffer{{}, 0, 10'000, all}), Fault::kHostNotFound);
  EXPECT_EQ(world.send(owner, SetOffer{id, 2, 10'000, all}), Fault::kBadPriceClass);
  EXPECT_EQ(world.send(owner, SetOffer{id, 0, kScaleMin - 1, all}), Fault::kBadScale);
  EXPECT_EQ(world.send(owner, SetOffer{id, 0, kScaleMax + 1, all}), Fault::kBadScale);
  EXPECT_EQ(world.send(owner, SetOffer{id, 0, 10'000, more}), Fault::kBadResources);
  EXPECT_EQ(world.send(owner, SetOffer{id, 0, 10'000, {0, 1, 0, 0, {}}}), Fault::kBadResources);
  EXPECT_EQ(world.send(owner, SetOffer{id, 0, 10'000, {1, 0, 0, 0, {}}}), Fault::kBadResources);
  EXPECT_EQ(world.send(owner, WithdrawOffer{id}), Fault::kOfferNotFound);
  EXPECT_EQ(world.send(owner, SetOffer{id, 0, kScaleMin, all}), Fault::kNone);
  EXPECT_EQ(world.send(operator_person, SetOffer{id, 1, kScaleMax, all}), Fault::kNone);
  EXPECT_EQ(world.offer(id).scale, kScaleMax);
  world.next_block();
  EXPECT_EQ(world.send(world.person(), WithdrawOffer{id}), Fault::kNotHostOperator);
  EXPECT_EQ(world.send(operator_person, WithdrawOffer{id}), Fault::kNone);
  EXPECT_EQ(world.send(operator_person, WithdrawOffer{id}), Fault::kOfferNotFound);
  EXPECT_EQ(world.send(owner, WithdrawOffer{{}}), Fault::kHostNotFound);
  ASSERT_EQ(world.send(owner, RetireHost{id}), Fault::kNone);
  EXPECT_EQ(world.send(owner, SetOffer{id, 0, 10'000, all}), Fault::kHostRetired);
  world.next_block();
}

TEST_F(HostTest, ABondThatWasSlashedBelowTheMinimumMustBeToppedUpFirst) {
  good.bond = Amount{1'000'000'000};
  const HostId id = add();
  Host slashed = world.host(id);
  slashed.bond -= Amount{1};
  store(world.block(), host_key(id), slashed);
  burn(world.block(), Amount{1});
  EXPECT_EQ(world.send(owner, SetOffer{id, 0, 10'000, good.capacity}), Fault::kBondTooLow);
  UpdateHost message = update_of(id);
  message.bond_added = Amount{1};
  ASSERT_EQ(world.send(owner, message), Fault::kNone);
  EXPECT_EQ(world.send(owner, SetOffer{id, 0, 10'000, good.capacity}), Fault::kNone);
}

// ---- gateways ----

TEST(GatewayMessages, OneAnAccountForAFee) {
  MarketWorld world;
  const Person someone = world.person();
  RegisterGateway message{someone.key.public_key(), "http://gate.example:80", somewhere()};
  const auto with = [&](auto change) {
    RegisterGateway bad = message;
    change(bad);
    return world.send(someone, bad);
  };
  EXPECT_EQ(with([](auto& m) { m.key.data[0] = 0; }), Fault::kBadPublicKey);
  EXPECT_EQ(with([](auto& m) { m.endpoint = "gate"; }), Fault::kBadEndpoint);
  EXPECT_EQ(with([](auto& m) { m.location.country = "??"; }), Fault::kBadLocation);
  EXPECT_EQ(world.send(world.person(1'999'999), message), Fault::kInsufficientFunds);
  const std::uint64_t burned = world.burned();
  EXPECT_EQ(world.send(someone, message), Fault::kNone);
  EXPECT_EQ(world.burned(), burned + 2'000'000);
  EXPECT_EQ(world.send(someone, message), Fault::kGatewayExists);
  world.next_block();
}

TEST(GatewayMessages, AKeyCanChangeOncePerWindow) {
  MarketWorld world;
  const Person someone = world.person();
  const Person other = world.person();
  UpdateGateway message{other.key.public_key(), "http://gate.example:81", somewhere()};
  EXPECT_EQ(world.send(someone, message), Fault::kGatewayNotFound);
  world.add_gateway(someone);
  ASSERT_EQ(world.send(someone, message), Fault::kNone);
  const auto gateway = *world.get<Gateway>(gateway_key(someone.address));
  EXPECT_EQ(gateway.key, other.key.public_key());
  EXPECT_EQ(gateway.previous_key, someone.key.public_key());
  message.endpoint = "http://gate.example:82";
  EXPECT_EQ(world.send(someone, message), Fault::kNone) << "the endpoint at any time";
  message.key = someone.key.public_key();
  EXPECT_EQ(world.send(someone, message), Fault::kGatewayKeyTooSoon);
  world.wait(180'000);
  EXPECT_EQ(world.send(someone, message), Fault::kGatewayKeyTooSoon);
  world.next_block();
  EXPECT_EQ(world.send(someone, message), Fault::kNone);
  message.endpoint = "";
  EXPECT_EQ(world.send(someone, message), Fault::kBadEndpoint);
}

// ---- services ----

TEST(ServiceMessages, NamesAreUniqueAndCostAFee) {
  MarketWorld world;
  const Person publisher = world.person();
  const Person rival = world.person();
  const Manifest m = MarketWorld::manifest();
  const std::uint64_t burned = world.burned();
  EXPECT_EQ(world.send(publisher, PublishService{"Abc", m}), Fault::kBadServiceName);
  EXPECT_EQ(world.send(world.person(999'999), PublishService{"abc", m}), Fault::kInsufficientFunds);
  EXPECT_EQ(world.send(publisher, PublishService{"abc", m}), Fault::kNone);
  EXPECT_EQ(world.burned(), burned + 1'000'000);
  EXPECT_EQ(world.send(rival, PublishService{"abc", m}), Fault::kServiceNameTaken);
  EXPECT_EQ(world.send(rival, RetireService{"abc"}), Fault::kNotServiceOwner);
  EXPECT_EQ(world.send(rival, RetireService{"abd"}), Fault::kServiceNotFound);
  EXPECT_EQ(world.send(publisher, RetireService{"abc"}), Fault::kNone);
  EXPECT_EQ(world.send(rival, PublishService{"abc", m}), Fault::kNone) << "the name is free again";
  world.next_block();
}

TEST(ServiceMessages, AManifestIsWithinItsBounds) {
  MarketWorld world;
  const Person publisher = world.person();
  int number = 100;
  const auto publish = [&](auto change) {
    Manifest m = MarketWorld::manifest();
    change(m);
    return world.send(publisher, PublishService{"svc-" + std::to_string(++number), m});
  };
  EXPECT_EQ(publish([](auto&) {}), Fault::kNone);
  EXPECT_EQ(publish([](auto& m) { m.artifact = {}; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.artifact_bytes = 0; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.artifact_bytes = kArtifactBytesMax; }), Fault::kNone);
  EXPECT_EQ(publish([](auto& m) { m.artifact_bytes = kArtifactBytesMax + 1; }),
            Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.memory_mib = 0; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.memory_mib = 4'096; }), Fault::kNone);
  EXPECT_EQ(publish([](auto& m) { m.memory_mib = 4'097; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.fuel_per_request = 0; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.fuel_per_request = 1'000'000'000'000; }), Fault::kNone);
  EXPECT_EQ(publish([](auto& m) { m.fuel_per_request = 1'000'000'000'001; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.port = 80; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.runtime = RuntimeKind::kContainer; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.wall_ms = 0; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.wall_ms = 600'001; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.request_bytes_max = (1ULL << 30) + 1; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.response_bytes_max = (1ULL << 30) + 1; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.env["KEY"] = "value"; }), Fault::kNone);
  EXPECT_EQ(publish([](auto& m) { m.env[""] = "value"; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.env["A=B"] = "value"; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.env["A"] = std::string("a\0b", 3); }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.outbound_bytes_max = 1ULL << 27; }), Fault::kNone);
  EXPECT_EQ(publish([](auto& m) { m.outbound_bytes_max = (1ULL << 27) + 1; }), Fault::kBadManifest);
  const auto asks = [&](const std::string& server, RuntimeKind runtime) {
    return publish([&](auto& m) {
      m.outbound.emplace_back(server);
      m.runtime = runtime;
    });
  };
  EXPECT_EQ(asks("*.example.org:8443", RuntimeKind::kWasmHttp), Fault::kNone);
  EXPECT_EQ(asks("*", RuntimeKind::kWasmHttp), Fault::kBadManifest);
  EXPECT_EQ(asks("example.org", RuntimeKind::kWasmCommand), Fault::kBadManifest);
  const auto keeps = [&](std::uint32_t mib, RuntimeKind runtime) {
    return publish([&](auto& m) {
      m.keyvalue_mib = mib;
      m.runtime = runtime;
    });
  };
  EXPECT_EQ(keeps(1U << 20, RuntimeKind::kWasmHttp), Fault::kNone);
  EXPECT_EQ(keeps((1U << 20) + 1, RuntimeKind::kWasmHttp), Fault::kBadManifest);
  EXPECT_EQ(keeps(1, RuntimeKind::kWasmCommand), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.secrets = {"A", "B"}; }), Fault::kNone);
  EXPECT_EQ(publish([](auto& m) { m.secrets = {"B", "A"}; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.secrets = {"A", "A"}; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.secrets = {"A-B"}; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) {
              m.secrets = {"A"};
              m.env["A"] = "public";
            }),
            Fault::kBadManifest);
}

TEST(ServiceMessages, AContainersOwnTerms) {
  MarketWorld world;
  const Person publisher = world.person();
  int number = 100;
  const auto publish = [&](auto change, RuntimeKind runtime = RuntimeKind::kContainer) {
    Manifest m = MarketWorld::manifest();
    m.runtime = runtime;
    m.port = runtime == RuntimeKind::kContainer ? 80 : 0;
    change(m);
    return world.send(publisher, PublishService{"svc-" + std::to_string(++number), m});
  };
  EXPECT_EQ(publish([](auto& m) { m.artifact_bytes = kImageBytesMax; }), Fault::kNone);
  EXPECT_EQ(publish([](auto& m) { m.artifact_bytes = kImageBytesMax + 1; }), Fault::kBadManifest);
  const auto in_registry = [](auto& m) {
    m.image = "registry.example.org/name";
    m.artifact_bytes = 0;
  };
  EXPECT_EQ(publish(in_registry), Fault::kNone);
  EXPECT_EQ(publish(in_registry, RuntimeKind::kWasmHttp), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) { m.image = "registry.example.org/name"; }), Fault::kBadManifest);
  EXPECT_EQ(publish([](auto& m) {
              m.image = "name:tag";
              m.artifact_bytes = 0;
            }),
            Fault::kBadManifest);
  const auto keeps = [](std::vector<Volume> volumes) {
    return [volumes](auto& m) { m.volumes.assign(volumes.begin(), volumes.end()); };
  };
  EXPECT_EQ(publish(keeps({{"/data", 1}, {"/more", 1U << 20}})), Fault::kNone);
  EXPECT_EQ(publish(keeps({{"/data", 1}}), RuntimeKind::kWasmHttp), Fault::kBadManifest);
  EXPECT_EQ(publish(keeps({{"/data", 0}})), Fault::kBadManifest);
  EXPECT_EQ(publish(keeps({{"/data", (1U << 20) + 1}})), Fault::kBadManifest);
  EXPECT_EQ(publish(keeps({{"/proc", 1}})), Fault::kBadManifest);
  EXPECT_EQ(publish(keeps({{"/data", 1}, {"/data/x", 1}})), Fault::kBadManifest);
}

TEST(ServiceMessages, AnUpdateKeepsTheVersionsThatRan) {
  MarketWorld world;
  const Person publisher = world.person();
  world.publish(publisher, "abc");
  Manifest next = MarketWorld::manifest();
  next.wall_ms = 77;
  EXPECT_EQ(world.send(world.person(), UpdateService{"abc", next}), Fault::kNotServiceOwner);
  EXPECT_EQ(world.send(publisher, UpdateService{"abd", next}), Fault::kServiceNotFound);
  ASSERT_EQ(world.send(publisher, UpdateService{"abc", next}), Fault::kNone);
  const auto service = *world.get<Service>(service_key("abc"));
  EXPECT_EQ(service.version, 2U);
  EXPECT_EQ(service.manifest, next);
  EXPECT_EQ(world.get<Manifest>(service_history_key("abc", 1)), MarketWorld::manifest());
  next.wall_ms = 0;
  EXPECT_EQ(world.send(publisher, UpdateService{"abc", next}), Fault::kBadManifest);
}

TEST(ServiceMessages, AServiceWithOpenBidsCannotRetire) {
  MarketWorld world;
  const Person publisher = world.person();
  world.publish(publisher, "abc");
  const BidId bid = world.add_bid(publisher, MarketWorld::terms("abc"));
  EXPECT_EQ(world.send(publisher, RetireService{"abc"}), Fault::kServiceInUse);
  ASSERT_EQ(world.send(publisher, CloseBid{bid}), Fault::kNone);
  EXPECT_EQ(world.send(publisher, RetireService{"abc"}), Fault::kNone);
  world.wait(3'600'000);
}

// ---- small rules ----

TEST(Standing, FailuresLowerItAndTimeHealsIt) {
  Host host;
  EXPECT_EQ(standing_at(host, 0), kStandingOne);
  lower_standing(host, 2'000, 1'000);
  EXPECT_EQ(standing_at(host, 1'000), 8'000);
  EXPECT_EQ(standing_at(host, 60'999), 8'000);
  EXPECT_EQ(standing_at(host, 61'000), 8'001);
  EXPECT_EQ(standing_at(host, 1'000 + 2'000 * kStandingPointHealsMs), kStandingOne);
  EXPECT_EQ(standing_at(host, ~0ULL), kStandingOne) << "never above";
  for (int i = 0; i < 9; ++i) lower_standing(host, 2'000, 1'000);
  EXPECT_EQ(host.standing, 0);
  EXPECT_EQ(standing_factor(kStandingOne), 10'000U);
  EXPECT_EQ(standing_factor(0), 20'000U);
}

TEST(Metered, TheAverageFollowsUseAndForgetsInAnHour) {
  UseProfile average{1'000'000, 0, 0};
  // Sixty reports of a steady million an hour change next to nothing.
  for (int i = 0; i < 60; ++i) average = next_average(average, {0, 16'667, 0}, 60'000);
  EXPECT_NEAR(static_cast<double>(average.fuel), 1'000'000, 200);
  // An hour of silence: 1/e of it is left.
  for (int i = 0; i < 60; ++i) average = next_average(average, {}, 60'000);
  EXPECT_NEAR(static_cast<double>(average.fuel), 364'700, 2'000);
  EXPECT_EQ(next_average(average, {5, 7'200, 9}, 7'200'000).fuel, 3'600U) << "a long stretch rules";
  EXPECT_EQ(next_average({~0ULL, 0, 0}, {0, ~0ULL, 0}, 1).fuel, ~0ULL) << "saturates";
}

}  // namespace
}  // namespace fog::market
