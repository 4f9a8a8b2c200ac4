// burst: a service at zero, and from one moment on as many End Users as asked for, each of whom
// asks, reads for about a second, and asks again. Errors, how long it takes until answers come as
// fast as they will, and the replicas over time, on a network of real programs.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tests/bench/component_support.h"
#include "tests/bench/http_load.h"
#include "tests/bench/service_stage.h"

namespace fog::bench {
namespace {

struct Options {
  std::size_t users = 500;
  double think_ms = 1'000;
  double seconds = 30;
  std::size_t hosts = 4;
  std::size_t replicas = 8;
  std::uint64_t work_us = 500;
};

struct Seen {
  double at_s = 0;
  std::size_t replicas = 0, wanted = 0, waiting = 0;
};

// What the gateway says, each time it changes.
std::vector<Seen> watch(ServiceStage& stage, double from_s, double until_s) {
  std::vector<Seen> out;
  while (seconds_now() < until_s) {
    const auto said = stage.explain();
    if (said.is_object()) {
      const Seen now{seconds_now() - from_s, said["replicas"], said["wanted"], said["waiting"]};
      if (out.empty() || out.back().replicas != now.replicas || out.back().wanted != now.wanted) {
        progress(fmt::format("{:.2f} s: {} replicas, {} wanted, {} requests wait", now.at_s,
                             now.replicas, now.wanted, now.waiting));
        out.push_back(now);
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return out;
}

std::string replicas_json(const std::vector<Seen>& seen) {
  std::string out;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (i > 0 && seen[i].replicas == seen[i - 1].replicas) continue;
    out += fmt::format("{}[{:.2f}, {}]", out.empty() ? "" : ", ", seen[i].at_s, seen[i].replicas);
  }
  return "[" + out + "]";
}

int run(const Options& options) {
  ServicePlan plan;
  plan.hosts = options.hosts;
  plan.component = working_component(options.work_us);
  const std::size_t per_host = (options.replicas + options.hosts - 1) / options.hosts;
  plan.host_cpu_milli = per_host * 1'000;
  plan.host_memory_mib = per_host * 128 + 256;
  plan.bid = fmt::format(
      "  replicas: {{min: 0, max: {}}}\n  resources: {{cpu_milli: 1000, memory_mib: 128}}\n"
      "  spread: {{host: {}}}\n  price_cap_per_hour: 5 FOG\n  spend_cap_per_hour: 50 FOG\n"
      "  deposit: 1000 FOG\n  demands_per_hour: 5000\n",
      options.replicas, per_host);
  ServiceStage stage(plan);
  CHECK(stage.serving() == 0);
  const double from_s = seconds_now();
  HttpLoad load({stage.port(), options.users,
                 fmt::format("GET {} HTTP/1.1\r\nhost: hello.example\r\n\r\n", ServiceStage::kPath),
                 options.think_ms / 1e3});
  const double until_s = from_s + options.seconds;
  const std::vector<Seen> seen = watch(stage, from_s, until_s);
  const std::vector<Asked> asked = load.stop();
  const LoadFigures all = figures_of(asked, from_s, seconds_now());
  const LoadFigures late = figures_of(asked, until_s - options.seconds / 3, until_s);
  double first_s = until_s, most_ms = 0;
  for (const Asked& one : asked) {
    first_s = std::min(first_s, one.at_s);
    most_ms = std::max(most_ms, one.ms);
  }
  if (all.failed > 0) progress("the first that failed: " + load.first_failure());
  print_figures(
      "burst",
      fmt::format("\"errors\": {}, \"requests\": {}, \"steady_ms\": {:.0f}, \"first_ms\": {:.0f}, "
                  "\"longest_ms\": {:.0f}, \"per_second\": {:.0f}, \"p50_ms\": {:.1f}, "
                  "\"p99_ms\": {:.1f}, \"users\": {}, \"replicas\": {}",
                  all.failed, all.count, unsteady_s(asked, from_s, until_s, late.p50_ms) * 1e3,
                  (first_s - from_s) * 1e3, most_ms, late.per_second, late.p50_ms, late.p99_ms,
                  options.users, replicas_json(seen)));
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app("From nobody to many End Users at once, of a service that does not run");
  app.add_option("--users", options.users, "at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 2'000));
  app.add_option("--think-ms", options.think_ms, "between an answer and the next request")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 60'000.0));
  app.add_option("--seconds", options.seconds, "that they stay")
      ->capture_default_str()
      ->check(CLI::Range(5.0, 600.0));
  app.add_option("--hosts", options.hosts, "that offer room")
      ->capture_default_str()
      ->check(CLI::Range(1, 20));
  app.add_option("--replicas", options.replicas, "at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  app.add_option("--work-us", options.work_us, "that the service computes, about")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
