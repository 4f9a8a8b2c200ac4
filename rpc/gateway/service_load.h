// What one service's requests do at this gateway: how many there are, and those that wait for a
// replica. Included by .cc files only.
#pragma once

#include <atomic>
#include <list>
#include <mutex>

#include "rpc/gateway/http.h"

namespace fog::gateway {

// Requests that wait until a replica can serve them. wait() on the thread of its context; the rest
// from any thread.
class StartGate {
 public:
  // Returns at open() or at the deadline. A caller that looks whether it must wait and then waits
  // misses no open() that comes after its call of wait().
  net::awaitable<void> wait(net::io_context& context,
                            std::chrono::steady_clock::time_point deadline);
  void open();
  std::size_t waiting() const;

 private:
  mutable std::mutex mutex_;
  std::list<std::shared_ptr<net::steady_timer>> waiting_;
};

struct ServiceLoad {
  std::atomic<std::uint32_t> requests{0};  // under way, or waiting
  StartGate gate;
};

// One request, from its head to the end of its answer.
class CountedRequest {
 public:
  explicit CountedRequest(ServiceLoad& load) : load_(load) { ++load_.requests; }
  ~CountedRequest() { --load_.requests; }
  CountedRequest(const CountedRequest&) = delete;
  CountedRequest& operator=(const CountedRequest&) = delete;

 private:
  ServiceLoad& load_;
};

}  // namespace fog::gateway
