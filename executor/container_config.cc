#include "executor/container_config.h"

#include <map>

#include <nlohmann/json.hpp>

namespace fog::executor {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kArgsMax = 1'024;
constexpr int kProcessesMax = 512;
constexpr int kFilesMax = 4'096;

Fail<Error> refuse(const char* what) {
  return fail(ErrorCode::kRejected, std::string("the image's configuration ") + what);
}

// The texts of an array; nothing when it is something else.
std::optional<std::vector<std::string>> texts(const Json& from) {
  std::vector<std::string> out;
  if (from.is_null()) return out;
  if (!from.is_array() || from.size() > kArgsMax) return std::nullopt;
  for (const Json& each : from) {
    if (!each.is_string()) return std::nullopt;
    out.push_back(each.get<std::string>());
  }
  return out;
}

// An id of the image's user; 0 when it says none.
std::optional<std::uint32_t> id_in(const Json& user, const char* key) {
  const auto it = user.find(key);
  if (it == user.end()) return 0;
  if (!it->is_number_unsigned() || it->get<std::uint64_t>() >= kContainerIds) return std::nullopt;
  return it->get<std::uint32_t>();
}

ErrorOr<Json> user_of(const Json& process) {
  const auto it = process.find("user");
  if (it == process.end() || !it->is_object()) return Json{{"uid", 0}, {"gid", 0}};
  const auto uid = id_in(*it, "uid");
  const auto gid = id_in(*it, "gid");
  if (!uid || !gid) return refuse("names a user or group above 65535");
  Json out{{"uid", *uid}, {"gid", *gid}};
  const auto more = it->find("additionalGids");
  if (more == it->end()) return out;
  out["additionalGids"] = Json::array();
  if (!more->is_array() || more->size() > 64) return refuse("names more than 64 groups");
  for (const Json& each : *more) {
    if (!each.is_number_unsigned() || each.get<std::uint64_t>() >= kContainerIds)
      return refuse("names a group above 65535");
    out["additionalGids"].push_back(each);
  }
  return out;
}

Json tmpfs(const char* place, std::uint64_t bytes, const char* mode) {
  return {{"destination", place},
          {"type", "tmpfs"},
          {"source", "tmpfs"},
          {"options",
           {"nosuid", "nodev", "size=" + std::to_string(bytes), std::string("mode=") + mode}}};
}

// Nothing of the computer: no sysfs, no control groups, no device but the ones that hold nothing.
Json mounts(std::uint64_t memory_bytes) {
  return {{{"destination", "/proc"}, {"type", "proc"}, {"source", "proc"}},
          tmpfs("/dev", 65'536, "755"),
          {{"destination", "/dev/pts"},
           {"type", "devpts"},
           {"source", "devpts"},
           {"options", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}}},
          tmpfs("/dev/shm", memory_bytes / 4, "1777"),
          tmpfs("/tmp", memory_bytes / 2, "1777"),
          tmpfs("/run", memory_bytes / 8, "755"),
          tmpfs("/var/tmp", memory_bytes / 4, "1777"),
          {{"destination", "/etc/hosts"},
           {"type", "bind"},
           {"source", "/run/bundle/hosts"},
           {"options", {"bind", "ro", "nosuid", "nodev", "noexec"}}}};
}

// What leads out of a container, or to parts of the kernel that have let people out before. What
// needs a capability of the computer's own is refused by the kernel itself; these are not, or not
// all.
Json system_calls() {
  const Json refused = {"acct",
                        "add_key",
                        "bpf",
                        "clock_adjtime",
                        "clock_settime",
                        "create_module",
                        "delete_module",
                        "fanotify_init",
                        "finit_module",
                        "fsconfig",
                        "fsmount",
                        "fsopen",
                        "fspick",
                        "get_kernel_syms",
                        "init_module",
                        "io_uring_enter",
                        "io_uring_register",
                        "io_uring_setup",
                        "ioperm",
                        "iopl",
                        "kcmp",
                        "kexec_file_load",
                        "kexec_load",
                        "keyctl",
                        "lookup_dcookie",
                        "mbind",
                        "mount",
                        "mount_setattr",
                        "move_mount",
                        "move_pages",
                        "name_to_handle_at",
                        "nfsservctl",
                        "open_by_handle_at",
                        "open_tree",
                        "perf_event_open",
                        "personality",
                        "pivot_root",
                        "process_madvise",
                        "process_vm_readv",
                        "process_vm_writev",
                        "ptrace",
                        "query_module",
                        "quotactl",
                        "reboot",
                        "request_key",
                        "set_mempolicy",
                        "setdomainname",
                        "sethostname",
                        "setns",
                        "settimeofday",
                        "swapoff",
                        "swapon",
                        "syslog",
                        "umount",
                        "umount2",
                        "unshare",
                        "uselib",
                        "userfaultfd",
                        "ustat",
                        "vhangup"};
  Json rules = Json::array();
  rules.push_back({{"names", refused}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 1}});
  // New user namespaces, by the flag; clone3 hides its flags, so libraries are sent to clone.
  constexpr std::uint64_t kNewUser = 0x10000000;
  rules.push_back({{"names", {"clone"}},
                   {"action", "SCMP_ACT_ERRNO"},
                   {"errnoRet", 1},
                   {"args",
                    {{{"index", 0},
                      {"value", kNewUser},
                      {"valueTwo", kNewUser},
                      {"op", "SCMP_CMP_MASKED_EQ"}}}}});
  rules.push_back({{"names", {"clone3"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 38}});
  // Families that a network namespace does not hold: AF_ALG, AF_VSOCK (a virtual machine's host).
  for (const int family : {38, 40}) {
    rules.push_back({{"names", {"socket", "socketpair"}},
                     {"action", "SCMP_ACT_ERRNO"},
                     {"errnoRet", 97},
                     {"args", {{{"index", 0}, {"value", family}, {"op", "SCMP_CMP_EQ"}}}}});
  }
  return {{"defaultAction", "SCMP_ACT_ALLOW"},
          {"architectures", {"SCMP_ARCH_X86_64"}},
          {"syscalls", rules}};
}

Json isolation() {
  const Json ids = {{{"containerID", 0}, {"hostID", kContainerIdFirst}, {"size", kContainerIds}}};
  Json spaces = Json::array();
  for (const char* type : {"pid", "network", "ipc", "uts", "mount", "user"})
    spaces.push_back({{"type", type}});
  return {{"namespaces", spaces},
          {"uidMappings", ids},
          {"gidMappings", ids},
          {"sysctl", {{"net.ipv4.ip_unprivileged_port_start", "0"}}},
          {"seccomp", system_calls()},
          {"maskedPaths",
           {"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
            "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi"}},
          {"readonlyPaths",
           {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}}};
}

}  // namespace

