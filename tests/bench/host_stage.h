// HostStage: a Host's front, worker and accounts on loopback, run as the agent runs them, without a
// chain; and HostGateway, which sends it requests as a gateway does.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "executor/replica_runner.h"
#include "market/types/host_link.h"
#include "tests/bench/bench_support.h"

namespace fog::bench {

class HostStage {
 public:
  // Serves the component to so many gateways, at most 8; ready when this returns.
  HostStage(const Bytes& component, std::size_t gateways);
  ~HostStage();

  std::uint16_t port() const { return port_; }
  const executor::ServeFrame& serve() const { return terms_.serve; }
  const PublicKey& operator_key() const { return operator_public_; }
  const SecretKey& gateway_key(std::size_t index) const { return gateway_keys_[index]; }
  // Requests that the Host can prove, by vouchers and its own logs.
  std::uint64_t claimed_requests();

 private:
  const ScratchFolder folder_;
  SecretKey operator_key_;
  PublicKey operator_public_;
  std::vector<SecretKey> gateway_keys_;
  executor::ArtifactStore artifacts_;
  executor::CodeCache code_;
  executor::CgroupRoot cgroups_;
  executor::ReplicaTerms terms_;
  executor::WorkerPool workers_;
  executor::Compiler compiler_;
  std::unique_ptr<executor::FrontClient> front_;
  std::unique_ptr<executor::ReplicaRunner> runner_;
  std::uint16_t port_ = 0;
  std::atomic<bool> ending_ = false;
};

// One gateway: the texts of its requests and the account of their answers. All requests are the
// same GET at the same time, so their hashes are; the answer's head must always be the same too.
class HostGateway {
 public:
  HostGateway(const HostStage& stage, std::size_t index);

  // The request with this index, as it goes over the wire.
  std::string request(std::uint64_t index) const;
  // Takes the first answer, whose MAC must fit; false where it does not.
  bool learn(const std::string& head, std::string_view body);
  // Vouches for the first `count` requests, as it goes over the wire.
  std::string voucher(std::uint64_t count);

 private:
  market::RequestHead head_;
  const executor::ReplicaId replica_;
  const SecretKey& key_;
  market::LinkKey link_key_;
  market::Voucher voucher_;
  Hash32 request_hash_, response_hash_;
  std::uint64_t response_bytes_ = 0;
};

}  // namespace fog::bench
