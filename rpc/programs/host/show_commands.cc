// foghost status, leases, logs, doctor: what a person wants to see.
#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <linux/loop.h>
#include <sys/file.h>
#include <sys/ioctl.h>

#include "chain/base/file.h"
#include "executor/cgroup.h"
#include "executor/host_view.h"
#include "executor/program.h"
#include "executor/worker/wasm_runtime.h"
#include "executor/worker_process.h"
#include "executor/workload_log.h"
#include "market/types/tunnel.h"
#include "rpc/json/codec.h"
#include "rpc/programs/host/commands.h"

namespace fog::host {
namespace {

constexpr std::chrono::milliseconds kFollowPause{250};
constexpr std::size_t kStatusBytesMax = 16 * 1024 * 1024;

// What `foghost run` wrote last; null when it has not run.
Json agent_status(const std::string& dir) {
  const auto text = read_file(dir + "/status.json", kStatusBytesMax);
  if (!text) return nullptr;
  Json json = Json::parse(as_text(*text), nullptr, false);
  return json.is_discarded() ? Json() : json;
}

// Whether an agent holds the folder's lock.
bool agent_runs(const std::string& dir) {
  const UniqueFd lock(::open((dir + "/run.lock").c_str(), O_RDONLY | O_CLOEXEC));
  if (!lock) return false;
  if (::flock(lock.get(), LOCK_SH | LOCK_NB) != 0) return true;
  ::flock(lock.get(), LOCK_UN);
  return false;
}

// What the agent says of its replicas; empty when it says nothing.
std::string replica_table(const Json& agent) {
  if (!agent.is_object() || !agent.contains("replicas") || agent["replicas"].empty()) return "";
  cli::Rows rows = {
      {"LEASE", "SERVICE", "PHASE", "SERVED", "FAILED", "CPU S", "PEAK MIB", "STARTS", "WHY"}};
  for (const Json& each : agent["replicas"]) {
    const auto text = [&](const char* key) { return each.value(key, std::string()); };
    const auto scaled = [&](const char* key, double unit) {
      return fmt::format("{:.1f}", std::strtod(text(key).c_str(), nullptr) / unit);
    };
    const std::string lease = text("lease");
    rows.push_back({lease.size() > 18 ? lease.substr(2, 16) : lease, text("service"), text("phase"),
                    text("served"), text("failed"), scaled("cpu_ms", 1e3),
                    scaled("memory_peak_bytes", 1 << 20), text("worker_starts"), text("why")});
  }
  return cli::table(rows);
}

std::string lease_row_state(const market::Lease& lease) {
  std::string text(market::lease_state_name(lease.state));
  if (lease.closed != market::CloseReason::kOpen) {
    text += " (" + std::string(market::close_reason_name(lease.closed)) + ")";
  }
  return text;
}

market::Counters billed(const market::Lease& lease) {
  market::Counters sum;
  for (const market::LogState& log : lease.logs) {
    sum = market::checked_add(sum, log.root.sums).value_or(sum);
  }
  return sum;
}

// How the tunnel stands, by what `foghost run` wrote last; empty without one.
std::string tunnel_text(const Json& agent) {
  if (!agent.is_object() || !agent.contains("tunnel")) return "";
  const Json& tunnel = agent["tunnel"];
  const std::string why = tunnel.value("why", std::string());
  const std::string gateway = tunnel.value("gateway", std::string());
  if (!why.empty()) return fmt::format("to {} is broken: {}; it is tried again", gateway, why);
  return fmt::format("to {} stands: {} connections wait, {} were taken by requests", gateway,
                     tunnel.value("spare", 0), tunnel.value("taken", std::string("0")));
}

struct Check {
  std::string what;
  bool good = false;
  bool needed = true;  // the Host cannot work without it
  std::string text;
};

Check check_runtime() {
  const auto runtime = executor::make_wasm_runtime(market::RuntimeKind::kWasmHttp, 1);
  const std::string profile = to_hex(executor::wasm_profile()).substr(0, 16);
  return {"WebAssembly runtime", runtime.has_value(), true,
          runtime ? "profile " + profile : runtime.error().context};
}

Check check_namespaces() {
  auto worker = executor::WorkerProcess::start({"/proc/self/exe"});
  if (!worker) return {"worker process", false, true, worker.error().context};
  const std::string& refused = worker->namespaces_refused();
  return {"worker namespaces", refused.empty(), false,
          refused.empty() ? "user, process, network and file system of their own"
                          : refused +
                                "; workers are still held by seccomp and limits. To mend: "
                                "sysctl user.max_user_namespaces=10000"};
}

std::vector<Check> check_cgroups() {
  const auto root = executor::CgroupRoot::find();
  std::vector<Check> out;
  if (root.missing().empty()) {
    out.push_back({"control groups", true, false, "memory and processor time are limited"});
  }
  for (const std::string& missing : root.missing()) {
    out.push_back({"control groups", false, false,
                   missing + ". To mend: run under systemd with Delegate=yes, or as root"});
  }
  return out;
}

Check check_containers() {
  const auto tools = find_container_tools();
  return {"containers", tools.has_value(), false,
          tools ? "run by " + tools->runtime : tools.error().context};
}

// What container_main.cc and volume_files.cc need: a free loop device, and what formats it.
Check check_volumes() {
  const auto missing = [](std::string text) { return Check{"volumes", false, false, text}; };
  if (executor::find_program("mkfs.ext4").empty())
    return missing("mkfs.ext4 is not here: apt-get install e2fsprogs");
  const UniqueFd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control) {
    return missing(fail_errno("/dev/loop-control").error.context +
                   "; containers' volumes need loop devices. To mend: as root, modprobe loop");
  }
  const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
  if (number < 0) return missing(fail_errno("no loop device is free").error.context);
  const std::string device = "/dev/loop" + std::to_string(number);
  const UniqueFd opened(::open(device.c_str(), O_RDWR | O_CLOEXEC));
  if (!opened) return missing(fail_errno("a loop device cannot be opened", device).error.context);
  return {"volumes", true, false, "are made by mkfs.ext4 and mounted by loop devices"};
}

Check check_node(Operator& self) {
  const auto status = self.node().status();
  return {"node", status.has_value(), true,
          status ? fmt::format("{} at height {}", status->chain_name, status->height)
                 : status.error().context};
}

Check check_account(Operator& self) {
  const Address address = address_of(self.key().public_key());
  const auto account = read_record<Account>(self.node(), account_key(address));
  if (!account) return {"operator account", false, true, account.error().context};
  const Amount balance = *account ? (*account)->balance : Amount{};
  const bool good = balance.droplets >= kDropletsPerFog / 100;
  return {"operator account", good, true,
          to_text(address) + " has " + format_fog(balance) +
              (good ? "" : "; it pays the fees of acknowledgements and receipts, so send it some")};
}

Check check_registration(Operator& self) {
  const auto host = self.host();
  if (!host) return {"registration", false, true, host.error().context};
  if (host->retired_at_ms != 0) return {"registration", false, true, "the Host is retired"};
  const auto offer = read_record<market::Offer>(self.node(), market::offer_key(host->id));
  const bool offered = offer && *offer;
  return {"registration", offered, false,
          "Host " + to_hex0x(host->id) +
              (offered ? " with an offer" : " has no offer; make one with: foghost offer")};
}

}  // namespace

