// Sandbox: what a worker process gives up before it sees anything of a stranger's.
//
// Each layer stands alone, so that one which the kernel refuses leaves the others. The order:
// namespaces (made by whoever starts the process, see worker_process.h) -> isolate_process ->
// install_syscall_filter -> the first byte from outside.
#pragma once

#include <string>
#include <vector>

#include "chain/base/error.h"

namespace fog::executor {

// What holds and what does not, for logs and `foghost doctor`.
struct SandboxReport {
  std::vector<std::string> on;   // "empty file system"
  std::vector<std::string> off;  // "empty file system: mount: Operation not permitted"
};

// Ends with the parent process, never gains privileges, makes no core files, opens at most 64
// descriptors; when it is root of a user namespace of its own (in_namespaces): an empty read-only
// file system and then no capabilities. To be called before any thread is started.
SandboxReport isolate_process(bool in_namespaces);

// From here on the process can compute, map memory, start threads and use the descriptors that it
// holds; opening files, sockets and programs ends in EPERM, or kills it where only an attacker
// would try. For all threads that are started later. kIo when the kernel has no seccomp.
// `connects`: it may also connect to where its network namespace leads, by TCP.
ErrorOr<void> install_syscall_filter(bool connects = false);

// RLIMIT_DATA, which bounds the memory that the process may write to; `for_good`: it cannot be
// raised again. Does nothing in builds with a sanitizer, whose shadow memory counts.
ErrorOr<void> limit_data_bytes(std::uint64_t bytes, bool for_good);

}  // namespace fog::executor
