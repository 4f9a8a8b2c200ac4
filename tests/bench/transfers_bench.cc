// transfers: how many pre-signed transfers a second one validator makes final and durable.
//
// The transfers are signed beforehand and submitted over JSON-RPC in batches to a `fogcoind`
// process; the clock runs from the first byte sent to the last transfer final and on disk. Runs
// alternate with measurements of the machine's raw signature checks over all cores; ratio = median
// of their quotients.
#include <atomic>
#include <map>
#include <mutex>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "rpc/client/http_node.h"
#include "tests/bench/bench_support.h"
#include "tests/bench/load_support.h"

namespace fog::bench {
namespace {

struct Options {
  std::uint64_t transfers = 150'000;  // a run
  std::uint64_t accounts = 2'000;
  std::uint64_t batch = 1'000;
  unsigned connections = 2;
  unsigned runs = 3;
  double verify_seconds = 3;
};

struct RunFigures {
  double per_second = 0;
  double node_cpu_us = 0;  // processor time a transfer
  double client_cpu_us = 0;
  std::vector<double> latency_ms;
};

RunFigures run_once(Signing& signing, const Options& options, std::uint16_t port, NodeApi& node,
                    int node_pid) {
  progress("  signing " + std::to_string(options.transfers) + " transfers");
  std::vector<Batch> batches =
      sign_batches(signing, options.transfers, options.accounts, options.batch);
  FinalWatch watch(node);
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> refused{0};
  const double node_cpu = cpu_seconds(node_pid);
  const double client_cpu = cpu_seconds(::getpid());
  const double start = seconds_now();
  std::vector<std::thread> threads;
  for (unsigned c = 0; c < options.connections; ++c) {
    threads.emplace_back([&] {
      Connection connection(port);
      for (std::size_t b = next++; b < batches.size(); b = next++) {
        batches[b].sent_at = seconds_now();
        const std::string answer = connection.exchange(batches[b].request);
        if (answer.find("\"error\"") != std::string::npos ||
            answer.find("\"refused\":\"") != std::string::npos) {
          if (refused++ == 0) progress("  first refusal: " + answer.substr(0, 600));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Final means included in a block that is on disk: ask for the last of every batch.
  std::map<std::size_t, std::uint64_t> heights;
  for (std::size_t b = 0; b < batches.size(); ++b) {
    const auto last = node.wait_transaction(batches[b].last, 60'000);
    CHECK(last.has_value() && last->place == TxPlace::kFinal);
    heights[b] = last->height;
  }
  const double end = seconds_now();
  const double client_cpu_end = cpu_seconds(::getpid());
  CHECK(refused == 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  RunFigures out;
  const auto sent = static_cast<double>(batches.size() * options.batch);
  out.per_second = sent / (end - start);
  out.node_cpu_us = (cpu_seconds(node_pid) - node_cpu) * 1e6 / sent;
  out.client_cpu_us = (client_cpu_end - client_cpu) * 1e6 / sent;
  for (std::size_t b = 0; b < batches.size(); ++b) {
    const double final_at = watch.at(heights[b]);
    if (final_at > 0) out.latency_ms.push_back((final_at - batches[b].sent_at) * 1'000);
  }
  return out;
}

int run(const Options& options) {
  ScratchFolder folder;
  std::vector<Key> keys = make_keys(options.accounts);
  const OneNode node(folder.path(), keys);
  rpc::HttpNode api(node.url());
  Signing signing{node.chain(), keys, {}};
  std::vector<double> rates, raws, ratios, node_cpu, client_cpu, latencies;
  for (unsigned i = 0; i < options.runs; ++i) {
    raws.push_back(raw_verify_per_second(options.verify_seconds));
    progress("raw verifications/s: " + std::to_string(static_cast<std::uint64_t>(raws.back())));
    const RunFigures figures = run_once(signing, options, node.port(), api, node.pid());
    rates.push_back(figures.per_second);
    ratios.push_back(figures.per_second / raws.back());
    node_cpu.push_back(figures.node_cpu_us);
    client_cpu.push_back(figures.client_cpu_us);
    latencies.insert(latencies.end(), figures.latency_ms.begin(), figures.latency_ms.end());
    progress("committed/s: " + std::to_string(static_cast<std::uint64_t>(rates.back())) +
             ", ratio " + std::to_string(ratios.back()) + ", processor time a transfer: node " +
             std::to_string(node_cpu.back()) + " us, client " + std::to_string(client_cpu.back()) +
             " us");
  }
  print_figures("transfers",
                fmt::format("\"per_second\": {:.0f}, \"verify_per_second\": {:.0f}, \"ratio\": "
                            "{:.3f}, \"node_cpu_us\": {:.1f}, "
                            "\"client_cpu_us\": {:.1f}, \"p50_ms\": {:.1f}, \"p99_ms\": {:.1f}, "
                            "\"rss_mib\": {:.0f}, \"runs\": {}",
                            median(rates), median(raws), median(ratios), median(node_cpu),
                            median(client_cpu), percentile(latencies, 0.5),
                            percentile(latencies, 0.99), rss_mib(node.pid()), options.runs));
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app(
      "Pre-signed transfers over JSON-RPC to one validator until all are final and on disk");
  app.add_option("--transfers", options.transfers, "transfers a run")->capture_default_str();
  app.add_option("--accounts", options.accounts, "accounts they go between")->capture_default_str();
  app.add_option("--batch", options.batch, "transfers a request")->capture_default_str();
  app.add_option("--connections", options.connections, "connections that submit")
      ->capture_default_str();
  app.add_option("--runs", options.runs, "pairs of measurements")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
