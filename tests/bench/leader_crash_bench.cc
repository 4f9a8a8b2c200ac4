// leader-crash: four validators under transfers; one is killed, which leads a view within moments:
// how long nothing becomes final, and how much does afterwards, against before.
//
// throughput_after is the median over the runs of (transfers a second from the sixth block after
// the gap on) / (before the kill, with the same clients).
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tests/bench/network_support.h"

namespace fog::bench {
namespace {

struct Options {
  unsigned runs = 3;
  double seconds = 8;  // before and after
  std::uint64_t delay_ms = 500;
  std::uint64_t rate = 2'000;  // transfers a second that are offered
  std::uint64_t batch = 50;
};

// Blocks as they become final on one node.
struct Seen {
  double at = 0;
  std::uint64_t transfers = 0;
};

struct Figures {
  double gap_ms = 0;
  double before = 0;
  double after = 0;
};

double rate_between(const std::vector<Seen>& seen, double from, double to) {
  std::uint64_t count = 0;
  for (const Seen& block : seen) {
    if (block.at >= from && block.at < to) count += block.transfers;
  }
  return static_cast<double>(count) / (to - from);
}

Figures run_once(const Options& options) {
  NetworkPlan plan;
  plan.accounts = 500;
  plan.delay_ms = options.delay_ms;
  BenchNetwork net(plan);
  net.wait_connected();
  const auto total =
      static_cast<std::uint64_t>(static_cast<double>(options.rate) * (2 * options.seconds + 6));
  std::vector<Batch> batches = sign_batches(net.signing(), total / options.batch * options.batch,
                                            plan.accounts, options.batch);
  std::vector<Seen> seen;
  std::atomic<bool> stop{false};
  std::thread watch([&] {
    std::uint64_t height = net.api(0).status()->height;
    while (!stop) {
      const auto status = net.api(0).wait_height(height + 1, 300);
      if (!status || status->height <= height) continue;
      const double now = seconds_now();
      for (++height; height < status->height; ++height)
        seen.push_back({now, net.api(0).block(height)->block.txs.size()});
      seen.push_back({now, net.api(0).block(height)->block.txs.size()});
    }
  });
  const double start = seconds_now();
  const double kill_at = start + options.seconds;
  const double end = kill_at + options.seconds + 4;
  bool killed = false;
  Connection one(net.port(0));
  Connection two(net.port(1));
  double died_at = 0;
  for (std::size_t b = 0; b < batches.size() && seconds_now() < end; ++b) {
    const double due =
        start + static_cast<double>(b * options.batch) / static_cast<double>(options.rate);
    const double wait = due - seconds_now();
    if (wait > 0) std::this_thread::sleep_for(std::chrono::duration<double>(wait));
    if (!killed && seconds_now() >= kill_at) {
      killed = true;
      net.kill(3);
      died_at = seconds_now();
    }
    (b % 2 == 0 ? one : two).exchange(batches[b].request);
  }
  stop = true;
  watch.join();
  Figures out;
  out.before = rate_between(seen, start + 2, died_at);
  double recovered_at = died_at;
  for (std::size_t i = 1; i < seen.size(); ++i) {
    if (seen[i].at < died_at) continue;
    const double gap = (seen[i].at - seen[i - 1].at) * 1'000;
    if (gap > out.gap_ms) {
      out.gap_ms = gap;
      recovered_at = seen[std::min(seen.size() - 1, i + 5)].at;
    }
  }
  out.after = rate_between(seen, recovered_at, recovered_at + options.seconds - 2);
  return out;
}

int run(const Options& options) {
  std::vector<double> gaps, ratios;
  for (unsigned i = 0; i < options.runs; ++i) {
    const Figures figures = run_once(options);
    gaps.push_back(figures.gap_ms);
    ratios.push_back(figures.after / figures.before);
    progress("run " + std::to_string(i + 1) + ": gap " + std::to_string(figures.gap_ms) +
             " ms, before " + std::to_string(figures.before) + "/s, after " +
             std::to_string(figures.after) + "/s");
  }
  print_figures("leader-crash", fmt::format("\"gap_ms\": {:.0f}, \"throughput_after\": {:.3f}, "
                                            "\"two_d_ms\": {}, \"offered_per_second\": {}, "
                                            "\"runs\": {}",
                                            median(gaps), median(ratios), 2 * options.delay_ms,
                                            options.rate, options.runs));
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app("Four validators under transfers, one of which is killed");
  app.add_option("--runs", options.runs, "networks, one kill each")->capture_default_str();
  app.add_option("--seconds", options.seconds, "before the kill and after")->capture_default_str();
  app.add_option("--d-ms", options.delay_ms, "D of the network")->capture_default_str();
  app.add_option("--rate", options.rate, "transfers a second offered")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
