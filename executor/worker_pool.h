// WorkerPool: keeps one worker process started and sandboxed ahead of need, so that a lease does
// not wait for one. Safe from any thread.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "executor/worker_process.h"

namespace fog::executor {

class WorkerPool {
 public:
  explicit WorkerPool(WorkerProgram program);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // The one that is ready, or the next. The error is why none can be started.
  ErrorOr<WorkerProcess> take();

 private:
  void keep_one_ready();

  const WorkerProgram program_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<ErrorOr<WorkerProcess>> ready_;
  bool stop_ = false;
  // Workers end with the thread that started them (PR_SET_PDEATHSIG), so one thread starts them
  // all.
  std::thread thread_;
};

}  // namespace fog::executor
