// HostBench: front, worker pool and one replica of a guest, run as the agent runs them, and a
// gateway that forwards to it.
#pragma once

#include <gtest/gtest.h>

#include "executor/front.h"
#include "executor/front_client.h"
#include "executor/replica_runner.h"
#include "executor/worker/wasm_runtime.h"
#include "market/types/concurrency.h"
#include "tests/support/loopback.h"
#include "tests/support/wasm_guest.h"
#include "tests/unit/executor/worker/test_gateway.h"

namespace fog::testing {

using namespace executor;  // NOLINT(google-build-using-namespace): a test's support

class HostBench {
 public:
  // Of the behaving guest, or another; `change` may alter the terms; `outbound` is the Host's own.
  explicit HostBench(const Bytes& guest = wasm_guest("behave"),
                     const std::function<void(ServeFrame&)>& change = {},
                     const OutboundSettings& outbound = {})
      : operator_key_(make_key()),
        artifacts_(*ArtifactStore::open(folder_.path() + "/artifacts", 1 << 30)),
        code_(*CodeCache::open(folder_.path() + "/code", Hash32{}, 1 << 30)),
        workers_({"/proc/self/exe"}),
        compiler_(code_, workers_, cgroups_),
        front_(std::make_unique<FrontClient>(
            FrontProgram{"/proc/self/exe", "front",
                         front_words(folder_.path() + "/front", outbound)},
            listen_on_loopback(), events())) {
    EXPECT_TRUE(artifacts_.put(guest).has_value());
    terms_.service = "behave";
    terms_.resources.cpu_milli = 2'000;
    terms_.resources.memory_mib = 128;
    terms_.resources.storage_mib = 8;
    terms_.runtime = wasm_profile();
    ServeFrame& serve = terms_.serve;
    serve.replica.lease.data[3] = 9;
    serve.replica.term = 2;
    serve.chain.data[0] = 5;
    serve.manifest.artifact = sha256(guest);
    serve.manifest.artifact_bytes = guest.size();
    serve.manifest.memory_mib = 32;
    serve.manifest.fuel_per_request = 500'000'000;
    serve.manifest.wall_ms = 20'000;
    serve.manifest.request_bytes_max = 2 << 20;
    serve.manifest.response_bytes_max = 3 << 20;
    serve.manifest.env = {{"GREETING", "hello"}};
    serve.runtime = terms_.runtime;
    if (change) change(serve);
    serve.slots = market::slots_of(terms_.resources, serve.manifest);
    serve.gateways = {gateway.linked(operator_key_, serve.replica)};
    const auto port = front_->wait_listening(20'000);
    EXPECT_TRUE(port.has_value());
    gateway.bind(serve.chain, serve.replica, operator_key_.public_key(), *port);
    start_runner();
  }
  ~HostBench() { runner_.reset(); }

  void start_runner() {
    runner_ = std::make_unique<ReplicaRunner>(
        terms_, RunnerServices{artifacts_, code_, cgroups_, compiler_, workers_, *front_,
                               folder_.path(), [] {}});
    wait_for(ReplicaPhase::kServing);
  }
  void wait_for(ReplicaPhase phase) {
    for (int i = 0; i < 6'000 && runner_->phase() != phase; ++i) {
      ASSERT_NE(runner_->phase() == ReplicaPhase::kFailed && phase != ReplicaPhase::kFailed, true)
          << runner_->why();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ASSERT_EQ(runner_->phase(), phase);
  }
  std::vector<market::LogClaim> claims(std::uint64_t from = 0) {
    auto answer = front_->claims(terms_.serve.replica, {{gateway.address(), from}}, 10'000);
    EXPECT_TRUE(answer.has_value());
    return answer ? *std::move(answer) : std::vector<market::LogClaim>{};
  }
  std::uint64_t artifact_bytes() const { return terms_.serve.manifest.artifact_bytes; }
  ReplicaRunner& runner() { return *runner_; }
  FrontClient& front() { return *front_; }
  const ReplicaTerms& terms() const { return terms_; }
  const std::string& folder() const { return folder_.path(); }

  TestGateway gateway;
  // The tickets that have opened its reservation, as the agent hears of them.
  std::vector<std::uint64_t> opened() {
    const std::lock_guard lock(opened_mutex_);
    return opened_;
  }

 private:
  static SecretKey make_key() {
    fog::testing::SeededRng rng(77);
    return SecretKey::generate(rng);
  }
  FrontEvents events() {
    return {[](const UseFrame&) {},
            [this](const WorkerLostFrame&) {
              if (runner_) runner_->on_worker_lost();
            },
            [this](const StoppedFrame& stopped) {
              if (runner_) runner_->on_front_stopped(stopped.why);
            },
            {},
            [this](const OpenedFrame& frame) {
              const std::lock_guard lock(opened_mutex_);
              opened_.push_back(frame.ticket.ticket.number);
            }};
  }

  std::mutex opened_mutex_;
  std::vector<std::uint64_t> opened_;
  const TempFolder folder_;
  const SecretKey operator_key_;
  ArtifactStore artifacts_;
  CodeCache code_;
  CgroupRoot cgroups_ = CgroupRoot::find();
  ReplicaTerms terms_;
  WorkerPool workers_;
  Compiler compiler_;
  std::unique_ptr<FrontClient> front_;
  std::unique_ptr<ReplicaRunner> runner_;
};

}  // namespace fog::testing
