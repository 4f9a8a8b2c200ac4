// The agent's first half: what runs here is what the chain has leased to this Host, nothing else.
#include <algorithm>
#include <filesystem>

#include "chain/base/file.h"
#include "chain/crypto/hash.h"
#include "executor/agent.h"
#include "executor/folder_quota.h"
#include "executor/say.h"
#include "executor/secret_source.h"
#include "market/types/concurrency.h"

namespace fog::executor {
namespace {

constexpr std::uint64_t kWaitHeightMs = 2'000;
constexpr std::uint64_t kReconcileAnywayNs = 10'000'000'000;
constexpr std::size_t kManifestBytesMax = 128 * 1024;
constexpr std::uint64_t kLogsQuotaBytes = 256ULL << 20;

// Who may have the leaves besides the gateways: whose service it is, who pays, whom he trusts to
// audit.
BoundedList<Address, 16> leaf_readers(const market::Lease& lease, const LeaseWork& work) {
  BoundedList<Address, 16> out = {lease.publisher, work.service.owner, work.bid.owner};
  const auto& auditors = work.bid.terms.constraints.auditors;
  out.insert(out.end(), auditors.begin(), auditors.end());
  return out;
}

}  // namespace

ErrorOr<void> Agent::follow() {
  std::uint64_t reconciled_ns = 0;
  std::uint64_t height = 0;
  bool lost = false;
  while (!stopping_) {
    auto status = node_.wait_height(height + 1, kWaitHeightMs);
    if (status && status->height == height && now_ns() - reconciled_ns < kReconcileAnywayNs) {
      continue;
    }
    ErrorOr<void> result = status ? reconcile() : ErrorOr<void>(Fail{status.error()});
    if (result) {
      if (std::exchange(lost, false)) say("the chain is in reach again");
      height = status->height;
      reconciled_ns = now_ns();
      continue;
    }
    if (stopping_) break;
    const ErrorCode code = result.error().code;
    const bool hopeless = code == ErrorCode::kNotFound || code == ErrorCode::kPermission;
    if (hopeless && !known_) return result;
    lost = true;
    complain("the chain cannot be followed", result.error());
    std::unique_lock lock(poke_mutex_);
    poked_.wait_for(lock, std::chrono::seconds(1), [&] { return stopping_.load(); });
  }
  return {};
}

ErrorOr<void> Agent::reconcile() {
  TRY(const HostView view, read_host_view(node_, options_.host));
  if (view.host.operator_key != operator_key_.public_key()) {
    return fail(ErrorCode::kPermission,
                "the chain names another operator key for this Host; update the Host or use that "
                "key");
  }
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    params_ = view.params;
    host_ = view.host;
    status_ = view.status;
    first = !std::exchange(known_, true);
  }
  if (first) check_runtime(view.host);
  for (const auto& [id, lease] : view.leases) {
    earnings_->note(id, lease, view.status.time_ms);
    compare(view, lease);
  }
  if (const auto saved = earnings_->save(); !saved)
    complain("the book of earnings cannot be written", saved.error());
  end_unlisted(view);
  if (first) adopt_leftovers(view);
  poke();
  return {};
}

void Agent::check_runtime(const market::Host& host) const {
  const auto& runtimes = host.runtimes;
  if (std::find(runtimes.begin(), runtimes.end(), options_.runtime) != runtimes.end()) return;
  say("the chain does not know of this program's runtime profile, so leases will not fit it; run: "
      "foghost update");
}

// What an earlier agent held and the chain no longer lists: a last receipt may still be due, or its
// logs can go.
void Agent::adopt_leftovers(const HostView& view) {
  std::vector<ReplicaId> leftovers;
  std::error_code failed;
  for (std::filesystem::directory_iterator it(options_.folder + "/replicas", failed), end;
       !failed && it != end; it.increment(failed)) {
    const auto id = replica_from_text(it->path().stem().string());
    if (id && !view.leases.contains(*id)) leftovers.push_back(*id);
  }
  for (const ReplicaId& id : leftovers) {
    const auto lease = read_term(node_, id);
    if (!lease) return complain("the chain cannot be asked", lease.error());
    if (*lease && (*lease)->host == options_.host) {
      adopt(view, **lease);
      continue;
    }
    front_.forget(id);
    wipe_kept(id);
    std::filesystem::remove(terms_path(id), failed);
  }
}