ErrorOr<std::string> container_config(std::string_view image_config,
                                      const market::Manifest& manifest, std::uint64_t memory_bytes,
                                      const market::SecretValues& secrets) {
  const Json image = Json::parse(image_config, nullptr, false);
  if (!image.is_object() || !image.contains("process") || !image["process"].is_object())
    return refuse("cannot be read");
  const Json& from = image["process"];
  const auto args = texts(from.value("args", Json()));
  const auto variables = texts(from.value("env", Json()));
  if (!args || args->empty()) return refuse("names no program to run (Cmd or Entrypoint)");
  if (!variables) return refuse("has an environment that is no list of texts");
  std::map<std::string, std::string> env;
  for (const std::string& each : *variables) {
    const std::size_t at = each.find('=');
    if (at != std::string::npos) env[each.substr(0, at)] = each.substr(at + 1);
  }
  env["PORT"] = std::to_string(manifest.port);
  for (const auto& [name, value] : manifest.env) env[name] = value;
  for (const auto& [name, value] : secrets) env[name] = value;
  Json process{{"terminal", false}, {"args", *args},           {"env", Json::array()},
               {"cwd", "/"},        {"noNewPrivileges", true}, {"capabilities", Json::object()}};
  for (const auto& [name, value] : env) process["env"].push_back(name + "=" + value);
  if (const auto cwd = from.find("cwd");
      cwd != from.end() && cwd->is_string() && cwd->get<std::string>().starts_with('/'))
    process["cwd"] = *cwd;
  TRY(process["user"], user_of(from));
  for (const auto& [name, bound] : std::map<std::string, int>{
           {"RLIMIT_NPROC", kProcessesMax}, {"RLIMIT_NOFILE", kFilesMax}, {"RLIMIT_CORE", 0}})
    process["rlimits"].push_back({{"type", name}, {"soft", bound}, {"hard", bound}});
  Json all_mounts = mounts(memory_bytes);
  for (std::size_t i = 0; i < manifest.volumes.size(); ++i) {
    all_mounts.push_back({{"destination", manifest.volumes[i].path},
                          {"type", "bind"},
                          {"source", kVolumesPlace + std::to_string(i)},
                          {"options", {"bind", "rw", "nosuid", "nodev"}}});
  }
  const Json whole{{"ociVersion", "1.0.0"},
                   {"process", process},
                   {"root", {{"path", "rootfs"}, {"readonly", true}}},
                   {"hostname", "container"},
                   {"mounts", all_mounts},
                   {"linux", isolation()}};
  return whole.dump(1, ' ', false, Json::error_handler_t::replace);
}

ErrorOr<std::string> program_config(std::string_view container_config,
                                    const std::vector<BoundedText<8'192>>& words, bool terminal) {
  const Json config = Json::parse(container_config, nullptr, false);
  Json process = config.is_object() ? config.value("process", Json()) : Json();
  if (!process.is_object() || !process.contains("env") || !process["env"].is_array())
    return fail(ErrorCode::kCorrupt, "the container's configuration cannot be read");
  process["args"] = Json::array();
  for (const std::string& word : words) process["args"].push_back(word);
  process["terminal"] = terminal;
  if (terminal) process["env"].push_back("TERM=xterm");
  return process.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace fog::executor
