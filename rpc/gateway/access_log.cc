#include "rpc/gateway/access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace fog::gateway {
namespace {

std::string line_of(const ServedRequest& request) {
  nlohmann::ordered_json out = {{"time_ms", request.time_ms}, {"service", request.service},
                                {"from", request.from},       {"http", request.http2 ? "2" : "1.1"},
                                {"tls", request.encrypted},   {"method", request.method},
                                {"target", request.target},   {"status", request.status},
                                {"outcome", request.outcome}, {"took_us", request.wall_us},
                                {"tries", request.tries},     {"trace", request.trace}};
  if (!request.lease.empty()) {
    out["lease"] = request.lease;
    out["egress_bytes"] = request.counters.egress_bytes;
    out["fuel"] = request.counters.fuel;
  }
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

ErrorOr<std::unique_ptr<AccessLog>> AccessLog::open(std::string path) {
  std::unique_ptr<AccessLog> out(new AccessLog(std::move(path)));
  TRY_VOID(out->reopen());
  return out;
}

ErrorOr<void> AccessLog::reopen() {
  UniqueFd file(path_ == "-"
                    ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
                    : ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
  if (!file) return fail_errno("cannot write the access log", path_);
  const std::lock_guard lock(mutex_);
  file_ = std::move(file);
  return {};
}

void AccessLog::write(const ServedRequest& request) {
  std::string line = line_of(request);
  const std::lock_guard lock(mutex_);
  if (lost_ > 0) {
    const std::size_t end = line.rfind('}');
    line.insert(end, ",\"lines_lost_before\":" + std::to_string(lost_));
  }
  // Whole or not at all to its reader: one call, appended by the kernel.
  const ssize_t written = ::write(file_.get(), line.data(), line.size());
  lost_ = written == static_cast<ssize_t>(line.size()) ? 0 : lost_ + 1;
}

}  // namespace fog::gateway
