#include "executor/replica_runner.h"

#include <algorithm>
#include <array>
#include <poll.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include "executor/container_config.h"
#include "executor/say.h"
#include "executor/serving.h"
#include "executor/volume_files.h"
#include "executor/workload_log.h"

namespace fog::executor {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::uint64_t kBindTimeoutMs = 60'000;
constexpr int kLookEveryMs = 5'000;
// What passes requests on to a container.
constexpr std::uint64_t kProxyBytes = 32ULL << 20;
constexpr std::uint64_t kSecretsPauseMs = 1'000;
constexpr milliseconds kPauseMin{200};
constexpr milliseconds kPauseMax{10'000};
constexpr milliseconds kHealthy{60'000};
// So many workers in a row that never served: the replica cannot run here.
constexpr int kFailedStartsMax = 5;

}  // namespace

std::string_view phase_name(ReplicaPhase phase) {
  switch (phase) {
    case ReplicaPhase::kStarting:
      return "starting";
    case ReplicaPhase::kServing:
      return "serving";
    case ReplicaPhase::kFailed:
      return "failed";
    case ReplicaPhase::kStopped:
      return "stopped";
  }
  CHECK(false);
}

ReplicaRunner::ReplicaRunner(ReplicaTerms terms, RunnerServices services)
    : terms_(std::move(terms)),
      services_(std::move(services)),
      name_(terms_.service + " (lease " + to_text(terms_.serve.replica).substr(0, 12) + ", term " +
            std::to_string(terms_.serve.replica.term) + ")"),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { run(); }) {}

ReplicaRunner::~ReplicaRunner() {
  stop(false);
  thread_.join();
}

std::string ReplicaRunner::why() const {
  const std::lock_guard lock(mutex_);
  return why_;
}

CgroupUse ReplicaRunner::computer_use() const {
  const std::lock_guard lock(mutex_);
  return computer_use_;
}

std::uint64_t ReplicaRunner::up_ms() const {
  const std::lock_guard lock(mutex_);
  if (!up_since_) return 0;
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<milliseconds>(Clock::now() - *up_since_).count());
}

std::shared_ptr<ContainerControl> ReplicaRunner::control() const {
  const std::lock_guard lock(mutex_);
  return control_;
}

void ReplicaRunner::set_running(std::shared_ptr<ContainerControl> control, bool runs) {
  const std::lock_guard lock(mutex_);
  control_ = std::move(control);
  up_since_ = runs ? std::optional(Clock::now()) : std::nullopt;
}

void ReplicaRunner::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void ReplicaRunner::stop(bool graceful) {
  stop_ = std::max(stop_.load(), graceful ? 1 : 2);
  wake();
}

void ReplicaRunner::on_front_stopped(const std::string& why) {
  if (!why.empty()) fail_with(why);
  front_stopped_ = true;
  wake();
}

void ReplicaRunner::on_worker_lost() {
  worker_lost_ = true;
  wake();
}

void ReplicaRunner::set_phase(ReplicaPhase phase) {
  if (phase_.exchange(phase) == phase) return;
  services_.changed();
}

void ReplicaRunner::fail_with(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    why_ = why;
  }
  say(name_ + " cannot run here: " + why);
  set_phase(ReplicaPhase::kFailed);
}

bool ReplicaRunner::pause(std::uint64_t ms) {
  const auto until = Clock::now() + milliseconds(ms);
  while (!stopping() && Clock::now() < until) {
    pollfd waits = {wake_.get(), POLLIN, 0};
    ::poll(&waits, 1, 50);
    std::uint64_t ignored = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &ignored, sizeof ignored);
  }
  return !stopping();
}

// False when stopped meanwhile. Nothing of the replica runs before its secrets have come.
bool ReplicaRunner::wait_for_secrets() {
  if (terms_.serve.manifest.secrets.empty()) return true;
  std::string said;
  while (!stopping()) {
    auto values = terms_.secrets([this] { return !stopping(); });
    if (values) {
      secrets_ = *std::move(values);
      return true;
    }
    if (!stopping() && said != values.error().context)
      say(name_ + " waits: " + (said = values.error().context));
    pause(kSecretsPauseMs);
  }
  return false;
}

