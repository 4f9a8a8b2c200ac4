// The agent's third part: what it shows to those whose services run here.
#include "executor/agent.h"

namespace fog::executor {

ViewSource Agent::view_source() {
  ViewSource out;
  out.rights = [this](const ChainId& chain, const ReplicaId& id) { return view_rights(chain, id); };
  out.log_path = [this](const ReplicaId& id) {
    return options_.folder + "/logs/" + to_text(id) + ".log";
  };
  out.meter = [this](const ReplicaId& id) { return view_meter(id); };
  out.container = [this](const ReplicaId& id) { return view_container(id); };
  out.tell = [this](const ViewToldFrame& told, const UniqueFd& socket) {
    front_.tell_view(told, socket);
  };
  return out;
}

ErrorOr<ViewRights> Agent::view_rights(const ChainId& chain, const ReplicaId& replica) {
  {
    const std::lock_guard lock(mutex_);
    if (!known_) return fail(ErrorCode::kUnavailable, "this Host is starting; again in a second");
    if (chain != status_.chain_id)
      return fail(ErrorCode::kNotFound, "this Host serves another chain");
  }
  TRY(const auto lease, read_term(node_, replica));
  if (!lease || lease->host != options_.host)
    return fail(ErrorCode::kNotFound, "this Host does not hold that lease and term");
  TRY(const LeaseWork work, read_lease_work(node_, *lease));
  ViewRights out;
  out.owner = work.service.owner;
  out.payers = {lease->publisher, work.bid.owner};
  const auto& terms = work.bid.terms;
  out.readers.assign(terms.gateways.begin(), terms.gateways.end());
  out.readers.insert(out.readers.end(), terms.constraints.auditors.begin(),
                     terms.constraints.auditors.end());
  return out;
}

ErrorOr<MeterFrame> Agent::view_meter(const ReplicaId& replica) const {
  const std::lock_guard lock(mutex_);
  const auto it = held_.find(replica);
  if (it == held_.end())
    return fail(ErrorCode::kNotFound, "that replica does not run at this Host (any more)");
  const Held& held = it->second;
  const UseFrame& use = held.use;
  MeterFrame out;
  out.phase.assign(phase_of(held));
  out.why.assign(why_of(held).substr(0, out.why.kMax));
  out.served = use.served;
  out.failed = use.failed;
  out.refused = use.refused;
  out.running = use.running;
  out.waiting = use.waiting;
  out.fuel = use.fuel;
  out.request_bytes = use.request_bytes;
  out.response_bytes = use.response_bytes;
  out.outbound_bytes = use.outbound_bytes;
  out.request_memory_peak_bytes = use.memory_peak_bytes;
  out.took = use.took;
  if (!held.runner) return out;
  const ReplicaRunner& runner = *held.runner;
  const std::uint64_t starts = runner.worker_starts();
  const CgroupUse computer = runner.computer_use();
  out.container = runner.terms().serve.manifest.runtime == market::RuntimeKind::kContainer;
  out.slots = runner.terms().serve.slots;
  out.up_ms = runner.up_ms();
  out.restarts = starts > 0 ? starts - 1 : 0;
  out.cpu_ms = computer.cpu_ms;
  out.memory_bytes = computer.memory_bytes;
  out.memory_peak_bytes = computer.memory_peak_bytes;
  return out;
}

ErrorOr<std::shared_ptr<ContainerControl>> Agent::view_container(const ReplicaId& replica) const {
  const std::lock_guard lock(mutex_);
  const auto it = held_.find(replica);
  const ReplicaRunner* runner = it == held_.end() ? nullptr : it->second.runner.get();
  if (runner == nullptr)
    return fail(ErrorCode::kNotFound, "that replica does not run at this Host (any more)");
  if (runner->terms().serve.manifest.runtime != market::RuntimeKind::kContainer) {
    return fail(ErrorCode::kRejected,
                "the service is WebAssembly: there is no container in which a program could run");
  }
  if (auto control = runner->control()) return control;
  return fail(ErrorCode::kUnavailable, "the container does not run at this moment");
}

}  // namespace fog::executor
