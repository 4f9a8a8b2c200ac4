#include "chain/net/rate_limit.h"

#include <algorithm>

namespace fog {
namespace {

constexpr std::uint64_t kElapsedMax = 1'000'000'000;  // keeps the product within 64 bits

}  // namespace

TokenBucket::TokenBucket(std::uint64_t per_second, std::uint64_t burst, std::uint64_t now_ms)
    : per_second_(per_second),
      full_milli_(burst * 1000),
      tokens_milli_(full_milli_),
      at_ms_(now_ms) {}

std::uint64_t TokenBucket::tokens_milli(std::uint64_t now_ms) const {
  const std::uint64_t elapsed = now_ms <= at_ms_ ? 0 : std::min(now_ms - at_ms_, kElapsedMax);
  return std::min(full_milli_, tokens_milli_ + elapsed * per_second_);
}

bool TokenBucket::take(std::uint64_t now_ms, std::uint64_t tokens) {
  tokens_milli_ = tokens_milli(now_ms);
  at_ms_ = std::max(at_ms_, now_ms);
  if (tokens_milli_ / 1000 < tokens) return false;
  tokens_milli_ -= tokens * 1000;
  return true;
}

KindLimiter KindLimiter::for_sending(const KindTable& kinds, std::uint64_t now_ms) {
  return for_receiving(kinds, 0, now_ms);
}

KindLimiter KindLimiter::for_receiving(const KindTable& kinds, std::uint64_t stall_ms,
                                       std::uint64_t now_ms) {
  KindLimiter limiter;
  for (std::size_t kind = 0; kind < limiter.buckets_.size(); ++kind) {
    const KindCost* cost = kinds.find(static_cast<std::uint8_t>(kind));
    if (cost == nullptr) continue;
    // Rounded up, and one for the two clocks' milliseconds.
    const std::uint64_t stalled =
        stall_ms == 0 ? 0 : (std::uint64_t{cost->per_second} * stall_ms + 999) / 1000 + 1;
    // The clocks of two machines differ by far less than the sixteenth part.
    const std::uint64_t drift = stall_ms == 0 ? 0 : cost->per_second / 16;
    limiter.buckets_[kind].emplace(cost->per_second + drift, cost->burst + stalled, now_ms);
  }
  return limiter;
}

bool KindLimiter::take(std::uint8_t kind, std::uint64_t now_ms) {
  auto& bucket = buckets_[kind];
  return bucket && bucket->take(now_ms);
}

}  // namespace fog