void ReplicaRunner::run() {
  if (wait_for_secrets()) {
    ServeFrame serve = terms_.serve;
    // A container gets them once, when it starts.
    if (!is_container()) serve.secrets = secrets_;
    services_.front.serve(serve);
  }
  milliseconds wait = kPauseMin;
  int failed_starts = 0;
  while (!stopping() && phase_ != ReplicaPhase::kFailed) {
    std::optional<Cgroup> group;
    std::optional<WorkerProcess> worker;
    const auto since = Clock::now();
    if (const auto started = start_worker(worker, group); !started) {
      if (stopping()) break;
      ++failed_starts;
      if (started.error().code == ErrorCode::kRejected || failed_starts >= kFailedStartsMax) {
        fail_with(started.error().context);
        break;
      }
      say(name_ + ": " + started.error().context + "; it is tried again");
    } else {
      failed_starts = 0;
      set_phase(ReplicaPhase::kServing);
      const std::string end = watch(*worker, group);
      if (stopping()) break;
      say(name_ + ": its worker ended with " + end + "; it is started again");
      if (Clock::now() - since > kHealthy) wait = kPauseMin;
    }
    if (!pause(static_cast<std::uint64_t>(wait.count()))) break;
    wait = std::min(wait * 2, kPauseMax);
  }
  while (!stopping()) pause(60'000);
  services_.front.stop(terms_.serve.replica);
  set_phase(ReplicaPhase::kStopped);
}

ErrorOr<Bytes> ReplicaRunner::artifact() {
  const market::Manifest& manifest = terms_.serve.manifest;
  return services_.artifacts.obtain({manifest.artifact, manifest.artifact_bytes},
                                    terms_.artifact_endpoints, [this] { return !stopping(); });
}

// From the cache, or made of the artifact.
ErrorOr<Bytes> ReplicaRunner::compiled_code() {
  const market::Manifest& manifest = terms_.serve.manifest;
  auto code = services_.code.load(manifest.artifact, terms_.runtime);
  if (code) return code;
  TRY(Bytes content, artifact());
  const CompileJob job{manifest.artifact, terms_.runtime, manifest.runtime,
                       std::uint64_t{manifest.memory_mib} << 20};
  return services_.compiler.compile(job, std::move(content), [this] { return !stopping(); });
}

// Knows nothing of this runner: the image may come after it has gone.
ImageSource ReplicaRunner::image_source() const {
  const market::Manifest& manifest = terms_.serve.manifest;
  ImageSource out;
  out.image = manifest.image;
  out.archive = [&store = services_.artifacts,
                 wanted = ArtifactWanted{manifest.artifact, manifest.artifact_bytes},
                 endpoints = terms_.artifact_endpoints](const std::function<bool()>& go_on) {
    return store.obtain_file(wanted, endpoints, go_on);
  };
  return out;
}

// A process that will run the container once it is bound.
ErrorOr<WorkerProcess> ReplicaRunner::start_container() {
  const market::Manifest& manifest = terms_.serve.manifest;
  if (services_.images == nullptr)
    return fail(ErrorCode::kRejected, "this Host runs no containers");
  if (!services_.cgroups.limits_memory())
    return fail(ErrorCode::kRejected, "this Host cannot limit a container's memory");
  std::uint64_t volumes_mib = 0;
  for (const market::Volume& volume : manifest.volumes) volumes_mib += volume.mib;
  if (volumes_mib > terms_.resources.storage_mib) {
    return fail(ErrorCode::kRejected, "its volumes take " + std::to_string(volumes_mib) +
                                          " MiB, and the Bid reserves " +
                                          std::to_string(terms_.resources.storage_mib));
  }
  const std::uint64_t image_bytes = (terms_.resources.storage_mib - volumes_mib) << 20;
  TRY(image_, services_.images->obtain(manifest.artifact, image_bytes, image_source(),
                                       [this] { return !stopping(); }));
  const std::uint64_t memory_bytes = std::uint64_t{terms_.resources.memory_mib} << 20;
  WorkerProgram program;
  program.path = services_.program;
  program.command = "container";
  program.container_arguments = {services_.images->tools().runtime, image_->rootfs};
  TRY(const auto volumes,
      make_volume_files(services_.volume_folder + "/" + to_text(terms_.serve.replica), manifest,
                        [this] { return !stopping(); }));
  program.container_arguments.insert(program.container_arguments.end(), volumes.begin(),
                                     volumes.end());
  TRY(program.container_config, container_config(image_->config, manifest, memory_bytes, secrets_));
  return WorkerProcess::start(program);
}

// Under a control group, which a container must have.
ErrorOr<void> ReplicaRunner::confine(const WorkerProcess& worker, std::optional<Cgroup>& group) {
  const std::uint64_t memory_bytes =
      (std::uint64_t{terms_.resources.memory_mib} << 20) +
      (is_container() ? kProxyBytes
                      : worker_overhead_bytes(terms_.serve.manifest, terms_.serve.slots));
  const std::string name =
      to_text(terms_.serve.replica).substr(0, 24) + "-" + std::to_string(worker.pid());
  auto made = services_.cgroups.make(name, memory_bytes);
  if (!made) return is_container() ? Fail{made.error()} : ErrorOr<void>();
  group.emplace(*std::move(made));
  const auto added = group->add(worker.pid());
  if (added) return {};
  if (is_container()) return Fail{added.error()};
  say(name_ + " runs without a control group: " + added.error().context);
  return {};
}

void ReplicaRunner::limit_cpu(const std::optional<Cgroup>& group) const {
  if (!group) return;
  if (const auto limited = group->limit_cpu(terms_.resources.cpu_milli); !limited)
    say(name_ + " runs without a limit on processor time: " + limited.error().context);
}

ErrorOr<void> ReplicaRunner::start_worker(std::optional<WorkerProcess>& worker,
                                          std::optional<Cgroup>& group) {
  if (terms_.serve.manifest.keyvalue_mib > terms_.resources.storage_mib) {
    return fail(ErrorCode::kRejected,
                "its key-value store takes " + std::to_string(terms_.serve.manifest.keyvalue_mib) +
                    " MiB, and the Bid reserves " + std::to_string(terms_.resources.storage_mib));
  }
  Bytes code;
  if (is_container()) {
    code = to_bytes(as_bytes(std::to_string(terms_.serve.manifest.port)));
    TRY(auto started, start_container());
    worker.emplace(std::move(started));
  } else {
    TRY(code, compiled_code());
    TRY(auto taken, services_.workers.take());
    worker.emplace(std::move(taken));
  }
  TRY_VOID(confine(*worker, group));
  // A WebAssembly worker loads its code first, at full speed.
  if (is_container()) limit_cpu(group);
  BindFrame bind = bind_frame(terms_.serve.manifest, terms_.serve.slots);
  bind.compiled = true;
  TRY_VOID(worker->bind(bind, code, kBindTimeoutMs, [&] {
    copy_log(worker->log());
    return !stopping();
  }));
  if (!is_container()) limit_cpu(group);
  worker_lost_ = false;
  set_running(is_container() ? std::make_shared<ContainerControl>(worker->take_control()) : nullptr,
              true);
  const UniqueFd socket = worker->take_socket();
  ++worker_starts_;
  TRY_VOID(services_.front.give_worker(terms_.serve.replica, socket));
  return {};
}

// Copies what has come; false when the other end is closed.
bool ReplicaRunner::copy_log(int pipe) {
  std::array<std::uint8_t, 16 * 1024> chunk;
  WorkloadLog log(services_.log_folder + "/" + to_text(terms_.serve.replica) + ".log");
  // Not without end: whoever writes on and on waits for the next turn.
  for (int turns = 0; turns < 16; ++turns) {
    pollfd wait = {pipe, POLLIN, 0};
    if (::poll(&wait, 1, 0) <= 0) return true;
    const ssize_t got = ::read(pipe, chunk.data(), chunk.size());
    if (got <= 0) return false;
    const ByteView text(chunk.data(), static_cast<std::size_t>(got));
    log.append(text);
    if (services_.wrote) services_.wrote(text);
  }
  return true;
}

// Until the worker ends, or the replica is stopped: then requests under way may end first.
std::string ReplicaRunner::watch(WorkerProcess& worker, const std::optional<Cgroup>& group) {
  bool log_open = true;
  Clock::time_point look_at = Clock::now();
  std::optional<Clock::time_point> drain_until;
  for (;;) {
    std::array<pollfd, 3> waits = {pollfd{worker.pidfd(), POLLIN, 0},
                                   pollfd{wake_.get(), POLLIN, 0},
                                   pollfd{log_open ? worker.log() : -1, POLLIN, 0}};
    ::poll(waits.data(), waits.size(), drain_until ? 20 : kLookEveryMs);
    if (group && Clock::now() >= look_at) {
      look_at = Clock::now() + milliseconds(kLookEveryMs);
      const CgroupUse use = group->use();
      const std::lock_guard lock(mutex_);
      computer_use_ = use;
    }
    if (log_open && waits[2].revents != 0) log_open = copy_log(worker.log());
    std::uint64_t ignored = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &ignored, sizeof ignored);
    if (waits[0].revents != 0) break;
    if (worker_lost_ || stop_ == 2 || front_stopped_ || phase_ == ReplicaPhase::kFailed) break;
    if (stop_ == 1 && !drain_until) {
      services_.front.stop(terms_.serve.replica);
      const milliseconds wall(terms_.serve.manifest.wall_ms);
      drain_until = Clock::now() + wall + milliseconds(1'000);
    }
    if (drain_until && Clock::now() > *drain_until) break;
  }
  set_running(nullptr, false);
  worker.kill();
  if (log_open) copy_log(worker.log());
  return worker.wait();
}

}  // namespace fog::executor
