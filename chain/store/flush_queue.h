// FlushQueue: hands finished blocks to one background thread that writes them to a database.
//
//   engine --push--> [ up to jobs_max / bytes_max ] --release(height)--> thread --> write(jobs)
//
// push() waits while the queue is full: a slow disk slows the engine instead of filling memory.
// Nothing is written before release() of its height, so that a database never leads the block log.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "chain/base/error.h"

namespace fog {

struct FlushQueueOptions {
  std::size_t jobs_max = 256;
  std::size_t bytes_max = 64ULL * 1024 * 1024;
  // How long a released job may wait for others to share its write: what several blocks change is
  // written once, and sorted keys of many blocks go in faster. So much of the block log more is
  // replayed after a crash.
  std::uint64_t linger_ms = 1'000;
};

// Safe from any thread; jobs are pushed in the order of their heights.
template <class Job>
class FlushQueue {
 public:
  // Called on the background thread, never beside itself. After its first error nothing more is
  // written and every call returns that error.
  using Write = std::function<ErrorOr<void>(std::deque<Job>&& jobs)>;

  FlushQueue(FlushQueueOptions options, Write write)
      : options_(options), write_(std::move(write)), thread_([this] { run(); }) {}
  FlushQueue(const FlushQueue&) = delete;
  FlushQueue& operator=(const FlushQueue&) = delete;
  // Drops what is not written yet; drain() first to keep it.
  ~FlushQueue() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  ErrorOr<void> push(std::uint64_t height, std::size_t bytes, Job job) {
    std::unique_lock lock(mutex_);
    const auto has_room = [&] {
      return error_.has_value() || jobs_.empty() ||
             (jobs_.size() < options_.jobs_max && bytes_ + bytes <= options_.bytes_max);
    };
    if (!has_room()) {
      hurry_ = true;
      wake_.notify_all();
      room_.wait(lock, [&] {
        // Everything that waits for its release would wait for ever.
        return has_room() || heights_.front() > released_;
      });
    }
    if (error_) return Fail{*error_};
    jobs_.push_back(std::move(job));
    heights_.push_back(height);
    sizes_.push_back(bytes);
    bytes_ += bytes;
    return {};
  }

  // Heights up to this one may be written.
  void release(std::uint64_t height) {
    {
      const std::lock_guard lock(mutex_);
      if (height <= released_) return;
      released_ = height;
    }
    wake_.notify_all();
  }

  // Waits until everything released is written.
  ErrorOr<void> drain() {
    std::unique_lock lock(mutex_);
    hurry_ = true;
    wake_.notify_all();
    room_.wait(lock, [&] { return error_.has_value() || (!writing_ && !has_released()); });
    if (error_) return Fail{*error_};
    return {};
  }

  std::optional<Error> error() const {
    const std::lock_guard lock(mutex_);
    return error_;
  }

 private:
  bool has_released() const { return !heights_.empty() && heights_.front() <= released_; }

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [&] { return stopping_ || has_released(); });
      if (stopping_) return;
      wake_.wait_for(lock, std::chrono::milliseconds(options_.linger_ms), [&] {
        return stopping_ || hurry_ || jobs_.size() * 2 > options_.jobs_max ||
               bytes_ * 2 > options_.bytes_max;
      });
      if (stopping_) return;
      hurry_ = false;
      std::deque<Job> taken;
      while (has_released()) {
        taken.push_back(std::move(jobs_.front()));
        jobs_.pop_front();
        heights_.pop_front();
        bytes_ -= sizes_.front();
        sizes_.pop_front();
      }
      writing_ = true;
      lock.unlock();
      auto written = write_(std::move(taken));
      lock.lock();
      writing_ = false;
      room_.notify_all();
      if (!written) {
        error_ = written.error();
        room_.notify_all();
        return;
      }
    }
  }

  const FlushQueueOptions options_;
  const Write write_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;  // for the thread
  std::condition_variable room_;  // for push and drain
  std::deque<Job> jobs_;
  std::deque<std::uint64_t> heights_;
  std::deque<std::size_t> sizes_;
  std::size_t bytes_ = 0;
  std::uint64_t released_ = 0;
  bool hurry_ = false;
  bool writing_ = false;
  bool stopping_ = false;
  std::optional<Error> error_;
  std::thread thread_;  // last: starts when the rest stands
};

}  // namespace fog