namespace {

Check check_tunnel(const HostCommand& command, Operator& self) {
  const HostConfig& config = self.config();
  const std::string place = market::tunnel_endpoint(config.tunnel, self.key().public_key());
  if (config.endpoint != place) {
    return {"tunnel", false, true,
            "gateways are told " + config.endpoint + " and the tunnel is at " + place +
                "; write that as `endpoint` into host.yaml, then: foghost update"};
  }
  const Json agent = agent_runs(command.dir) ? agent_status(command.dir) : Json();
  const std::string text = tunnel_text(agent);
  if (text.empty()) return {"tunnel", false, false, "is held by foghost run"};
  return {"tunnel", agent["tunnel"].value("why", std::string()).empty(), true, text};
}

}  // namespace

ErrorOr<void> status(const HostCommand& command) {
  TRY(const auto self, Operator::open(command));
  TRY(const auto id, self->host_id());
  TRY(const auto view, executor::read_host_view(self->node(), id));
  TRY(const auto offer, read_record<market::Offer>(self->node(), market::offer_key(id)));
  const bool runs = agent_runs(command.dir);
  Json json = {{"host", rpc::to_json(view.host)},
               {"running", runs},
               {"agent", runs ? agent_status(command.dir) : Json()},
               {"height", std::to_string(view.status.height)}};
  if (offer) json["offer"] = rpc::to_json(*offer);
  std::string text = fmt::format(
      "Host      {}\nAgent     {}\nOffer     {}\nStanding  {:.2f} %\nLeases    {}\nEarned    {}\n",
      to_hex0x(id), runs ? "running" : "not running (foghost run)",
      offer ? fmt::format("class {}, scale {:.4f}, free {} milli-cores and {} MiB",
                          offer->price_class, offer->scale / 10'000.0, offer->free.cpu_milli,
                          offer->free.memory_mib)
            : "none (foghost offer)",
      view.host.standing / 100.0, view.host.leases_open, format_fog(view.host.earned));
  if (view.host.down_since_ms != 0) {
    text += "Marked down since " + cli::time_text(view.host.down_since_ms) +
            ": the chain had not heard from it\n";
  }
  if (const std::string tunnel = tunnel_text(json["agent"]); !tunnel.empty())
    text += "Tunnel    " + tunnel + "\n";
  if (const std::string replicas = replica_table(json["agent"]); !replicas.empty())
    text +=
        "\nWhat runs here; processor time and memory are of its process, and are not billed:\n" +
        replicas;
  self->context().print(json, text);
  return {};
}

