#include "executor/compiler.h"

#include <atomic>
#include <chrono>
#include <optional>

#include "executor/say.h"

namespace fog::executor {
namespace {

constexpr std::uint64_t kDataBytes = 1ULL << 30;
constexpr std::uint64_t kOverheadBytes = 192ULL << 20;
// As many as leases wait for are under way, and so many more.
constexpr std::size_t kUnwaitedMax = 2;
// Artifacts that are remembered as refused.
constexpr std::size_t kRefusedMax = 1'024;

}  // namespace

struct Compiler::Compilation {
  CompileJob job;
  Bytes content;
  std::uint64_t number = 0;
  std::size_t waiting = 0;
  std::atomic<bool> ending = false;
  std::optional<ErrorOr<Bytes>> result;
  std::thread thread;
};

Compiler::~Compiler() {
  std::unique_lock lock(mutex_);
  for (const auto& [key, one] : under_way_) one->ending = true;
  changed_.wait(lock, [this] { return running_ == 0; });
  join_ended();
}

ErrorOr<Bytes> Compiler::compile(const CompileJob& job, Bytes content,
                                 const std::function<bool()>& while_waiting) {
  std::unique_lock lock(mutex_);
  join_ended();
  if (const Refusal* refused = refusal_of({job.artifact, job.profile})) {
    return fail(ErrorCode::kRejected, refused->why);
  }
  const auto one = start(job, std::move(content));
  ++one->waiting;
  bool go_on = true;
  while (!one->result && go_on) {
    changed_.wait_for(lock, std::chrono::milliseconds(50));
    lock.unlock();
    go_on = while_waiting();
    lock.lock();
  }
  --one->waiting;
  if (one->result) return *one->result;
  end_surplus();
  return fail(ErrorCode::kUnavailable, "given up");
}

std::shared_ptr<Compiler::Compilation> Compiler::start(const CompileJob& job, Bytes content) {
  const auto [place, is_new] = under_way_.try_emplace({job.artifact, job.profile});
  if (!is_new) return place->second;
  auto one = place->second = std::make_shared<Compilation>();
  one->job = job;
  one->content = std::move(content);
  one->number = begun_++;
  ++running_;
  one->thread = std::thread([this, one] { run(one); });
  return one;
}

const Compiler::Refusal* Compiler::refusal_of(const Key& key) {
  std::erase_if(refused_, [](const auto& each) { return Clock::now() >= each.second.until; });
  const auto it = refused_.find(key);
  return it == refused_.end() ? nullptr : &it->second;
}

// The sentence goes into the transaction that gives the lease back, for the Publisher: 128 bytes at
// most.
Error Compiler::judge(const Key& key, const Error& error) {
  std::string why;
  if (error.code == ErrorCode::kTimeout) {
    why = "takes more than " + std::to_string(limits_.time_max.count() / 1'000) +
          " s to compile on this Host";
  } else if (error.code == ErrorCode::kIo) {
    why = "ends the worker that compiles it, as one does that needs more than " +
          std::to_string(kDataBytes >> 20) + " MiB for that";
  } else {
    return error;
  }
  if (refused_.size() < kRefusedMax) {
    const auto minutes = std::chrono::ceil<std::chrono::minutes>(limits_.refused_for).count();
    refused_[key] = {why + "; not tried again for " + std::to_string(minutes) + " min",
                     Clock::now() + limits_.refused_for};
  }
  return {ErrorCode::kRejected, why};
}

// Of those that nobody waits for, the last begun go on.
void Compiler::end_surplus() {
  for (;;) {
    std::size_t unwaited = 0;
    auto first = under_way_.end();
    for (auto it = under_way_.begin(); it != under_way_.end(); ++it) {
      if (it->second->waiting > 0) continue;
      ++unwaited;
      if (first == under_way_.end() || it->second->number < first->second->number) first = it;
    }
    if (unwaited <= kUnwaitedMax) return;
    first->second->ending = true;
    under_way_.erase(first);
  }
}

void Compiler::run(const std::shared_ptr<Compilation>& one) {
  ErrorOr<Bytes> made = compile_in_worker(*one);
  if (made) {
    if (const auto kept = code_.store(one->job.artifact, one->job.profile, *made); !kept) {
      say("compiled code is not kept: " + kept.error().context);
    }
  }
  const std::lock_guard lock(mutex_);
  if (!made) made = Fail{judge({one->job.artifact, one->job.profile}, made.error())};
  one->result = std::move(made);
  const auto it = under_way_.find({one->job.artifact, one->job.profile});
  if (it != under_way_.end() && it->second == one) under_way_.erase(it);
  ended_.push_back(std::move(one->thread));
  --running_;
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
      worker.bind(bind, one.content, static_cast<std::uint64_t>(limits_.time_max.count()),
                  [&one] { return !one.ending; }));
  say("artifact " + to_hex(one.job.artifact).substr(0, 12) + ": compiled in " +
      std::to_string(bound.compile_ms) + " ms");
  return std::move(bound.code);
}

void Compiler::join_ended() {
  for (std::thread& thread : ended_) thread.join();
  ended_.clear();
}

}  // namespace fog::executor
