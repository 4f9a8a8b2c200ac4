// The agent runs what is leased, claims what was vouched, and stops what may be another's.
#include "executor/agent.h"

#include <filesystem>
#include <functional>

#include <gtest/gtest.h>

#include "executor/worker/wasm_runtime.h"
#include "tests/support/loopback.h"
#include "tests/support/wasm_guest.h"
#include "tests/unit/executor/worker/fake_chain.h"
#include "tests/unit/executor/worker/test_gateway.h"

namespace fog::executor {
namespace {

using fog::testing::FakeChain;
using fog::testing::HostAnswer;
using fog::testing::listen_on_loopback;
using fog::testing::TempFolder;
using fog::testing::TestGateway;
using market::LeaseState;

// Waits until something is so; what it waits for is never a length of time.
template <class F>
bool eventually(F holds) {
  for (int i = 0; i < 3'000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

class AgentTest : public ::testing::Test {
 protected:
  AgentTest() {
    fog::testing::SeededRng rng(31);
    operator_key_ = SecretKey::generate(rng);
    params_.receipt_interval_ms = 400;
    params_.lease_timeout_ms = 60'000;
    params_.final_receipt_window_ms = 6'000;
    params_.audit_window_ms = 1'000;
    host_.id.data[0] = 1;
    host_.operator_key = operator_key_->public_key();
    chain_.put(market::market_params_key(), params_);
    chain_.put(market::host_key(host_.id), host_);

    const Bytes& guest = fog::testing::wasm_guest("behave");
    EXPECT_TRUE(
        ArtifactStore::open(folder_.path() + "/artifacts", 1 << 30)->put(guest).has_value());
    service_.name = "behave";
    service_.manifest.artifact = sha256(guest);
    service_.manifest.artifact_bytes = guest.size();
    service_.manifest.memory_mib = 32;
    service_.manifest.fuel_per_request = 500'000'000;
    service_.manifest.wall_ms = 10'000;
    service_.manifest.request_bytes_max = 1 << 20;
    service_.manifest.response_bytes_max = 1 << 20;
    chain_.put(market::service_key("behave"), service_);
    market::Gateway gateway;
    gateway.owner = gateway_.address();
    gateway.key = gateway_.key().public_key();
    gateway.endpoint = "http://127.0.0.1:1";
    chain_.put(market::gateway_key(gateway.owner), gateway);
    chain_.put_index(market::all_gateways(), gateway.owner);
    market::Bid bid;
    bid.id.data[0] = 3;
    bid.terms.service = "behave";
    bid.terms.gateways = {gateway.owner};
    chain_.put(market::bid_key(bid.id), bid);
  }
  ~AgentTest() override { stop_agent(); }

  void start_agent() {
    AgentOptions options;
    options.folder = folder_.path();
    options.program = "/proc/self/exe";
    options.host = host_.id;
    options.runtime = wasm_profile();
    auto agent = Agent::create(options, chain_, chain_, *operator_key_, system_clock(),
                               listen_on_loopback());
    ASSERT_TRUE(agent.has_value()) << agent.error().context;
    agent_ = *std::move(agent);
    thread_ = std::thread([this] { end_ = agent_->run(); });
    const auto port = agent_->wait_listening(20'000);
    ASSERT_TRUE(port.has_value());
    port_ = *port;
  }
  void stop_agent() {
    if (!agent_) return;
    agent_->stop();
    thread_.join();
    agent_.reset();
  }

  market::Lease propose(const std::function<void(market::Lease&)>& change = {}) {
    market::Lease lease;
    lease.id.data[0] = 7;
    lease.bid.data[0] = 3;
    lease.service = "behave";
    lease.host = host_.id;
    lease.resources.cpu_milli = 2'000;
    lease.resources.memory_mib = 128;
    lease.runtime = wasm_profile();
    lease.ack_deadline_ms = system_clock().wall_ms() + 30'000;
    if (change) change(lease);
    chain_.put_index(market::leases_by_host(host_.id), lease.id);
    chain_.put(market::lease_key(lease.id), lease);
    return lease;
  }
  market::Lease lease() {
    Hash32 id;
    id.data[0] = 7;
    return chain_.get<market::Lease>(market::lease_key(id));
  }
  void bind_gateway() {
    ChainId chain;
    chain.data[0] = 5;
    gateway_.bind(chain, {lease().id, lease().term}, operator_key_->public_key(), port_);
  }
  bool active() {
    return eventually([&] { return lease().state == LeaseState::kActive; });
  }

  const TempFolder folder_;
  FakeChain chain_;
  std::optional<SecretKey> operator_key_;
  market::MarketParams params_;
  market::Host host_;
  market::Service service_;
  TestGateway gateway_;
  std::unique_ptr<Agent> agent_;
  std::thread thread_;
  ErrorOr<void> end_;
  std::uint16_t port_ = 0;
};

TEST_F(AgentTest, LivesALeaseFromProposalToItsLastReceipt) {
  start_agent();
  propose();
  ASSERT_TRUE(active());
  bind_gateway();
  EXPECT_EQ(gateway_.forward("GET", "/hello", "").body, "hello\n");
  EXPECT_EQ(gateway_.forward("GET", "/trap", "").status, 502U);
  EXPECT_EQ(gateway_.vouch(2).status, 204U);
  ASSERT_TRUE(eventually([&] { return !lease().logs.empty(); }));
  market::Counters expected;
  for (const auto& [index, entry] : gateway_.settled()) {
    expected = *market::checked_add(expected, entry.counters);
  }
  EXPECT_EQ(lease().logs[0].root.sums, expected);

  // More is served, and the lease closes before the next receipt: the last one still claims it.
  EXPECT_EQ(gateway_.forward("GET", "/hello", "").status, 200U);
  EXPECT_EQ(gateway_.vouch(3).status, 204U);
  market::Lease closed = lease();
  closed.state = LeaseState::kClosed;
  closed.closed = market::CloseReason::kByPublisher;
  closed.closed_ms = closed.closing_at_ms = system_clock().wall_ms();
  chain_.put(market::lease_key(closed.id), closed);
  ASSERT_TRUE(eventually([&] { return !lease().logs.empty() && lease().logs[0].count == 3; }));
  EXPECT_EQ(lease().billed_until_ms, closed.closing_at_ms);
  EXPECT_NE(gateway_.forward("GET", "/hello", "").status, 200U);
  EXPECT_TRUE(eventually([&] { return agent_->replicas().empty(); }));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() + "/front/usage"));
  EXPECT_EQ(chain_.taken(MessageKind::kAckLease), 1U);
}

TEST_F(AgentTest, GivesBackWhatItCannotRun) {
  service_.manifest.artifact.data[0] ^= 1;  // no gateway has that
  chain_.put(market::service_key("behave"), service_);
  start_agent();
  propose();
  EXPECT_TRUE(eventually([&] { return lease().state == LeaseState::kClosed; }));
  EXPECT_EQ(lease().closed, market::CloseReason::kByHost);
  EXPECT_EQ(chain_.taken(MessageKind::kAckLease), 0U);
}

TEST_F(AgentTest, GivesBackALeaseOfAnotherRuntime) {
  start_agent();
  propose([](market::Lease& lease) { lease.runtime.data[0] ^= 1; });
  EXPECT_TRUE(eventually([&] { return lease().state == LeaseState::kClosed; }));
  EXPECT_EQ(chain_.taken(MessageKind::kAckLease), 0U);
}

TEST_F(AgentTest, GivesBackALeaseOfAVersionThatIsGone) {
  start_agent();
  propose([](market::Lease& lease) { lease.service_version = 7; });
  EXPECT_TRUE(eventually([&] { return lease().state == LeaseState::kClosed; }));
  EXPECT_EQ(chain_.taken(MessageKind::kAckLease), 0U);
}

TEST_F(AgentTest, GoesOnAfterARestart) {
  start_agent();
  propose();
  ASSERT_TRUE(active());
  bind_gateway();
  EXPECT_EQ(gateway_.forward("GET", "/hello", "").status, 200U);
  EXPECT_EQ(gateway_.forward("GET", "/hello", "").status, 200U);
  EXPECT_EQ(gateway_.vouch(1).status, 204U);
  stop_agent();
  start_agent();
  bind_gateway();
  ASSERT_TRUE(eventually([&] { return gateway_.forward("GET", "/hello", "", 2).status == 200; }));
  // What was served before the restart and not vouched then is vouched and claimed now.
  EXPECT_EQ(gateway_.vouch(3).status, 204U);
  EXPECT_TRUE(eventually([&] { return !lease().logs.empty() && lease().logs[0].count == 3; }));
  ASSERT_FALSE(lease().logs.empty());
  EXPECT_EQ(lease().logs[0].root.sums.requests, 3U);
  EXPECT_EQ(chain_.taken(MessageKind::kAckLease), 1U);
}

TEST_F(AgentTest, StopsByItselfWhenTheChainIsOutOfReach) {
  params_.lease_timeout_ms = 3'000;
  chain_.put(market::market_params_key(), params_);
  start_agent();
  propose();
  ASSERT_TRUE(active());
  bind_gateway();
  EXPECT_EQ(gateway_.forward("GET", "/hello", "").status, 200U);
  chain_.set_reachable(false);
  const std::uint64_t last_seen_ms = lease().last_seen_ms;
  ASSERT_TRUE(eventually([&] {
    const auto replicas = agent_->replicas();
    return replicas.size() == 1 && replicas[0].phase != "serving";
  }));
  // The chain would not have given it away yet.
  EXPECT_LT(system_clock().wall_ms(), last_seen_ms + params_.lease_timeout_ms);
  EXPECT_NE(gateway_.forward("GET", "/hello", "", 10).status, 200U);

  // In reach again, and still this Host's: first a sign of life, then it serves again.
  const std::size_t heartbeats = chain_.taken(MessageKind::kHeartbeat);
  const std::size_t receipts = chain_.taken(MessageKind::kSubmitReceipts);
  chain_.set_reachable(true);
  EXPECT_TRUE(eventually([&] { return gateway_.forward("GET", "/hello", "", 11).status == 200; }));
  EXPECT_GT(chain_.taken(MessageKind::kHeartbeat) + chain_.taken(MessageKind::kSubmitReceipts),
            heartbeats + receipts);
}

TEST_F(AgentTest, StopsAtOnceWhatIsAnothersByNow) {
  start_agent();
  propose();
  ASSERT_TRUE(active());
  bind_gateway();
  EXPECT_EQ(gateway_.forward("GET", "/hello", "").status, 200U);
  market::Lease moved = lease();
  moved.term = 2;
  moved.host.data[0] = 99;
  moved.state = LeaseState::kProposed;
  chain_.put(market::lease_key(moved.id), moved);
  EXPECT_TRUE(eventually([&] { return gateway_.forward("GET", "/hello", "").status != 200; }));
  EXPECT_TRUE(eventually([&] { return agent_->replicas().empty(); }));
}

TEST_F(AgentTest, EndsWhenTheHostIsUnknownOrAnothers) {
  host_.operator_key = gateway_.key().public_key();
  chain_.put(market::host_key(host_.id), host_);
  start_agent();
  thread_.join();
  ASSERT_FALSE(end_.has_value());
  EXPECT_EQ(end_.error().code, ErrorCode::kPermission);
  agent_.reset();
}

}  // namespace
}  // namespace fog::executor
