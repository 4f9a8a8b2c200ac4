#include "executor/compiler.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>

#include "executor/say.h"

namespace fog::executor {
namespace {

// A component with a language's whole engine inside has 10 MB and more, and takes minutes on a busy
// computer.
constexpr std::uint64_t kTimeoutMs = 300'000;
constexpr std::uint64_t kDataBytes = 1ULL << 30;
constexpr std::uint64_t kOverheadBytes = 192ULL << 20;
// At once. When more are asked for, one that nobody waits for is ended.
constexpr std::size_t kUnderWayMax = 4;

}  // namespace

struct Compiler::Compilation {
  CompileJob job;
  Bytes content;
  std::size_t waiting = 0;
  std::atomic<bool> ending = false;
  std::optional<ErrorOr<Bytes>> result;
  std::thread thread;
};

Compiler::~Compiler() {
  std::unique_lock lock(mutex_);
  for (const auto& [key, one] : under_way_) one->ending = true;
  changed_.wait(lock, [this] { return under_way_.empty(); });
  join_ended();
}

ErrorOr<Bytes> Compiler::compile(const CompileJob& job, Bytes content,
                                 const std::function<bool()>& while_waiting) {
  std::unique_lock lock(mutex_);
  join_ended();
  const auto one = start(lock, job, std::move(content), while_waiting);
  if (one == nullptr) return fail(ErrorCode::kUnavailable, "given up");
  ++one->waiting;
  bool go_on = true;
  while (!one->result && go_on) go_on = wait(lock, while_waiting);
  --one->waiting;
  if (!one->result) return fail(ErrorCode::kUnavailable, "given up");
  return *one->result;
}

std::shared_ptr<Compiler::Compilation> Compiler::start(std::unique_lock<std::mutex>& lock,
                                                       const CompileJob& job, Bytes content,
                                                       const std::function<bool()>& while_waiting) {
  const Key key{job.artifact, job.profile};
  for (;;) {
    const auto found = under_way_.find(key);
    if (found != under_way_.end() && !found->second->ending) return found->second;
    if (found == under_way_.end() && under_way_.size() < kUnderWayMax) break;
    const auto idle = std::find_if(under_way_.begin(), under_way_.end(),
                                   [](const auto& each) { return each.second->waiting == 0; });
    if (idle != under_way_.end()) idle->second->ending = true;
    if (!wait(lock, while_waiting)) return nullptr;
  }
  auto one = std::make_shared<Compilation>();
  one->job = job;
  one->content = std::move(content);
  under_way_.emplace(key, one);
  one->thread = std::thread([this, one] { run(one); });
  return one;
}

// A turn of waiting; false to give up.
bool Compiler::wait(std::unique_lock<std::mutex>& lock,
                    const std::function<bool()>& while_waiting) {
  changed_.wait_for(lock, std::chrono::milliseconds(50));
  lock.unlock();
  const bool go_on = while_waiting();
  lock.lock();
  return go_on;
}

void Compiler::run(const std::shared_ptr<Compilation>& one) {
  ErrorOr<Bytes> made = compile_in_worker(*one);
  if (made) {
    if (const auto kept = code_.store(one->job.artifact, one->job.profile, *made); !kept) {
      say("compiled code is not kept: " + kept.error().context);
    }
  }
  const std::lock_guard lock(mutex_);
  one->result = std::move(made);
  under_way_.erase({one->job.artifact, one->job.profile});
  ended_.push_back(std::move(one->thread));
  changed_.notify_all();
}

ErrorOr<Bytes> Compiler::compile_in_worker(const Compilation& one) {
  std::optional<Cgroup> group;  // goes after the worker in it
  TRY(WorkerProcess worker, workers_.take());
  if (auto made =
          cgroups_.make("compile-" + std::to_string(worker.pid()), kDataBytes + kOverheadBytes)) {
    group.emplace(*std::move(made));
    if (const auto added = group->add(worker.pid()); !added) {
      say("compiling without a control group: " + added.error().context);
    }
  }
  BindFrame bind;
  bind.runtime = one.job.runtime;
  bind.memory_bytes_max = one.job.memory_bytes_max;
  bind.compile_data_bytes_max = bind.data_bytes_max = kDataBytes;
  TRY(BoundWorker bound,
      worker.bind(bind, one.content, kTimeoutMs, [&one] { return !one.ending; }));
  say("artifact " + to_hex(one.job.artifact).substr(0, 12) + ": compiled in " +
      std::to_string(bound.compile_ms) + " ms");
  return std::move(bound.code);
}

void Compiler::join_ended() {
  for (std::thread& thread : ended_) thread.join();
  ended_.clear();
}

}  // namespace fog::executor
