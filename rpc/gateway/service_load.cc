#include "rpc/gateway/service_load.h"

namespace fog::gateway {

net::awaitable<void> StartGate::wait(net::io_context& context,
                                     std::chrono::steady_clock::time_point deadline) {
  const auto timer = std::make_shared<net::steady_timer>(context, deadline);
  std::list<std::shared_ptr<net::steady_timer>>::iterator place;
  {
    const std::lock_guard lock(mutex_);
    place = waiting_.insert(waiting_.end(), timer);
  }
  beast::error_code error;
  co_await timer->async_wait(net::redirect_error(net::use_awaitable, error));
  const std::lock_guard lock(mutex_);
  waiting_.erase(place);
}

void StartGate::open() {
  const std::lock_guard lock(mutex_);
  for (const auto& timer : waiting_) {
    // On its own thread, where the wait has begun by then.
    net::post(timer->get_executor(), [timer] { timer->cancel(); });
  }
}

std::size_t StartGate::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

}  // namespace fog::gateway
