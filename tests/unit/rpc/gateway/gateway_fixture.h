// A gateway over real sockets: End Users on one side, Hosts that check every index, MAC and voucher
// on the other, the chain in memory.
#pragma once

#include <filesystem>
#include <unistd.h>

#include <gtest/gtest.h>

#include "rpc/gateway/server.h"
#include "tests/unit/rpc/gateway/fake_network.h"

namespace fog::gateway {

using testing::EchoHost;
using testing::MemoryNode;

struct Answer {
  unsigned status = 0;
  std::string body;
  std::string reason;  // Fog-Reason
  std::string target;  // what the Host saw
  std::string allow_origin;
  std::string set_cookie;
};

class GatewayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "gateway_" + std::to_string(::getpid());
    std::filesystem::create_directories(folder_);
    artifacts_ = *ArtifactFolder::open(folder_ + "/artifacts");
    secrets_ = *SecretFolder::open(folder_ + "/secrets", key_);
  }
  void TearDown() override {
    if (server_) server_->stop();
    std::filesystem::remove_all(folder_);
  }

  void put(const StateKey& key, const auto& record) { node_.state.put(key, bcs_encode(record)); }

  void add_service(const std::string& name, const Hash32& artifact = {}, std::uint64_t bytes = 1) {
    market::Service service;
    service.name = name;
    service.manifest.artifact = artifact;
    service.manifest.artifact_bytes = bytes;
    service.manifest.request_bytes_max = 1 << 20;
    service.manifest.response_bytes_max = 1 << 20;
    put(market::service_key(name), service);
    StateKey index = market::all_services();
    append(index, as_bytes(name));
    node_.state.put(index, {});
  }

  market::BidId add_bid(const std::string& name, bool authorized = true) {
    market::Bid bid;
    bid.id = sha256(as_bytes("bid of " + name));
    bid.terms.service = name;
    if (authorized) bid.terms.gateways.push_back(address_of(key_.public_key()));
    put(market::bid_key(bid.id), bid);
    StateKey index = market::bids_by_service(name);
    append(index, bid.id);
    node_.state.put(index, {});
    return bid.id;
  }

  void add_lease(const std::string& name, const market::BidId& bid, EchoHost& echo,
                 std::uint32_t ordinal = 0) {
    market::Host host;
    host.id = sha256(echo.key.public_key());
    host.operator_key = echo.key.public_key();
    host.endpoint = "http://127.0.0.1:" + std::to_string(echo.port);
    put(market::host_key(host.id), host);
    market::Lease lease;
    lease.id = market::make_lease_id(bid, ordinal);
    lease.bid = bid;
    lease.service = name;
    lease.host = host.id;
    lease.state = market::LeaseState::kActive;
    put(market::lease_key(lease.id), lease);
    StateKey index = market::leases_by_bid(bid);
    append(index, lease.id);
    node_.state.put(index, {});
    echo.lease = lease.id;
    echo.gateway_key = key_.public_key();
  }

  void start(const GatewayConfig& config = {}) {
    server_.reset();
    routes_ = std::make_unique<Routes>(node_, key_, folder_);
    ASSERT_TRUE(routes_->refresh().has_value());
    server_ =
        std::make_unique<GatewayServer>(config, node_, *routes_, *artifacts_, *secrets_, nullptr);
    const auto port = server_->start();
    ASSERT_TRUE(port.has_value());
    port_ = *port;
  }

  // Sends raw bytes and reads one answer.
  Answer raw(const std::string& request, bool head_only = false) {
    net::io_context context;
    tcp::socket socket(context);
    socket.connect({net::ip::address_v4::loopback(), port_});
    beast::error_code error;
    net::write(socket, net::buffer(request), error);
    http::response_parser<http::string_body> parser;
    parser.body_limit(8 << 20);
    if (head_only) parser.skip(true);
    beast::flat_buffer buffer;
    http::read(socket, buffer, parser, error);
    if (error && !parser.is_done()) return {};
    const auto& message = parser.get();
    const auto field = [&](const char* name) {
      return std::string(message[name].data(), message[name].size());
    };
    return {message.result_int(),
            message.body(),
            field("fog-reason"),
            field("x-target"),
            field("access-control-allow-origin"),
            field("set-cookie")};
  }
  Answer post(const std::string& target, const std::string& body,
              const std::string& host = "localhost") {
    return raw("POST " + target + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body);
  }
  Answer get(const std::string& target, const std::string& host = "localhost") {
    return raw("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
  }

  const SecretKey key_ = SecretKey::generate(system_rng());
  MemoryNode node_;
  std::string folder_;
  std::unique_ptr<ArtifactFolder> artifacts_;
  std::unique_ptr<SecretFolder> secrets_;
  std::unique_ptr<Routes> routes_;
  std::unique_ptr<GatewayServer> server_;
  std::uint16_t port_ = 0;
};

}  // namespace fog::gateway
