#include "executor/worker_pool.h"

#include <poll.h>

namespace fog::executor {

WorkerPool::WorkerPool(WorkerProgram program)
    : program_(std::move(program)), thread_([this] { keep_one_ready(); }) {}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void WorkerPool::keep_one_ready() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    lock.unlock();
    auto worker = WorkerProcess::start(program_);
    lock.lock();
    ready_.emplace(std::move(worker));
    changed_.notify_all();
    changed_.wait(lock, [&] { return stop_ || !ready_; });
  }
}

ErrorOr<WorkerProcess> WorkerPool::take() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return ready_.has_value(); });
    auto worker = std::move(*ready_);
    ready_.reset();
    changed_.notify_all();
    // One that has died while it waited is let go of.
    pollfd ended = {worker ? worker->pidfd() : -1, POLLIN, 0};
    if (!worker || ::poll(&ended, 1, 0) <= 0) return worker;
  }
}

}  // namespace fog::executor
