// Compiler: makes compiled code of artifacts, in worker processes of its own, and keeps it in the
// cache.
//
// An artifact is compiled once, however many replicas wait for it, and on when none does any more:
// a large one takes longer than the chain waits for a lease to be taken up, and the next lease
// finds the code. Two go on so at most; then the one begun first is ended. Safe from any thread.
//
// One that takes longer than it may, or ends the worker that compiles it (memory, mostly), is
// refused for a while without being tried: else a program made to be slow to compile would keep a
// core busy as long as anybody bids for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "executor/cgroup.h"
#include "executor/code_cache.h"
#include "executor/worker_pool.h"

namespace fog::executor {

struct CompileJob {
  Hash32 artifact;
  market::RuntimeProfile profile;
  market::RuntimeKind runtime = market::RuntimeKind::kWasmCommand;
  std::uint64_t memory_bytes_max = 0;  // that the program may start with
};

struct CompileLimits {
  // A component with a language's whole engine inside has 10 MB and more, and takes minutes on a
  // busy computer.
  std::chrono::milliseconds time_max{300'000};
  std::chrono::milliseconds refused_for{1'800'000};  // what took longer, or ended its worker
};

class Compiler {
 public:
  // All outlive the compiler.
  Compiler(const CodeCache& code, WorkerPool& workers, const CgroupRoot& cgroups,
           const CompileLimits& limits = {})
      : code_(code), workers_(workers), cgroups_(cgroups), limits_(limits) {}
  // Ends what is under way.
  ~Compiler();
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;

  // `content` is the artifact. kRejected when it is at fault and trying again cannot help, or not
  // before long; otherwise as WorkerProcess::bind. `while_waiting` is called every 50 ms; false
  // gives up waiting (kUnavailable).
  ErrorOr<Bytes> compile(const CompileJob& job, Bytes content,
                         const std::function<bool()>& while_waiting);

 private:
  using Key = std::pair<Hash32, market::RuntimeProfile>;
  using Clock = std::chrono::steady_clock;
  struct Refusal {
    std::string why;
    Clock::time_point until;
  };
  struct Compilation;

  // With the mutex held, as what follows; it is let go of while one waits.
  std::shared_ptr<Compilation> start(const CompileJob& job, Bytes content);
  void end_surplus();
  const Refusal* refusal_of(const Key& key);
  // What is known for later of an artifact that could not be compiled; its error for now.
  Error judge(const Key& key, const Error& error);
  void run(const std::shared_ptr<Compilation>& one);
  ErrorOr<Bytes> compile_in_worker(const Compilation& one);
  void join_ended();

  const CodeCache& code_;
  WorkerPool& workers_;
  const CgroupRoot& cgroups_;
  const CompileLimits limits_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Key, std::shared_ptr<Compilation>> under_way_;
  std::map<Key, Refusal> refused_;
  std::size_t running_ = 0;  // threads, those that end included
  std::uint64_t begun_ = 0;  // so far
  std::vector<std::thread> ended_;
};

}  // namespace fog::executor
