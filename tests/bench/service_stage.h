// ServiceStage: a network that serves one service: validators, Hosts, a gateway and the service's
// owner, who has published it and bids for it. All of them are the real programs on loopback.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "market/types/objects.h"
#include "rpc/client/http_client.h"
#include "tests/bench/network_support.h"

namespace fog::bench {

struct ServicePlan {
  std::size_t validators = 4;
  std::size_t hosts = 1;
  std::uint64_t host_cpu_milli = 2'000;  // that each offers
  std::uint64_t host_memory_mib = 1'024;
  Bytes component;
  std::string bid;  // YAML: what stands below the manifest's `bid:`, indented
  std::vector<std::string> gateway_words;  // further options of `foggate run`
};

class ServiceStage {
 public:
  // Everything runs and the bid is on the chain when this returns; whether a replica serves is the
  // bid's matter. Ends the program when something does not come up.
  explicit ServiceStage(const ServicePlan& plan);

  static constexpr const char* kPath = "/bench/";
  std::uint16_t port() const { return port_; }  // the gateway's
  // What the gateway says of the service (`foggate explain`); null before it knows the bid.
  nlohmann::json explain();
  // Of the service's bid, those that have ended included.
  std::vector<market::Lease> leases();
  // Replicas that serve by what the chain says, on Hosts that are alive.
  std::size_t serving();
  // Until so many of them do at least, and the gateway knows.
  void wait_serving(std::size_t replicas);

  // kill -9 of the Host that runs the lease; its number.
  std::size_t kill_host_of(const market::Lease& lease);
  // All its processes stand still: nothing of it answers, nothing is closed, as when a machine has
  // lost its power.
  std::size_t silence_host_of(const market::Lease& lease);

 private:
  struct OneHost {
    market::HostId id;
    std::unique_ptr<Child> child;
    bool alive = true;
  };
  std::string text_of(const std::string& program, const std::string& words);
  nlohmann::json json_of(const std::string& program, const std::string& words);
  nlohmann::json fogcoin(const std::string& words);
  std::unique_ptr<Child> start(const std::string& program, const std::string& dir,
                               const std::vector<std::string>& words);
  void fund(const std::string& address);
  void add_host(const ServicePlan& plan, std::size_t number);
  void add_gateway(const ServicePlan& plan);
  void publish(const ServicePlan& plan);
  OneHost& host_of(const market::Lease& lease);

  const ScratchFolder folder_;
  BenchNetwork net_;
  const std::string node_;
  const std::string wallet_words_;
  std::vector<OneHost> hosts_;
  std::unique_ptr<Child> gateway_;
  std::uint16_t port_ = 0;
  std::unique_ptr<rpc::HttpClient> client_;
  market::BidId bid_{};
};

}  // namespace fog::bench
