#include "executor/agent.h"

#include <filesystem>

#include "chain/base/file.h"
#include "executor/say.h"

namespace fog::executor {
namespace {

constexpr std::chrono::seconds kGracefulStop{5};
constexpr std::uint64_t kComplainAgainNs = 60'000'000'000;

// What cannot be read is put aside: no reason not to work.
ErrorOr<std::unique_ptr<EarningsBook>> open_earnings(const std::string& folder) {
  const std::string path = earnings_path(folder);
  auto book = EarningsBook::load(path);
  if (book || book.error().code != ErrorCode::kCorrupt) return book;
  std::error_code failed;
  std::filesystem::rename(path, path + ".bad", failed);
  if (failed) return book;
  say(book.error().context + "; it is " + path + ".bad now, and a new one begins");
  return EarningsBook::load(path);
}

}  // namespace

ErrorOr<std::unique_ptr<Agent>> Agent::create(AgentOptions options, NodeApi& node,
                                              MessageSender& sender, const SecretKey& operator_key,
                                              Clock& clock, UniqueFd listener) {
  for (const char* folder : {"/logs", "/replicas", "/front", "/volumes"}) {
    TRY_VOID(make_folder(options.folder + folder));
  }
  TRY(auto artifacts,
      ArtifactStore::open(options.folder + "/artifacts", options.artifact_quota_bytes));
  const auto cache_key =
      fixed_from<32>(hkdf_sha256(operator_key.bytes(), {}, as_bytes("fog/code-cache"), 32));
  CHECK(cache_key.has_value());
  TRY(auto code, CodeCache::open(options.folder + "/code", *cache_key, options.code_quota_bytes));
  std::unique_ptr<ImageStore> images;
  if (options.containers) {
    TRY(images, ImageStore::open(*options.containers, options.folder + "/images",
                                 options.code_quota_bytes, options.registries));
  }
  TRY(auto earnings, open_earnings(options.folder));
  return std::unique_ptr<Agent>(new Agent(std::move(options), node, sender, operator_key, clock,
                                          std::move(artifacts), std::move(code), std::move(images),
                                          std::move(earnings), std::move(listener)));
}

Agent::Agent(AgentOptions options, NodeApi& node, MessageSender& sender,
             const SecretKey& operator_key, Clock& clock, ArtifactStore artifacts, CodeCache code,
             std::unique_ptr<ImageStore> images, std::unique_ptr<EarningsBook> earnings,
             UniqueFd listener)
    : options_(std::move(options)),
      node_(node),
      sender_(sender),
      operator_key_(operator_key),
      clock_(clock),
      artifacts_(std::move(artifacts)),
      code_(std::move(code)),
      images_(std::move(images)),
      earnings_(std::move(earnings)),
      cgroups_(CgroupRoot::find()),
      workers_({options_.program, "worker", options_.namespaces}),
      compiler_(code_, workers_, cgroups_),
      views_(operator_key_, clock_, options_.programs, view_source()),
      front_(
          {options_.program, "front",
           front_words(options_.folder + "/front", options_.outbound, options_.leaves_quota_bytes)},
          std::move(listener),
          {[this](const UseFrame& use) {
             const std::lock_guard lock(mutex_);
             const auto it = held_.find(use.replica);
             if (it != held_.end()) it->second.use = use;
           },
           [this](const WorkerLostFrame& lost) {
             const std::lock_guard lock(mutex_);
             const auto it = held_.find(lost.replica);
             if (it != held_.end() && it->second.runner) it->second.runner->on_worker_lost();
           },
           [this](const StoppedFrame& stopped) {
             const std::lock_guard lock(mutex_);
             const auto it = held_.find(stopped.replica);
             if (it == held_.end() || !it->second.runner) return;
             it->second.runner->on_front_stopped(stopped.why);
           },
           [this](const ViewAskedFrame& asked) { views_.take(asked); },
           [this](const OpenedFrame& opened) {
             {
               const std::lock_guard lock(mutex_);
               const auto it = held_.find(opened.replica);
               if (it == held_.end()) return;
               it->second.opened = opened.ticket;
             }
             poke();
           }}) {
  if (!options_.tunnel.empty()) {
    tunnel_.emplace(TunnelHolder::Options{options_.tunnel, options_.host}, node_, operator_key_,
                    clock_, [this](const UniqueFd& socket) { front_.give_connection(socket); });
  }
  for (const std::string& missing : cgroups_.missing())
    say("workers run without limit: " + missing);
}

Agent::~Agent() {
  stop();
  views_.stop();
  HeldMap held;
  {
    const std::lock_guard lock(mutex_);
    held = std::move(held_);
    held_.clear();
  }
}

void Agent::stop() {
  stopping_ = true;
  poke();
}

void Agent::poke() {
  {
    const std::lock_guard lock(poke_mutex_);
    poke_ = true;
  }
  poked_.notify_all();
}

void Agent::complain(const std::string& doing, const Error& error) {
  const std::lock_guard lock(poke_mutex_);
  auto& [last, when_ns] = complaints_[doing];
  const bool again = last == error.context && now_ns() - when_ns < kComplainAgainNs;
  if (again) return;
  last = error.context;
  when_ns = now_ns();
  say(doing + ": " + error.context);
}

ErrorOr<void> Agent::run() {
  std::thread worker([this] { duties(); });
  auto end = follow();
  stop();
  worker.join();
  // What is under way may end; what is leased stays so.
  std::vector<ReplicaRunner*> runners;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, held] : held_) {
      if (held.runner) runners.push_back(held.runner.get());
    }
  }
  for (ReplicaRunner* runner : runners) runner->stop(true);
  const auto until = std::chrono::steady_clock::now() + kGracefulStop;
  for (ReplicaRunner* runner : runners) {
    while (runner->phase() != ReplicaPhase::kStopped && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  return end;
}

ErrorOr<std::uint16_t> Agent::wait_listening(std::uint64_t timeout_ms) {
  return front_.wait_listening(timeout_ms);
}

std::optional<TunnelState> Agent::tunnel() const {
  return tunnel_ ? std::optional(tunnel_->state()) : std::nullopt;
}

std::string Agent::phase_of(const Held& held) {
  if (held.runner) return std::string(phase_name(held.runner->phase()));
  return held.over ? "settling" : "waiting";
}

std::string Agent::why_of(const Held& held) {
  if (!held.declined.empty()) return held.declined;
  return held.runner ? held.runner->why() : "";
}

std::vector<ReplicaStatus> Agent::replicas() const {
  const std::lock_guard lock(mutex_);
  std::vector<ReplicaStatus> out;
  for (const auto& [id, held] : held_) {
    ReplicaStatus status;
    status.replica = id;
    status.service = held.lease.service;
    status.state = held.lease.state;
    status.phase = phase_of(held);
    status.why = why_of(held);
    status.worker_starts = held.runner ? held.runner->worker_starts() : 0;
    if (held.runner) status.computer_use = held.runner->computer_use();
    status.use = held.use;
    out.push_back(std::move(status));
  }
  return out;
}

std::string Agent::terms_path(const ReplicaId& replica) const {
  return options_.folder + "/replicas/" + to_text(replica) + ".manifest";
}

std::uint64_t Agent::silence_ns_max() const {
  // Blocks may be ahead of this clock and a stop takes a moment: a sixth of T and half a second are
  // kept back.
  const std::uint64_t margin_ms =
      std::min(params_.lease_timeout_ms / 2, params_.lease_timeout_ms / 6 + 500);
  return (params_.lease_timeout_ms - margin_ms) * 1'000'000;
}

}  // namespace fog::executor
