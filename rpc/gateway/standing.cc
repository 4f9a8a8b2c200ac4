#include "rpc/gateway/standing.h"

#include <algorithm>

namespace fog::gateway {
namespace {

constexpr std::uint64_t kAvoidNs = 2'000'000'000;
constexpr std::uint64_t kAvoidNsMax = 60'000'000'000;
constexpr std::uint64_t kWeight = 8;  // of all that was before, against one answer
constexpr std::uint64_t kUnknownUs = 1'000;

}  // namespace

void Standing::answered(std::uint64_t took_us) {
  const std::uint64_t mean = mean_us_;
  // Two threads at once may lose one answer's part of the mean.
  mean_us_ =
      std::max<std::uint64_t>(1, mean == 0 ? took_us : (mean * (kWeight - 1) + took_us) / kWeight);
  failures_ = 0;
  avoid_until_ns_ = 0;
  lost_since_ns_ = 0;
}

void Standing::failed(std::uint64_t now_ns) {
  // Requests that were under way together fail together: that counts once.
  if (!is_avoided(now_ns)) {
    const std::uint32_t times = std::min(failures_++, 5U);
    avoid_until_ns_ = now_ns + std::min(kAvoidNs << times, kAvoidNsMax);
  }
  std::uint64_t never = 0;
  lost_since_ns_.compare_exchange_strong(never, now_ns);
}

std::uint64_t Standing::cost() const {
  const std::uint64_t mean = mean_us_;
  return (open_ + std::uint64_t{1}) * (mean == 0 ? kUnknownUs : mean);
}

void RetryBudget::request() {
  if (left_ < kMost) ++left_;
}

bool RetryBudget::take() {
  std::int64_t left = left_;
  while (left > 0) {
    if (left_.compare_exchange_weak(left, left - 1)) return true;
  }
  return false;
}

}  // namespace fog::gateway