// What a workload has kept ends with its lease.
void Agent::wipe_kept(const ReplicaId& replica) const {
  for (const char* kept : {"/volumes/", "/front/keyvalue/"}) {
    std::error_code failed;
    const std::string folder = options_.folder + kept + to_text(replica);
    std::filesystem::remove_all(folder, failed);
    if (failed) say("cannot remove " + folder + ": " + failed.message());
  }
}

// One lease that the chain says is ours.
void Agent::compare(const HostView& view, const market::Lease& lease) {
  const ReplicaId id{lease.id, lease.term};
  const bool closed = lease.state == market::LeaseState::kClosed;
  {
    const std::lock_guard lock(mutex_);
    const auto it = held_.find(id);
    if (it != held_.end()) {
      Held& held = it->second;
      if (held.lease.reserved != lease.reserved)
        front_.reserve(ReserveFrame{id, lease.reserved, lease.ticket});
      held.lease = lease;
      held.acked = held.acked || market::is_running(lease.state);
      if (closed && !held.over) {
        held.over = true;
        held.over_ns = now_ns();
        say(held.lease.service + ": the lease is closed (" +
            std::string(market::close_reason_name(lease.closed)) + ")");
        if (held.runner) held.runner->stop(true);
      }
      if (held.runner || !may_run(held)) return;
    }
  }
  // Of a closed lease only what was served here before a restart is of interest.
  std::error_code none;
  if (closed && !std::filesystem::exists(terms_path(id), none)) return;
  adopt(view, lease);
}

// Whether a replica without a runner should have one.
bool Agent::may_run(const Held& held) {
  if (held.over || !held.declined.empty() || stopping_) return false;
  return !held.acked || now_ns() - held.seen_ns < silence_ns_max();
}

void Agent::adopt(const HostView& view, const market::Lease& lease) {
  const ReplicaId id{lease.id, lease.term};
  auto terms = terms_of(view, lease);
  if (!terms && terms.error().code != ErrorCode::kRejected) {
    complain("lease " + to_hex(lease.id) + " cannot be taken up", terms.error());
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    Held& held = held_[id];
    if (held.lease.id != lease.id) {  // not held before
      held.acked = market::is_running(lease.state);
      const std::uint64_t seen_ms = std::max(lease.last_seen_ms, view.host.last_seen_ms);
      const std::uint64_t now_ms = std::max(clock_.wall_ms(), view.status.time_ms);
      const std::uint64_t age_ns = now_ms > seen_ms ? (now_ms - seen_ms) * 1'000'000 : 0;
      held.seen_ns = now_ns() > age_ns ? now_ns() - age_ns : 0;
    }
    held.lease = lease;
    held.use.replica = id;
    if (lease.state == market::LeaseState::kClosed) {
      held.over = true;
      held.over_ns = now_ns();
    }
    if (terms && may_run(held)) {
      held.runner = std::make_unique<ReplicaRunner>(
          *terms, RunnerServices{artifacts_, code_, cgroups_, compiler_, workers_, front_,
                                 options_.folder + "/logs", [this] { poke(); }, images_.get(),
                                 options_.program, options_.folder + "/volumes"});
      say(std::string(lease.service) + ": running lease " + to_hex(lease.id).substr(0, 12) +
          ", term " + std::to_string(lease.term));
      return;
    }
  }
  if (!terms) return decline(id, terms.error().context);
  if (lease.state != market::LeaseState::kClosed) return;
  // Its logs are opened for the last claim; requests are refused.
  front_.serve(terms->serve);
  front_.stop(id);
}

