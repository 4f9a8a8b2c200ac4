// How far Hosts are, by measured time: who is asked, and what a Demand says of it.
#include "rpc/gateway/distances.h"

#include <filesystem>
#include <unistd.h>

#include <gtest/gtest.h>

#include "market/types/tunnel.h"
#include "tests/unit/rpc/gateway/fake_network.h"

namespace fog::gateway {
namespace {

constexpr std::uint64_t kAnswerMs = 500;

class DistancesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    market::Gateway self;
    self.owner = routes_.gateway();
    self.location.country = "DE";
    self.location.lat_milli = 142'520;
    put(market::gateway_key(routes_.gateway()), self);
    market::Service service;
    service.name = "near";
    service.manifest.runtime = market::RuntimeKind::kWasmHttp;
    put(market::service_key("near"), service);
    list(market::all_services(), as_bytes(std::string_view("near")));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void put(const StateKey& key, const auto& record) { node_.state.put(key, bcs_encode(record)); }
  void list(StateKey index, ByteView tail) {
    append(index, tail);
    node_.state.put(index, {});
  }
  market::BidId add_bid(std::uint32_t latency_weight) {
    market::Bid bid;
    bid.id.data[0] = 1;
    bid.terms.service = "near";
    bid.terms.latency_weight = latency_weight;
    bid.terms.gateways.push_back(routes_.gateway());
    put(market::bid_key(bid.id), bid);
    list(market::bids_by_service("near"), bid.id);
    EXPECT_TRUE(routes_.refresh().has_value());
    return bid.id;
  }
  market::HostId add_host(std::uint8_t number, const std::string& endpoint) {
    market::Host host;
    host.id.data[0] = number;
    host.endpoint = endpoint;
    put(market::host_key(host.id), host);
    return host.id;
  }

  testing::MemoryNode node_;
  const std::string folder_ = ::testing::TempDir() + "distances_" + std::to_string(::getpid());
  Routes routes_{node_, SecretKey::generate(system_rng()), folder_};
};

TEST_F(DistancesTest, MeasuresTheHostsThatTheAuctionWouldTake) {
  testing::EchoHost echo(1);
  const std::string here = "http://127.0.0.1:" + std::to_string(echo.port);
  net::io_context context;
  tcp::acceptor closed(context, tcp::endpoint(net::ip::address_v4::loopback(), 0));
  const std::string gone = "http://127.0.0.1:" + std::to_string(closed.local_endpoint().port());
  closed.close();
  // The best first: not in the order of their ids.
  const std::vector<market::HostId> preferred{
      add_host(9, here), add_host(3, gone),
      add_host(5, market::tunnel_endpoint(here, echo.key.public_key())), add_host(4, here)};
  std::optional<market::PreviewRequest> asked;
  node_.preview = [&](const market::PreviewRequest& request) {
    asked = request;
    market::PreviewReport report;
    for (const auto& host : preferred) report.matches.emplace_back().host = host;
    return report;
  };
  const market::BidId bid = add_bid(100);
  Distances distances({60'000, kAnswerMs, 600'000}, node_, routes_);
  market::RoundTrips trips;
  while ((trips = distances.of(bid)).empty())
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_EQ(trips.size(), 3U) << "not the one at a gateway's door";
  EXPECT_EQ(trips[0].host, preferred[1]);
  EXPECT_EQ(trips[0].micros, kAnswerMs * 1'000) << "who cannot be reached is far";
  EXPECT_EQ(trips[1].host, preferred[3]);
  EXPECT_GT(trips[1].micros, 0U);
  EXPECT_LE(trips[1].micros, kAnswerMs * 1'000);
  EXPECT_EQ(trips[2].host, preferred[0]);
  const std::lock_guard lock(node_.mutex);
  EXPECT_EQ(asked->terms.near->lat_milli, 142'520U) << "from where this gateway is";
  EXPECT_EQ(asked->runtime, market::RuntimeKind::kWasmHttp);
  EXPECT_EQ(asked->matches_max, market::RoundTrips::kMax);
  EXPECT_TRUE(distances.of(market::BidId{}).empty());
}

TEST_F(DistancesTest, ABidThatDoesNotWeighDistanceCostsNoQuestion) {
  std::atomic<int> asked = 0;
  node_.preview = [&](const market::PreviewRequest&) {
    ++asked;
    return market::PreviewReport();
  };
  const market::BidId bid = add_bid(0);
  Distances distances({1, kAnswerMs, 600'000}, node_, routes_);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(asked, 0);
  EXPECT_TRUE(distances.of(bid).empty());
}

}  // namespace
}  // namespace fog::gateway
