#include "rpc/server/metrics.h"

#include <fmt/format.h>

namespace fog::rpc {
namespace {

void family(std::string& out, const char* name, const char* type, const char* help) {
  out += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}
void single(std::string& out, const char* name, const char* type, const char* help,
            std::uint64_t value) {
  family(out, name, type, help);
  out += fmt::format("{} {}\n", name, value);
}

void chain_figures(std::string& out, const ChainStatus& status) {
  single(out, "fog_chain_height", "gauge", "Height of the last final block.", status.height);
  single(out, "fog_chain_time_ms", "gauge", "Time of the last final block, ms since 1970.",
         status.time_ms);
  single(out, "fog_base_price_droplets", "gauge", "Droplets per unit for the next block.",
         status.base_price);
  single(out, "fog_mempool_transactions", "gauge", "Transactions in the mempool.",
         status.mempool_txs);
  single(out, "fog_mempool_bytes", "gauge", "Bytes of the transactions in the mempool.",
         status.mempool_bytes);
}

}  // namespace

RpcMetrics::RpcMetrics(std::vector<std::string> methods) : names_(std::move(methods)) {
  names_.emplace_back("other");
  per_method_ = std::make_unique<PerMethod[]>(names_.size());
}

void RpcMetrics::call(std::size_t method, bool failed, std::uint64_t nanoseconds) {
  PerMethod& counts = per_method_[std::min(method, names_.size() - 1)];
  ++counts.calls;
  if (failed) ++counts.failures;
  counts.nanoseconds += nanoseconds;
}

void RpcMetrics::txs_submitted(std::uint64_t count, std::uint64_t refused) {
  txs_ += count;
  txs_refused_ += refused;
}

std::string RpcMetrics::text(const std::optional<ChainStatus>& status, std::size_t waiting,
                             std::size_t subscriptions) const {
  std::string out;
  single(out, "fog_up", "gauge", "1 while the node answers.", status ? 1 : 0);
  if (status) chain_figures(out, *status);
  single(out, "fog_http_requests_total", "counter", "HTTP requests answered.", http_requests_);
  single(out, "fog_http_connections", "gauge", "Open HTTP connections.", connections_);
  single(out, "fog_http_connections_refused_total", "counter",
         "Connections closed because a bound was reached.", connections_refused_);
  single(out, "fog_websocket_connections", "gauge", "Open WebSockets.", sockets_);
  single(out, "fog_websocket_dropped_total", "counter",
         "WebSockets that were closed because the client was too slow.", sockets_dropped_);
  single(out, "fog_rpc_subscriptions", "gauge", "Open subscriptions.", subscriptions);
  single(out, "fog_rpc_waiting_calls", "gauge", "Calls that wait for the chain.", waiting);
  single(out, "fog_rpc_transactions_total", "counter", "Transactions submitted.", txs_);
  single(out, "fog_rpc_transactions_refused_total", "counter", "Of them refused.", txs_refused_);
  const auto per_method = [&](const char* name, const char* help, const auto& value) {
    family(out, name, "counter", help);
    for (std::size_t i = 0; i < names_.size(); ++i) {
      out += fmt::format("{}{{method=\"{}\"}} {}\n", name, names_[i], value(per_method_[i]));
    }
  };
  per_method("fog_rpc_calls_total", "Calls answered.",
             [](const PerMethod& m) { return m.calls.load(); });
  per_method("fog_rpc_failures_total", "Calls answered with an error.",
             [](const PerMethod& m) { return m.failures.load(); });
  per_method("fog_rpc_seconds_total", "Time spent on calls; waits count until they are set up.",
             [](const PerMethod& m) {
               return fmt::format("{:.6f}", static_cast<double>(m.nanoseconds.load()) / 1e9);
             });
  return out;
}

}  // namespace fog::rpc
