// WaitHub: answers calls that wait for the chain. One thread watches the chain's height and asks
// each waiting call again after every block, so a thousand waiting callers hold no thread.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "rpc/server/method.h"

namespace fog::rpc {

class WaitHub {
 public:
  using Done = std::function<void(Answer)>;

  // The node must outlive the hub. At most `waits_max` calls wait at once.
  WaitHub(NodeApi& node, std::size_t waits_max);
  ~WaitHub();
  // Answers all that wait, and all that still come, with kUnavailable. May be called twice.
  void stop();
  WaitHub(const WaitHub&) = delete;
  WaitHub& operator=(const WaitHub&) = delete;

  // Calls `done` exactly once: at once from this thread when the answer is known or the hub is
  // full, else from the hub's.
  void add(Wait wait, Done done);
  std::size_t waiting() const;

 private:
  struct Entry {
    Wait wait;
    Done done;
    std::uint64_t deadline_ns = 0;
  };
  void run();
  // Asks each; keeps those without an answer. The nearest deadline, in ms from now, at most a
  // slice.
  std::uint64_t ask_all(std::vector<Entry>& entries);
  void watch(std::uint64_t slice_ms);

  NodeApi& node_;
  const std::size_t waits_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Entry> incoming_;    // under mutex_
  std::size_t waiting_ = 0;        // under mutex_
  bool stopping_ = false;          // under mutex_
  std::uint64_t height_seen_ = 0;  // the hub's thread only
  std::thread thread_;
};

}  // namespace fog::rpc
