// ReplicaRunner: keeps one replica running: gets the artifact, binds a worker, hands it to the
// front, and does so again when the worker dies. A thread of its own tells that story from top to
// bottom.
#pragma once

#include <atomic>
#include <memory>

#include "executor/artifact_store.h"
#include "executor/cgroup.h"
#include "executor/code_cache.h"
#include "executor/compiler.h"
#include "executor/container_control.h"
#include "executor/front_client.h"
#include "executor/image_store.h"
#include "executor/worker_pool.h"

namespace fog::executor {

// What is to run.
struct ReplicaTerms {
  ServeFrame serve;
  std::string service;
  market::Resources resources;
  market::RuntimeProfile runtime;
  std::vector<std::string> artifact_endpoints;
  // Asks for the values of the manifest's secrets; needed where it names any. Its error says why
  // there are none yet.
  std::function<ErrorOr<market::SecretValues>(const std::function<bool()>& go_on)> secrets = {};
};

// What all runners of a Host share. All outlive the runners.
struct RunnerServices {
  const ArtifactStore& artifacts;
  const CodeCache& code;
  const CgroupRoot& cgroups;
  Compiler& compiler;
  WorkerPool& workers;
  FrontClient& front;
  std::string log_folder;         // <replica>.log
  std::function<void()> changed;  // a phase has changed; from the runner's thread
  // For containers; none: this Host runs none.
  ImageStore* images = nullptr;
  std::string program = {};        // of foghost
  std::string volume_folder = {};  // <replica>/<number>.img, kept for whoever owns the folder
  // What the workload writes to standard error, besides into its log; from the runner's thread.
  std::function<void(ByteView)> wrote = {};
};

enum class ReplicaPhase : std::uint8_t {
  kStarting,  // fetching, compiling
  kServing,   // a worker is bound; while one is replaced too
  kFailed,    // it cannot run here; why() says so
  kStopped,   // after stop(): nothing of it runs any more
};
std::string_view phase_name(ReplicaPhase phase);

class ReplicaRunner {
 public:
  ReplicaRunner(ReplicaTerms terms, RunnerServices services);
  // Stops at once and waits for that.
  ~ReplicaRunner();
  ReplicaRunner(const ReplicaRunner&) = delete;
  ReplicaRunner& operator=(const ReplicaRunner&) = delete;

  const ReplicaTerms& terms() const { return terms_; }
  ReplicaPhase phase() const { return phase_; }
  std::string why() const;
  std::uint64_t worker_starts() const { return worker_starts_; }
  // Of the worker or container that runs now, as of a few seconds ago.
  CgroupUse computer_use() const;
  // Since that was started; 0: none runs.
  std::uint64_t up_ms() const;
  // Into the container that runs now; null: none does.
  std::shared_ptr<ContainerControl> control() const;

  // Returns at once; the phase becomes kStopped when nothing runs any more. Graceful: requests
  // under way may end first, for as long as the manifest's wall time.
  void stop(bool graceful);
  // From the front's events.
  void on_front_stopped(const std::string& why);
  void on_worker_lost();

 private:
  void run();
  bool stopping() const { return stop_ != 0; }
  ErrorOr<Bytes> artifact();
  bool is_container() const {
    return terms_.serve.manifest.runtime == market::RuntimeKind::kContainer;
  }
  bool wait_for_secrets();
  ImageSource image_source() const;
  ErrorOr<WorkerProcess> start_container();
  ErrorOr<void> confine(const WorkerProcess& worker, std::optional<Cgroup>& group);
  void limit_cpu(const std::optional<Cgroup>& group) const;
  ErrorOr<void> start_worker(std::optional<WorkerProcess>& worker, std::optional<Cgroup>& group);
  ErrorOr<Bytes> compiled_code();
  std::string watch(WorkerProcess& worker, const std::optional<Cgroup>& group);
  bool copy_log(int pipe);
  void fail_with(const std::string& why);
  void set_phase(ReplicaPhase phase);
  void set_running(std::shared_ptr<ContainerControl> control, bool runs);
  void wake();
  // False when stopped meanwhile.
  bool pause(std::uint64_t ms);

  const ReplicaTerms terms_;
  const RunnerServices services_;
  const std::string name_;  // of the replica, for logs
  UniqueFd wake_;           // eventfd
  // The runner's thread's:
  std::shared_ptr<const ImageStore::Image> image_;  // of a container
  market::SecretValues secrets_;
  std::atomic<ReplicaPhase> phase_ = ReplicaPhase::kStarting;
  std::atomic<int> stop_ = 0;  // 1: graceful, 2: at once
  std::atomic<bool> front_stopped_ = false;
  std::atomic<bool> worker_lost_ = false;
  std::atomic<std::uint64_t> worker_starts_ = 0;
  mutable std::mutex mutex_;
  std::string why_;
  CgroupUse computer_use_;
  std::shared_ptr<ContainerControl> control_;
  std::optional<std::chrono::steady_clock::time_point> up_since_;
  std::thread thread_;
};

}  // namespace fog::executor
