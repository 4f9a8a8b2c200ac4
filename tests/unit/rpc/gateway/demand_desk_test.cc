// What the chain is asked for, and when.
#include "rpc/gateway/demand_desk.h"

#include <filesystem>
#include <unistd.h>

#include <gtest/gtest.h>

#include "chain/base/clock.h"
#include "market/types/messages.h"
#include "rpc/gateway/service_load.h"
#include "tests/unit/rpc/gateway/fake_network.h"

namespace fog::gateway {
namespace {

// One replica would do for the load and is the Bid's fewest; where it is lost another must come.
TEST(DemandDesk, ALostReplicaIsReplacedWhereTheFewestWouldDo) {
  const std::string folder = ::testing::TempDir() + "desk_" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  testing::MemoryNode node;
  Routes routes(node, SecretKey::generate(system_rng()), folder);
  const auto put = [&](const StateKey& key, const auto& record) {
    node.state.put(key, bcs_encode(record));
  };
  const auto list = [&](StateKey index, ByteView tail) {
    append(index, tail);
    node.state.put(index, {});
  };
  market::Gateway self;
  put(market::gateway_key(routes.gateway()), self);
  market::Service service;
  service.name = "two";
  put(market::service_key("two"), service);
  list(market::all_services(), as_bytes(std::string_view("two")));
  market::Bid bid;
  bid.terms.service = "two";
  bid.terms.replicas_min = 2;
  bid.terms.replicas_max = 3;
  bid.terms.gateways.push_back(routes.gateway());
  put(market::bid_key(bid.id), bid);
  list(market::bids_by_service("two"), bid.id);
  market::Host host;
  host.operator_key = SecretKey::generate(system_rng()).public_key();
  host.endpoint = "http://127.0.0.1:9";
  put(market::host_key(host.id), host);
  for (std::uint32_t ordinal : {0U, 1U}) {
    market::Lease lease;
    lease.id = market::make_lease_id(bid.id, ordinal);
    lease.bid = bid.id;
    lease.service = "two";
    lease.state = market::LeaseState::kActive;
    put(market::lease_key(lease.id), lease);
    list(market::leases_by_bid(bid.id), lease.id);
  }
  ASSERT_TRUE(routes.refresh().has_value());
  const Route route = routes.find("two");
  ASSERT_EQ(route.replicas.size(), 2U);
  const CountedRequest one(*route.load);
  route.replicas[0]->standing.failed(system_clock().monotonic_ns());
  std::mutex mutex;
  std::condition_variable asked;
  std::optional<std::uint16_t> replicas;
  DemandDesk desk({}, node, routes, [&](const RawMessage& message) -> ErrorOr<void> {
    const std::lock_guard lock(mutex);
    replicas = bcs_decode<market::RaiseDemand>(message.payload)->replicas;
    asked.notify_all();
    return {};
  });
  std::unique_lock lock(mutex);
  ASSERT_TRUE(asked.wait_for(lock, std::chrono::seconds(20), [&] { return replicas.has_value(); }));
  EXPECT_EQ(*replicas, 1U) << "beyond the fewest";
  lock.unlock();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace fog::gateway
