// The gateway follows the chain by what it is told of.
#include "rpc/gateway/routes.h"

#include <filesystem>
#include <unistd.h>

#include <gtest/gtest.h>

#include "market/types/event.h"
#include "tests/unit/rpc/gateway/fake_network.h"

namespace fog::gateway {
namespace {

class RoutesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    for (const char* name : {"one", "two"}) {
      add_service(name);
      market::Bid bid;
      bid.id = bid_of(name);
      bid.terms.service = name;
      bid.terms.replicas_min = 0;
      bid.terms.gateways.push_back(routes_.gateway());
      put(market::bid_key(bid.id), bid);
      list(market::bids_by_service(name), bid.id);
    }
    market::Host host;
    host.operator_key = SecretKey::generate(system_rng()).public_key();
    host.endpoint = "http://127.0.0.1:9";
    put(market::host_key(host.id), host);
    node_.height = 5;
    ASSERT_TRUE(routes_.refresh().has_value());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static market::BidId bid_of(const std::string& name) { return sha256(as_bytes(name)); }
  void put(const StateKey& key, const auto& record) { node_.state.put(key, bcs_encode(record)); }
  void list(StateKey index, ByteView tail) {
    append(index, tail);
    node_.state.put(index, {});
  }
  void add_service(const std::string& name) {
    market::Service service;
    service.name = name;
    service.manifest.artifact = bid_of(name);
    service.manifest.artifact_bytes = 7;
    put(market::service_key(name), service);
    list(market::all_services(), as_bytes(name));
  }
  market::Lease lease_of(const std::string& name, market::LeaseState state) {
    market::Lease lease;
    lease.id = market::make_lease_id(bid_of(name), 0);
    lease.bid = bid_of(name);
    lease.service = name;
    lease.state = state;
    return lease;
  }
  void set_lease(const std::string& name, market::LeaseState state) {
    const market::Lease lease = lease_of(name, state);
    put(market::lease_key(lease.id), lease);
    list(market::leases_by_bid(lease.bid), lease.id);
  }
  void tell(const std::string& name) {
    market::MarketEvent event;
    event.service = name;
    event.height = node_.height;
    StateKey key = market::events_of(routes_.gateway());
    append_be64(key, node_.height);
    key.insert(key.end(), {0, 0, 0, ++events_});
    put(key, event);
  }
  std::size_t replicas(const std::string& name) { return routes_.find(name).replicas.size(); }

  testing::MemoryNode node_;
  const std::string folder_ = ::testing::TempDir() + "routes_" + std::to_string(::getpid());
  Routes routes_{node_, SecretKey::generate(system_rng()), folder_};
  std::uint8_t events_ = 0;
};

TEST_F(RoutesTest, ReadsOfABlockWhatItsEventsName) {
  EXPECT_EQ(routes_.find("one").state, ServiceState::kNoReplica);
  ++node_.height;
  set_lease("one", market::LeaseState::kActive);
  set_lease("two", market::LeaseState::kActive);
  tell("one");
  ASSERT_TRUE(routes_.refresh().has_value());
  EXPECT_EQ(replicas("one"), 1U);
  EXPECT_EQ(replicas("two"), 0U) << "nothing has been told of it";
  const auto same = routes_.find("one").replicas[0];
  ++node_.height;
  tell("two");
  ASSERT_TRUE(routes_.refresh().has_value());
  EXPECT_EQ(replicas("two"), 1U);
  EXPECT_EQ(routes_.find("one").replicas[0], same) << "its account goes on";
  ++node_.height;
  set_lease("one", market::LeaseState::kClosed);
  tell("one");
  ASSERT_TRUE(routes_.refresh().has_value());
  EXPECT_EQ(replicas("one"), 0U);
  EXPECT_EQ(replicas("two"), 1U);
  EXPECT_EQ(routes_.all().size(), 1U);
}

TEST_F(RoutesTest, ABlockThatTellsNothingCostsOneLookAtTheEvents) {
  for (int i = 0; i < 3; ++i) {
    ++node_.height;
    const std::uint64_t before = node_.calls;
    ASSERT_TRUE(routes_.refresh().has_value());
    EXPECT_EQ(node_.calls, before + 1);
  }
}

TEST_F(RoutesTest, ABidThatWaitsForAHostIsReadAgainWithoutEvents) {
  auto bid = *routes_.find("one").bid;
  bid.replicas_demanded = 1;
  put(market::bid_key(bid.id), bid);
  ++node_.height;
  tell("one");
  ASSERT_TRUE(routes_.refresh().has_value());
  EXPECT_EQ(start_trouble(routes_.find("one")).reason, "");
  bid.sleep_until_ms = 1;
  put(market::bid_key(bid.id), bid);
  ++node_.height;
  ASSERT_TRUE(routes_.refresh().has_value());
  EXPECT_EQ(start_trouble(routes_.find("one")).reason, "no-host");
}

TEST_F(RoutesTest, WhatSomebodyAsksForIsLookedUp) {
  add_service("three");
  ++node_.height;
  ASSERT_TRUE(routes_.refresh().has_value());
  EXPECT_EQ(routes_.find("three").state, ServiceState::kUnknown);
  EXPECT_FALSE(routes_.artifact_bytes(bid_of("three")).has_value());
  // Not at once again after the last time.
  while (!routes_.look_again()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(routes_.find("three").state, ServiceState::kNoBid);
  EXPECT_EQ(routes_.artifact_bytes(bid_of("three")), 7U);
}

// Another node, behind the one before: what it has not had yet is not to be passed over.
TEST_F(RoutesTest, ANodeThatLagsBehindIsReadWhole) {
  node_.height = 3;
  set_lease("two", market::LeaseState::kActive);
  ASSERT_TRUE(routes_.refresh().has_value());
  EXPECT_EQ(replicas("two"), 1U);
}

}  // namespace
}  // namespace fog::gateway
