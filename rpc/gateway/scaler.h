// Scaler: how many replicas a service needs, by how many requests it has at once. One a service;
// pure; not thread safe.
//
// Two windows, as Knative's autoscaler has them: a short one that follows a burst at once, a long
// one that keeps replicas while the load comes and goes. The larger of both counts; to none it goes
// when no request has come for a while.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

namespace fog::gateway {

struct ScalePolicy {
  std::uint32_t target_percent = 70;  // of a replica's slots that are to be busy
  std::uint64_t burst_ms = 3'000;
  std::uint64_t calm_ms = 60'000;
  std::uint64_t idle_ms = 60'000;  // without a request: none is needed
};

struct ScaleDecision {
  std::uint32_t replicas = 0;
  double burst = 0;  // requests at once, mean over the windows
  double calm = 0;
  std::string why;  // in words
};

class Scaler {
 public:
  explicit Scaler(ScalePolicy policy) : policy_(policy) {}

  // So many requests are under way or wait, at this time; times never go back.
  void sample(std::uint64_t now_ms, std::uint32_t requests);
  // `slots`: requests that one replica serves at once, 1 or more.
  ScaleDecision decide(std::uint64_t now_ms, std::uint32_t slots) const;

 private:
  struct Sample {
    std::uint64_t at_ms = 0;
    std::uint32_t requests = 0;  // from then until the next sample
  };
  double mean_since(std::uint64_t from_ms, std::uint64_t now_ms) const;

  const ScalePolicy policy_;
  std::deque<Sample> samples_;
  std::uint64_t busy_ms_ = 0;  // when there was a request last
  bool ever_busy_ = false;
};

}  // namespace fog::gateway
