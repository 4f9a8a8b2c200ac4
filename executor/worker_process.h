// WorkerProcess: a worker as its starter sees it: a child process with one socket and one pipe.
//
// Started ahead of need, then bound to one lease; it ends with this object. From any one thread at
// a time.
#pragma once

#include <functional>

#include "executor/fd.h"
#include "executor/worker_frames.h"

namespace fog::executor {

constexpr int kContainerConfig = 4;  // and kContainerControl, container_control.h

struct WorkerProgram {
  std::string path;                // of foghost
  std::string command = "worker";  // its sub-command
  bool namespaces = true;          // try to give it namespaces of its own
  // Of a container (worker/container_main.h): it starts as root, in a process namespace that ends
  // with it.
  std::vector<std::string> container_arguments = {};
  // Of a container: reaches it as descriptor kContainerConfig. It holds secrets: never on disk.
  std::string container_config = {};
};

// What binding came to.
struct BoundWorker {
  Bytes code;  // compiled now; empty when it came compiled
  std::uint64_t compile_ms = 0;
  market::RuntimeProfile runtime;  // of the worker
};

class WorkerProcess {
 public:
  // kIo when no process can be started. Namespaces that the kernel refuses are done without; why
  // stands in namespaces_refused().
  static ErrorOr<WorkerProcess> start(const WorkerProgram& program);
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&&) = delete;
  ~WorkerProcess();

  // Hands over the workload: `content` is compiled code if bind.compiled, else the artifact. Waits
  // at most timeout_ms. kRejected when the artifact is at fault and trying again cannot help;
  // kTimeout, kIo or kUnavailable otherwise. `while_waiting` is called every 50 ms; false gives up
  // (kUnavailable).
  ErrorOr<BoundWorker> bind(const BindFrame& bind, ByteView content, std::uint64_t timeout_ms,
                            const std::function<bool()>& while_waiting);

  // The socket, to be handed to the front. Once.
  UniqueFd take_socket() { return std::move(socket_); }
  // Of a container: for a ContainerControl. Once.
  UniqueFd take_control() { return std::move(control_); }
  // What the worker and its workload write to standard error.
  int log() const { return log_.get(); }
  // Becomes readable when the process has ended.
  int pidfd() const { return pidfd_.get(); }
  int pid() const { return pid_; }
  const std::string& namespaces_refused() const { return namespaces_refused_; }

  void kill();
  // After pidfd() became readable or kill(): "exit status 3" or "signal 31 (Bad system call)".
  std::string wait();

 private:
  WorkerProcess() = default;

  int pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd socket_;
  UniqueFd control_;
  UniqueFd log_;
  std::string namespaces_refused_;
};

}  // namespace fog::executor
