#include "rpc/gateway/deadline.h"

namespace fog::gateway {

void Deadline::after(std::chrono::milliseconds time) {
  state_->at = std::chrono::steady_clock::now() + time;
  // A timer that runs looks again at its end.
  if (!state_->waits || state_->at < state_->timer.expiry()) wait(state_);
}

void Deadline::wait(const std::shared_ptr<State>& state) {
  state->waits = true;
  state->timer.expires_at(state->at);
  state->timer.async_wait([weak = std::weak_ptr(state)](beast::error_code error) {
    const auto mine = weak.lock();
    if (error || mine == nullptr) return;
    mine->waits = false;
    if (mine->at == TimePoint::max()) return;
    if (mine->at > std::chrono::steady_clock::now()) return wait(mine);
    mine->at = TimePoint::max();
    mine->passed();
  });
}

}  // namespace fog::gateway
