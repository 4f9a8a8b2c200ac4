// Standing: how one replica's Host answers this gateway, and what follows for who is asked next.
// Pure but for its atomics; safe from any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace fog::gateway {

class Standing {
 public:
  // A request goes there, and has ended.
  void begin() { ++open_; }
  void end() { --open_; }
  std::uint32_t open() const { return open_; }

  // The Host has begun its answer, so long after the request. What the service itself answers makes
  // no difference.
  void answered(std::uint64_t took_us);
  // It was not reached, did not answer in time, or its answer was not authentic. Then it is left
  // alone: 2 seconds, twice as long each further time in a row, at most a minute.
  void failed(std::uint64_t now_ns);

  // Others are to be asked before it.
  bool is_avoided(std::uint64_t now_ns) const { return avoid_until_ns_ > now_ns; }
  // Since when it has failed every time (Clock::monotonic_ns); 0: the last time it has not.
  std::uint64_t lost_since_ns() const { return lost_since_ns_; }
  // What one more request would wait, roughly: the less the better. Requests that are there
  // already, each for as long as this Host takes by the moving mean of its answers.
  std::uint64_t cost() const;

 private:
  std::atomic<std::uint32_t> open_{0};
  std::atomic<std::uint64_t> mean_us_{0};   // 0: nothing is known
  std::atomic<std::uint32_t> failures_{0};  // in a row
  std::atomic<std::uint64_t> avoid_until_ns_{0};
  std::atomic<std::uint64_t> lost_since_ns_{0};
};

// How often a service's requests, once a Host has seen them, may be sent a second time: on the
// whole at most as often as there are requests, and a hundred times in a row when all was well
// before. So an outage that takes every Host doubles the load on what is left of them, and does not
// multiply it.
class RetryBudget {
 public:
  void request();
  // False: no more for now.
  bool take();

 private:
  static constexpr std::int64_t kMost = 1'000;
  std::atomic<std::int64_t> left_{100};
};

}  // namespace fog::gateway
