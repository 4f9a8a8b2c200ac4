// Worker: the process in which one lease's workload and the JIT live. It holds one socket, no key,
// no file and no network; whoever breaks out of the guest finds an empty room.
#pragma once

#include "executor/worker/sandbox.h"

namespace fog::executor {

struct WorkerOptions {
  int socket = 3;              // to the agent, later the front
  bool in_namespaces = false;  // the process was started in namespaces of its own
  // Off only in tests that look at the worker from inside their own process.
  bool syscall_filter = true;
  // It sits beside a container, in the same network: its system calls may connect there.
  bool serves_container = false;
};

// Isolates the process, waits for its BindFrame, compiles and loads, then serves requests until the
// socket closes. What it has to say goes to standard error. Returns the exit status: 0 after the
// socket closed, 1 when it could not be bound, 2 for a frame that breaks the protocol.
int run_worker(const WorkerOptions& options);

}  // namespace fog::executor
