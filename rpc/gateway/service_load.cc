#include "rpc/gateway/service_load.h"

#include <algorithm>

#include <fmt/format.h>

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

void ServiceTally::count(const ServedRequest& request) {
  ++by_status_[std::min(request.status / 100, 5U)];
  const auto bucket = std::lower_bound(kEndsUs.begin(), kEndsUs.end(), request.wall_us);
  ++took_[static_cast<std::size_t>(bucket - kEndsUs.begin())];
  took_us_ += request.wall_us;
  if (request.tries > 1) retries_ += request.tries - 1;
  egress_bytes_ += request.counters.egress_bytes;
}

std::string ServiceTally::metrics(
    const std::vector<std::pair<std::string, std::shared_ptr<ServiceLoad>>>& services) {
  std::string out;
  // Names of services have no character that would need escaping (market::is_service_name).
  const auto family = [&](const char* name, const char* type, const auto& values) {
    out += fmt::format("# TYPE foggate_service_{} {}\n", name, type);
    for (const auto& [service, load] : services) {
      values(
          [&, &service = service](const char* suffix, const std::string& labels, auto value) {
            out += fmt::format("foggate_service_{}{}{{service=\"{}\"{}}} {}\n", name, suffix,
                               service, labels, value);
          },
          *load);
    }
  };
  family("requests_total", "counter", [](const auto& line, const ServiceLoad& load) {
    for (std::size_t i = 0; i < load.tally.by_status_.size(); ++i) {
      if (const std::uint64_t count = load.tally.by_status_[i]; count > 0)
        line("", fmt::format(",status=\"{}xx\"", i), count);
    }
  });
  family("seconds", "histogram", [](const auto& line, const ServiceLoad& load) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < kEndsUs.size(); ++i) {
      below += load.tally.took_[i];
      line("_bucket", fmt::format(",le=\"{}\"", static_cast<double>(kEndsUs[i]) / 1e6), below);
    }
    below += load.tally.took_.back();
    line("_bucket", ",le=\"+Inf\"", below);
    line("_sum", "", static_cast<double>(load.tally.took_us_) / 1e6);
    line("_count", "", below);
  });
  family("retries_total", "counter", [](const auto& line, const ServiceLoad& load) {
    line("", "", load.tally.retries_.load());
  });
  family("egress_bytes_total", "counter", [](const auto& line, const ServiceLoad& load) {
    line("", "", load.tally.egress_bytes_.load());
  });
  family("requests_open", "gauge",
         [](const auto& line, const ServiceLoad& load) { line("", "", load.requests.load()); });
  family("requests_waiting", "gauge",
         [](const auto& line, const ServiceLoad& load) { line("", "", load.gate.waiting()); });
  return out;
}

}  // namespace fog::gateway
