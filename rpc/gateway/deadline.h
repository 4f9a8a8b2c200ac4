// Deadline: has something done once a time has passed, unless it is put off before. To put it off
// costs no system call. For the thread of its context; included by .cc files only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "rpc/gateway/http.h"

namespace fog::gateway {

class Deadline {
 public:
  // `passed` is not called any more once this is destroyed.
  Deadline(net::io_context& context, std::function<void()> passed)
      : state_(std::make_shared<State>(context, std::move(passed))) {}

  void after(std::chrono::milliseconds time);
  void never() { state_->at = TimePoint::max(); }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct State {
    State(net::io_context& context, std::function<void()> passed_)
        : timer(context), passed(std::move(passed_)) {}
    net::steady_timer timer;
    std::function<void()> passed;
    TimePoint at = TimePoint::max();
    bool waits = false;
  };
  static void wait(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace fog::gateway
