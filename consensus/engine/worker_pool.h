// WorkerPool: spreads independent pieces of work over the cores. The caller works too, so a pool
// of no threads is a plain loop.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace fog {

// Safe from any thread.
class WorkerPool {
 public:
  explicit WorkerPool(unsigned threads);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();

  // Calls work(i) for every i < count, some on other threads, and returns when all are done.
  void run(std::size_t count, const std::function<void(std::size_t)>& work);

 private:
  struct Batch;
  void loop();
  static void take_part(Batch& batch);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Batch>> batches_;  // with pieces left; as many as callers
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace fog
