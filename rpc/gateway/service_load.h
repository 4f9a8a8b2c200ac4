// What one service's requests do at this gateway: how many there are, and those that wait for a
// replica. Included by .cc files only.
#pragma once

#include <array>
#include <atomic>
#include <list>
#include <mutex>

#include "rpc/gateway/http.h"
#include "rpc/gateway/server.h"
#include "rpc/gateway/standing.h"

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

struct ServiceLoad;

// How a service's requests have ended, since this gateway knows it.
class ServiceTally {
 public:
  // Upper ends of the buckets in which times are counted, in microseconds; the last has none.
  static constexpr std::array<std::uint64_t, 13> kEndsUs{
      1'000,   2'500,   5'000,     10'000,    25'000,    50'000,    100'000,
      250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};

  void count(const ServedRequest& request);
  // For Prometheus, of all services: their families, each with a line a service.
  static std::string metrics(
      const std::vector<std::pair<std::string, std::shared_ptr<ServiceLoad>>>& services);

 private:
  std::array<std::atomic<std::uint64_t>, 6> by_status_{};  // 1xx to 5xx; [0]: never answered
  std::array<std::atomic<std::uint64_t>, kEndsUs.size() + 1> took_{};
  std::atomic<std::uint64_t> took_us_{0};
  std::atomic<std::uint64_t> retries_{0};
  std::atomic<std::uint64_t> egress_bytes_{0};
};

struct ServiceLoad {
  std::atomic<std::uint32_t> requests{0};  // under way, or waiting
  StartGate gate;
  RetryBudget retries;
  ServiceTally tally;
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
