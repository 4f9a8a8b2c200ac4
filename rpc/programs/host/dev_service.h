// DevService: one service on this computer, by the road that it takes on a network: a gateway and a
// Host's front with its workers, all here. Instead of a chain, whoever owns this says what runs.
#pragma once

#include <atomic>
#include <list>

#include "chain/base/url.h"
#include "executor/front.h"
#include "executor/replica_runner.h"
#include "rpc/gateway/server.h"
#include "rpc/programs/cli/service_file.h"

namespace fog::host {

struct DevSetup {
  std::string folder;  // holds artifacts/, code/, images/, kept from run to run, and run/, not kept
  std::string program;  // of foghost
  HostPort listen;
  executor::OutboundSettings outbound;
  std::optional<executor::ContainerTools> containers;
  std::vector<std::string> registries;                        // that images may be pulled from
  std::function<void(const gateway::ServedRequest&)> served;  // from other threads
  std::function<void(ByteView)> wrote;                        // standard error of the workload
};

class DevService {
 public:
  // Listens; answers 503 until something runs. kIo, kPermission from the folder or the port.
  static ErrorOr<std::unique_ptr<DevService>> open(DevSetup setup);
  ~DevService();
  DevService(const DevService&) = delete;
  DevService& operator=(const DevService&) = delete;

  std::uint16_t port() const { return port_; }
  // What this computer cannot keep the workload from, a line each.
  std::vector<std::string> not_isolated() const;

  // Starts this; what ran before serves until it is ready.
  ErrorOr<void> run(const cli::LoadedService& service, const market::Resources& resources,
                    const market::SecretValues& secrets);
  struct State {
    executor::ReplicaPhase phase = executor::ReplicaPhase::kStarting;
    std::string why;  // of a failure
    std::uint64_t worker_starts = 0;
    executor::CgroupUse computer_use;
  };
  // Of what was started last. Call it often: it also switches over and clears up.
  ErrorOr<State> look();
  // Takes no more requests and waits until what runs has ended.
  void stop();

 private:
  explicit DevService(DevSetup setup);
  ErrorOr<void> start(const Hash32& cache_key);
  ErrorOr<void> route(const executor::ReplicaRunner& runner);
  executor::RunnerServices services();
  std::string run_folder() const { return setup_.folder + "/run"; }

  const DevSetup setup_;
  const SecretKey gateway_key_;
  const SecretKey host_key_;
  const ChainId chain_;
  const market::LeaseId lease_;
  const executor::CgroupRoot cgroups_;
  std::string namespaces_refused_;
  std::optional<executor::ArtifactStore> artifacts_;
  std::optional<executor::CodeCache> code_;
  std::unique_ptr<executor::ImageStore> images_;
  executor::WorkerPool workers_;
  std::optional<executor::Compiler> compiler_;
  gateway::Routes routes_;
  std::unique_ptr<gateway::ArtifactFolder> uploads_;
  std::uint32_t term_ = 0;
  std::uint16_t front_port_ = 0;
  std::uint16_t port_ = 0;
  bool routed_ = false;  // the last of runners_
  std::mutex mutex_;     // guards runners_
  std::list<std::unique_ptr<executor::ReplicaRunner>> runners_;
  std::unique_ptr<executor::FrontClient> front_;
  std::unique_ptr<gateway::GatewayServer> server_;
};

}  // namespace fog::host
