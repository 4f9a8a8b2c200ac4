#include "rpc/gateway/scaler.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace fog::gateway {

void Scaler::sample(std::uint64_t now_ms, std::uint32_t requests) {
  if (requests > 0) {
    busy_ms_ = now_ms;
    ever_busy_ = true;
  }
  samples_.push_back({now_ms, requests});
  // The one before the window says how it began.
  while (samples_.size() > 1 && samples_[1].at_ms + policy_.calm_ms <= now_ms) samples_.pop_front();
}

// Before the first sample there was nothing to do, but a service that has just begun is judged by
// what has been seen, not by the silence before.
double Scaler::mean_since(std::uint64_t from_ms, std::uint64_t now_ms) const {
  double sum = 0;
  std::uint64_t begin_ms = now_ms;
  std::uint64_t end_ms = now_ms;
  for (auto it = samples_.rbegin(); it != samples_.rend(); ++it) {
    begin_ms = std::max(it->at_ms, from_ms);
    if (end_ms > begin_ms) sum += static_cast<double>(it->requests) * double(end_ms - begin_ms);
    end_ms = it->at_ms;
    if (end_ms <= from_ms) break;
  }
  if (begin_ms == now_ms) return samples_.empty() ? 0 : samples_.back().requests;
  return sum / static_cast<double>(now_ms - begin_ms);
}

ScaleDecision Scaler::decide(std::uint64_t now_ms, std::uint32_t slots) const {
  ScaleDecision out;
  out.burst = mean_since(now_ms - std::min(now_ms, policy_.burst_ms), now_ms);
  out.calm = mean_since(now_ms - std::min(now_ms, policy_.calm_ms), now_ms);
  if (!ever_busy_ || now_ms - busy_ms_ >= policy_.idle_ms) {
    out.why = ever_busy_ ? fmt::format("no request for {:.1f} s", double(now_ms - busy_ms_) / 1e3)
                         : "no request yet";
    return out;
  }
  const double each = std::max(1.0, double(slots) * policy_.target_percent / 100);
  const double most = std::max(out.burst, out.calm);
  out.replicas = static_cast<std::uint32_t>(std::clamp(std::ceil(most / each), 1.0, 1'024.0));
  out.why = fmt::format(
      "{:.2f} requests at once over {:.0f} s, {:.2f} over {:.0f} s; {:.1f} a replica", out.burst,
      double(policy_.burst_ms) / 1e3, out.calm, double(policy_.calm_ms) / 1e3, each);
  return out;
}

}  // namespace fog::gateway
