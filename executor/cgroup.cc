#include "executor/cgroup.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <sstream>
#include <unistd.h>

#include <sys/stat.h>

#include "chain/base/file.h"
#include "executor/fd.h"

namespace fog::executor {
namespace {

constexpr const char* kMount = "/sys/fs/cgroup";
constexpr std::uint64_t kPeriodUs = 100'000;
constexpr std::string_view kPrefix = "foghost-lease-";

ErrorOr<void> put(const std::string& path, const std::string& text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return fail_errno(path);
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return fail_errno(path);
  }
  return {};
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

std::string file_text(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto content = file ? read_all(file.get(), 1 << 20) : ErrorOr<Bytes>(Bytes{});
  return content ? std::string(as_text(*content)) : "";
}

// This process's group in the hierarchy with that controller; "" asks for version 2.
std::optional<std::string> own_group(const std::string& controller) {
  std::istringstream lines(file_text("/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool fits = controller.empty() ? names == ",,"
                                         : names.find("," + controller + ",") != std::string::npos;
    if (fits) return line.substr(second + 1);
  }
  return std::nullopt;
}

// Whether a group can be made in that folder; if not, why.
ErrorOr<void> try_folder(const std::string& folder) {
  const std::string probe = folder + "/foghost-probe-" + std::to_string(::getpid());
  if (::mkdir(probe.c_str(), 0755) != 0) return fail_errno(folder);
  if (::rmdir(probe.c_str()) != 0) return fail_errno(probe);
  return {};
}

// The folder of this process's group, or of the hierarchy's root where only that one may be
// written.
ErrorOr<std::string> writable_group(const std::string& mount, const std::string& group) {
  const std::string own = mount + (group == "/" ? "" : group);
  auto tried = try_folder(own);
  if (tried) return own;
  if (own != mount && try_folder(mount)) return mount;
  return Fail{tried.error()};
}

// Version 2 shares a controller with children only from a group without processes of its own: they
// move into a leaf.
ErrorOr<std::string> prepare_v2(const std::string& group) {
  TRY(const std::string folder, writable_group(kMount, group));
  const std::string control = folder + "/cgroup.subtree_control";
  if (put(control, "+memory +cpu")) return folder;
  const std::string leaf = folder + "/foghost-agent";
  if (::mkdir(leaf.c_str(), 0755) != 0 && errno != EEXIST) return fail_errno(leaf);
  TRY_VOID(put(leaf + "/cgroup.procs", std::to_string(::getpid())));
  TRY_VOID(put(control, "+memory +cpu"));
  return folder;
}

void find_v1(const std::string& controller, const std::string& what, std::string& folder,
             std::vector<std::string>& missing) {
  const std::string mount = std::string(kMount) + "/" + controller;
  const auto group = own_group(controller);
  if (!group || !exists(mount)) {
    missing.push_back(what + ": no control group hierarchy is mounted at " + mount);
    return;
  }
  auto found = writable_group(mount, *group);
  if (found) {
    folder = *std::move(found);
  } else {
    missing.push_back(what + ": " + found.error().context);
  }
}

// Whether the process that a group was made for (its name ends with "-PID") is gone.
bool is_left_behind(const std::string& name) {
  const std::size_t dash = name.rfind('-');
  const int pid = std::atoi(name.c_str() + dash + 1);
  return name.starts_with(kPrefix) && pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH;
}

// Groups that a killed agent left.
void remove_left_behind(const std::string& folder) {
  std::error_code failed;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator it(folder, failed), end; !failed && it != end;
       it.increment(failed)) {
    names.push_back(it->path().filename().string());
  }
  for (const std::string& name : names) {
    if (is_left_behind(name)) ::rmdir((folder + "/" + name).c_str());
  }
}

}  // namespace

CgroupRoot CgroupRoot::find() {
  CgroupRoot root = look();
  for (const std::string& folder : {root.memory_, root.cpu_, root.accounts_}) {
    if (!folder.empty()) remove_left_behind(folder);
  }
  return root;
}

CgroupRoot CgroupRoot::look() {
  CgroupRoot root;
  root.v2_ = exists(std::string(kMount) + "/cgroup.controllers");
  if (!root.v2_) {
    find_v1("memory", "memory", root.memory_, root.missing_);
    find_v1("cpu", "processor time", root.cpu_, root.missing_);
    std::vector<std::string> uncounted;  // is shown as 0
    find_v1("cpuacct", "use of processor time", root.accounts_, uncounted);
    return root;
  }
  auto folder = prepare_v2(own_group("").value_or("/"));
  if (folder) {
    root.memory_ = root.cpu_ = root.accounts_ = *std::move(folder);
  } else {
    root.missing_.push_back("memory and processor time: " + folder.error().context);
  }
  return root;
}

ErrorOr<Cgroup> CgroupRoot::make(const std::string& name, std::uint64_t memory_bytes) const {
  Cgroup group;
  group.v2_ = v2_;
  const std::string child = "/" + std::string(kPrefix) + name;
  for (const std::string& parent : {memory_, cpu_, accounts_}) {
    const std::string folder = parent + child;
    if (parent.empty() || (!group.folders_.empty() && group.folders_.back() == folder)) continue;
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return fail_errno(folder);
    group.folders_.push_back(folder);
  }
  if (!cpu_.empty()) group.cpu_ = cpu_ + child;
  if (!memory_.empty()) group.memory_ = memory_ + child;
  if (!accounts_.empty()) group.accounts_ = accounts_ + child;
  if (!memory_.empty()) {
    const char* file = v2_ ? "/memory.max" : "/memory.limit_in_bytes";
    TRY_VOID(put(memory_ + child + file, std::to_string(memory_bytes)));
  }
  return group;
}

ErrorOr<void> Cgroup::limit_cpu(std::uint32_t cpu_milli) const {
  if (cpu_.empty()) return {};
  const std::uint64_t quota =
      std::max<std::uint64_t>(1'000, std::uint64_t{cpu_milli} * kPeriodUs / 1'000);
  const std::string period = std::to_string(kPeriodUs);
  if (v2_) return put(cpu_ + "/cpu.max", std::to_string(quota) + " " + period);
  TRY_VOID(put(cpu_ + "/cpu.cfs_period_us", period));
  return put(cpu_ + "/cpu.cfs_quota_us", std::to_string(quota));
}

CgroupUse Cgroup::use() const {
  CgroupUse out;
  const auto number_in = [](const std::string& path) {
    return std::strtoull(file_text(path).c_str(), nullptr, 10);
  };
  if (!v2_) {
    if (!accounts_.empty()) out.cpu_ms = number_in(accounts_ + "/cpuacct.usage") / 1'000'000;
    if (memory_.empty()) return out;
    out.memory_bytes = number_in(memory_ + "/memory.usage_in_bytes");
    out.memory_peak_bytes = number_in(memory_ + "/memory.max_usage_in_bytes");
    return out;
  }
  // "usage_usec 1234" is the first line.
  const std::string stat = file_text(accounts_ + "/cpu.stat");
  if (const auto at = stat.find("usage_usec "); at != std::string::npos)
    out.cpu_ms = std::strtoull(stat.c_str() + at + 11, nullptr, 10) / 1'000;
  out.memory_bytes = number_in(memory_ + "/memory.current");
  // Linux 5.19 and later.
  out.memory_peak_bytes = number_in(memory_ + "/memory.peak");
  return out;
}

ErrorOr<void> Cgroup::add(int pid) const {
  for (const std::string& folder : folders_) {
    TRY_VOID(put(folder + "/cgroup.procs", std::to_string(pid)));
  }
  return {};
}

Cgroup::~Cgroup() {
  for (const std::string& folder : folders_) ::rmdir(folder.c_str());
}

}  // namespace fog::executor
