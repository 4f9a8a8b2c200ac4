// Cgroup: limits on memory and processor time of one worker, by whichever version of control groups
// this computer has and lets us write to (v2, v1, or both mounted together).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "chain/base/error.h"

namespace fog::executor {

// What the processes of a group have used; 0 where this computer does not count it.
struct CgroupUse {
  std::uint64_t cpu_ms = 0;
  std::uint64_t memory_bytes = 0;  // now
  std::uint64_t memory_peak_bytes = 0;
  bool operator==(const CgroupUse&) const = default;
};

// One group with one worker in it. Its folders go away with the object, once the worker is gone.
class Cgroup {
 public:
  Cgroup(Cgroup&&) noexcept = default;
  Cgroup& operator=(Cgroup&&) = delete;
  ~Cgroup();
  // Moves the process in. Here and below: kPermission or kIo names the file that refused.
  ErrorOr<void> add(int pid) const;
  // From now on: a worker compiles at full speed first.
  ErrorOr<void> limit_cpu(std::uint32_t cpu_milli) const;
  CgroupUse use() const;

 private:
  friend class CgroupRoot;
  Cgroup() = default;
  std::vector<std::string> folders_;  // one a hierarchy
  std::string cpu_;                   // the one that limits processor time; empty: none does
  std::string memory_, accounts_;     // those that count memory and processor time
  bool v2_ = false;
};

// Where groups can be made.
class CgroupRoot {
 public:
  // Looks at /proc/self/cgroup and what is mounted; makes and removes a group to see whether it
  // may. What cannot be limited stands in missing(), with the reason.
  static CgroupRoot find();

  ErrorOr<Cgroup> make(const std::string& name, std::uint64_t memory_bytes) const;
  bool limits_memory() const { return !memory_.empty(); }
  bool limits_cpu() const { return !cpu_.empty(); }
  // "processor time: /sys/fs/cgroup/cpu: Permission denied"
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  static CgroupRoot look();

  bool v2_ = false;
  std::string memory_;  // folder of the hierarchy under which groups are made; empty: cannot
  std::string cpu_;
  std::string accounts_;  // version 1 counts processor time in a hierarchy of its own
  std::vector<std::string> missing_;
};

}  // namespace fog::executor