ErrorOr<void> leases(const HostCommand& command) {
  TRY(const auto self, Operator::open(command));
  TRY(const auto id, self->host_id());
  TRY(const auto view, executor::read_host_view(self->node(), id));
  Json json = Json::array();
  cli::Rows rows = {{"LEASE", "TERM", "SERVICE", "STATE", "SINCE", "REQUESTS", "GFUEL", "PAID"}};
  for (const auto& [replica, lease] : view.leases) {
    json.push_back(rpc::to_json(lease));
    const market::Counters use = billed(lease);
    rows.push_back({to_hex(lease.id).substr(0, 16), std::to_string(lease.term), lease.service,
                    lease_row_state(lease), cli::time_text(lease.active_since_ms),
                    std::to_string(use.requests),
                    fmt::format("{:.3f}", static_cast<double>(use.fuel) / 1e9),
                    format_fog(lease.paid)});
  }
  self->context().print(json, rows.size() == 1 ? "No leases." : cli::table(rows));
  return {};
}

ErrorOr<void> logs(const HostCommand& command, const LogOptions& options) {
  const std::string& lease = options.lease;
  std::vector<std::string> found;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(command.dir + "/logs", failed)) {
    const std::string name = entry.path().filename().string();
    const std::string wanted = lease.starts_with("0x") ? lease.substr(2) : lease;
    if (name.starts_with(wanted) && name.ends_with(".log")) found.push_back(entry.path().string());
  }
  if (found.empty()) {
    return fail(ErrorCode::kNotFound, "no replica of a lease that begins with '" + lease +
                                          "' has written anything here; list: foghost leases");
  }
  // The one that was written to last.
  std::sort(found.begin(), found.end(), [](const std::string& a, const std::string& b) {
    std::error_code gone;
    return std::filesystem::last_write_time(a, gone) < std::filesystem::last_write_time(b, gone);
  });
  executor::WorkloadLogReader reader(found.back());
  TRY(const std::string text, executor::WorkloadLog::tail(found.back(), options.bytes));
  cli::Context context(command.options);
  context.print({{"file", found.back()}, {"text", text}}, text);
  while (options.follow) {
    const std::string more = reader.more();
    if (more.empty()) {
      std::this_thread::sleep_for(kFollowPause);
      continue;
    }
    std::cout << (command.options.json ? rpc::compact(Json{{"text", more}}) + "\n" : more)
              << std::flush;
  }
  return {};
}

ErrorOr<void> doctor(const HostCommand& command) {
  std::vector<Check> checks = {check_runtime(), check_namespaces()};
  for (Check& each : check_cgroups()) checks.push_back(std::move(each));
  checks.push_back(check_containers());
  if (checks.back().good) checks.push_back(check_volumes());
  const auto self = Operator::open(command);
  if (self) {
    checks.push_back(check_node(**self));
    checks.push_back(check_account(**self));
    checks.push_back(check_registration(**self));
    if (!(*self)->config().tunnel.empty()) checks.push_back(check_tunnel(command, **self));
    checks.push_back({"agent", agent_runs(command.dir), false,
                      agent_runs(command.dir) ? "running" : "not running; start: foghost run"});
  } else {
    checks.push_back({"set-up", false, true, self.error().context});
  }
  Json json = Json::array();
  std::string text;
  bool broken = false;
  for (const Check& check : checks) {
    json.push_back({{"check", check.what},
                    {"good", check.good},
                    {"needed", check.needed},
                    {"text", check.text}});
    const char* mark = check.good ? "ok  " : check.needed ? "BAD " : "note";
    text += fmt::format("{} {}: {}\n", mark, check.what, check.text);
    broken = broken || (!check.good && check.needed);
  }
  cli::Context(command.options).print(json, text);
  if (broken) {
    return fail(ErrorCode::kUnavailable,
                command.options.json ? "" : "what is marked BAD keeps this Host from working");
  }
  return {};
}

}  // namespace fog::host
