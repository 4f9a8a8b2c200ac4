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
  struct Batch;

  explicit WorkerPool(unsigned threads);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();

  // Calls work(i) for every i < count, some on other threads, and returns when all are done.
  void run(std::size_t count, const std::function<void(std::size_t)>& work);

  // The same in two steps: other threads begin after start(), batch by batch, and finish() does
  // with them what is left. Whoever has started a batch finishes it before what `work` uses goes.
  std::shared_ptr<Batch> start(std::size_t count, std::function<void(std::size_t)> work);
  void finish(const std::shared_ptr<Batch>& batch);

 private:
  void loop();
  static void take_part(Batch& batch);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Batch>> batches_;  // with pieces left
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace fog
