#include "consensus/engine/worker_pool.h"

#include <algorithm>

namespace fog {
namespace {

// Pieces taken at a time: few enough that the last ones are shared, enough that the counter is not
// what the cores wait for.
constexpr std::size_t kStride = 8;

}  // namespace

struct WorkerPool::Batch {
  std::function<void(std::size_t)> work;
  std::size_t count = 0;
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> done{0};
  std::mutex mutex;
  std::condition_variable finished;
};

WorkerPool::WorkerPool(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { loop(); });
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::run(std::size_t count, const std::function<void(std::size_t)>& work) {
  if (count <= kStride || threads_.empty()) {
    for (std::size_t i = 0; i < count; ++i) work(i);
    return;
  }
  finish(start(count, [&work](std::size_t i) { work(i); }));
}

std::shared_ptr<WorkerPool::Batch> WorkerPool::start(std::size_t count,
                                                     std::function<void(std::size_t)> work) {
  auto batch = std::make_shared<Batch>();
  batch->work = std::move(work);
  batch->count = count;
  {
    const std::lock_guard lock(mutex_);
    batches_.push_back(batch);
  }
  wake_.notify_all();
  return batch;
}

void WorkerPool::finish(const std::shared_ptr<Batch>& batch) {
  take_part(*batch);
  {
    const std::lock_guard lock(mutex_);
    std::erase(batches_, batch);
  }
  std::unique_lock lock(batch->mutex);
  batch->finished.wait(lock, [&] { return batch->done == batch->count; });
}

void WorkerPool::take_part(Batch& batch) {
  while (true) {
    const std::size_t from = batch.next.fetch_add(kStride);
    if (from >= batch.count) return;
    const std::size_t to = std::min(batch.count, from + kStride);
    for (std::size_t i = from; i < to; ++i) batch.work(i);
    if (batch.done.fetch_add(to - from) + (to - from) == batch.count) {
      const std::lock_guard lock(batch.mutex);
      batch.finished.notify_all();
    }
  }
}

void WorkerPool::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || !batches_.empty(); });
    if (stopping_) return;
    const std::shared_ptr<Batch> batch = batches_.front();
    lock.unlock();
    take_part(*batch);
    lock.lock();
    // All its pieces are taken; nobody else needs to look at it.
    std::erase(batches_, batch);
  }
}

}  // namespace fog