// kRejected: this Host will never run it.
ErrorOr<ReplicaTerms> Agent::terms_of(const HostView& view, const market::Lease& lease) {
  TRY(const LeaseWork work, read_lease_work(node_, lease));
  const ReplicaId id{lease.id, lease.term};
  ReplicaTerms terms;
  TRY(terms.serve.manifest, manifest_of(id, lease, work.service));
  if (lease.runtime != options_.runtime ||
      (terms.serve.manifest.runtime == market::RuntimeKind::kContainer && !runs_containers())) {
    return fail(ErrorCode::kRejected, "this Host does not have the runtime that the lease names");
  }
  terms.service = lease.service;
  terms.resources = lease.resources;
  terms.runtime = lease.runtime;
  terms.artifact_endpoints = work.endpoints;
  terms.serve.replica = id;
  terms.serve.chain = view.status.chain_id;
  terms.serve.beacon = lease.beacon;
  terms.serve.slots = market::slots_of(lease.resources, terms.serve.manifest);
  terms.serve.runtime = lease.runtime;
  terms.serve.readers = leaf_readers(lease, work);
  terms.serve.leaves_keep_ms = leaves_keep_ms(view.params);
  terms.serve.reserved = lease.reserved;
  terms.serve.ticket = lease.ticket;
  const auto& secrets = terms.serve.manifest.secrets;
  if (!secrets.empty()) {
    const SecretQuestion question{
        view.status.chain_id, id, work.gateways, {secrets.begin(), secrets.end()}};
    terms.secrets = [this, question](const std::function<bool()>& go_on) {
      return obtain_secrets(question, operator_key_, clock_, go_on);
    };
  }
  for (const market::Gateway& gateway : work.gateways) {
    terms.serve.gateways.push_back(
        {gateway.owner, gateway.key,
         market::make_link_key(operator_key_, gateway.key, lease.id, lease.term)});
  }
  return terms;
}

// The manifest of the version that the lease began with: kept from then, as the chain has the
// latest only.
ErrorOr<market::Manifest> Agent::manifest_of(const ReplicaId& replica, const market::Lease& lease,
                                             const market::Service& service) {
  if (const auto kept = read_file(terms_path(replica), kManifestBytesMax)) {
    if (auto manifest = bcs_decode<market::Manifest>(*kept)) return *std::move(manifest);
  }
  if (service.version != lease.service_version) {
    return fail(ErrorCode::kRejected, "the service has a newer version than the lease");
  }
  TRY_VOID(
      write_file_atomically(terms_path(replica), bcs_encode(service.manifest), FileMode::kPrivate));
  return service.manifest;
}

void Agent::decline(const ReplicaId& replica, const std::string& why) {
  const std::lock_guard lock(mutex_);
  Held& held = held_[replica];
  if (held.over || !held.declined.empty()) return;
  held.declined = why;
  say(held.lease.service + ": the lease is given back: " + why);
}

// Held, but no longer this Host's in the chain's view: another Host may run it already.
void Agent::end_unlisted(const HostView& view) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, held] : held_) {
    if (held.over || view.leases.contains(id)) continue;
    held.over = true;
    held.over_ns = now_ns();
    say(held.lease.service + ": the lease is this Host's no longer");
    if (held.runner) held.runner->stop(false);
  }
}

// Stops what the chain may be about to give to another Host, because it has not heard of us.
void Agent::stop_unsure() {
  const std::lock_guard lock(mutex_);
  for (auto& [id, held] : held_) {
    if (!held.acked || held.over || !held.runner) continue;
    if (now_ns() - held.seen_ns < silence_ns_max()) continue;
    if (held.runner->phase() == ReplicaPhase::kStopped) continue;
    say(held.lease.service +
        ": stopped, because the chain has not heard from this Host for too long");
    held.runner->stop(false);
  }
}

// Lets go of runners that have stopped. Outside the lock, because they call back.
void Agent::reap() {
  std::vector<std::unique_ptr<ReplicaRunner>> gone;
  const std::lock_guard lock(mutex_);
  for (auto& [id, held] : held_) {
    if (held.runner && held.runner->phase() == ReplicaPhase::kStopped) {
      gone.push_back(std::move(held.runner));
      if (held.over) wipe_kept(id);
    }
  }
}

void Agent::trim_caches() {
  std::set<Hash32> in_use;
  std::set<std::string> logs_in_use;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, held] : held_) {
      if (!held.runner) continue;
      in_use.insert(held.runner->terms().serve.manifest.artifact);
      logs_in_use.insert(to_text(id) + ".log");
    }
  }
  artifacts_.trim(in_use);
  code_.trim(in_use);
  trim_folder(options_.folder + "/logs", kLogsQuotaBytes,
              [&](const std::string& name) { return logs_in_use.contains(name); });
}

}  // namespace fog::executor
