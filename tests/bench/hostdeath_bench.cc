// hostdeath: kill -9 of a Host while End Users ask its service, again and again, on a network of
// real programs. How many requests failed, those that may be repeated (GET) and the others (POST);
// how long until as many replicas serve as before, on Hosts that live; and how long the service was
// slower than before.
//
// With --silent the Host does not die but stands still, as a machine without power does: nothing
// of it answers, no connection is closed.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tests/bench/component_support.h"
#include "tests/bench/http_load.h"
#include "tests/bench/service_stage.h"

namespace fog::bench {
namespace {

struct Options {
  std::size_t kills = 3;
  std::size_t replicas = 2;
  std::size_t users = 24;
  std::size_t posting = 8;
  double think_ms = 100;
  double seconds = 5;
  std::uint64_t work_us = 500;
  bool silent = false;
};

std::string request_of(const std::string& method) {
  const std::string head =
      fmt::format("{} {} HTTP/1.1\r\nhost: hello.example\r\n", method, ServiceStage::kPath);
  return head + (method == "POST" ? "content-length: 5\r\n\r\nhello" : "\r\n");
}

double longest(const std::vector<Asked>& asked, double from_s) {
  double most = 0;
  for (const Asked& one : asked)
    if (one.at_s >= from_s) most = std::max(most, one.ms);
  return most;
}

struct Death {
  std::size_t failed_idempotent = 0, failed_other = 0, asked = 0;
  double recovery_ms = 0;
  double slow_ms = 0;
  double longest_ms = 0;  // answer to a GET from the death on
};

Death one_death(ServiceStage& stage, const Options& options) {
  stage.wait_serving(options.replicas);
  HttpLoad asking({stage.port(), options.users, request_of("GET"), options.think_ms / 1e3});
  std::unique_ptr<HttpLoad> posting;
  if (options.posting > 0)
    posting = std::make_unique<HttpLoad>(
        LoadPlan{stage.port(), options.posting, request_of("POST"), options.think_ms / 1e3});
  const double begin_s = seconds_now();
  std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
  const auto leases = stage.leases();
  const auto victim = std::find_if(leases.begin(), leases.end(), [](const market::Lease& lease) {
    return lease.state == market::LeaseState::kActive;
  });
  CHECK(victim != leases.end());
  // More than the fewest, where the load has asked for more.
  const std::size_t served = stage.serving();
  const double dead_s = seconds_now();
  const std::size_t host =
      options.silent ? stage.silence_host_of(*victim) : stage.kill_host_of(*victim);
  while (stage.serving() < served) {
    if (seconds_now() - dead_s > 300) {
      progress("error: no other Host takes its place: " + stage.explain().dump());
      std::exit(1);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  Death out;
  out.recovery_ms = (seconds_now() - dead_s) * 1e3;
  std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
  const double end_s = seconds_now();
  const std::vector<Asked> gets = asking.stop();
  const std::vector<Asked> posts = posting ? posting->stop() : std::vector<Asked>();
  const LoadFigures before = figures_of(gets, begin_s + 1, dead_s);
  const LoadFigures all = figures_of(gets, 0, end_s + 1'000);
  const LoadFigures other = figures_of(posts, 0, end_s + 1'000);
  out.failed_idempotent = all.failed;
  out.failed_other = other.failed;
  out.asked = all.count + other.count;
  out.slow_ms = unsteady_s(gets, dead_s, end_s, before.p50_ms) * 1e3;
  out.longest_ms = longest(gets, dead_s);
  progress(
      fmt::format("Host {} is gone: {} of {} GET and {} of {} POST failed; full strength after "
                  "{:.0f} ms, slower "
                  "than twice {:.1f} ms for {:.0f} ms, longest answer {:.0f} ms",
                  host, all.failed, all.count, other.failed, other.count, out.recovery_ms,
                  before.p50_ms, out.slow_ms, out.longest_ms));
  if (all.failed > 0) progress("the first GET that failed: " + asking.first_failure());
  if (other.failed > 0) progress("the first POST that failed: " + posting->first_failure());
  return out;
}

int run(const Options& options) {
  ServicePlan plan;
  // Room for what the load asks for, and for those that take the places of the dead, whose leases
  // the chain takes away after minutes.
  const std::size_t most = 2 * options.replicas + options.kills;
  plan.hosts = most + options.kills;
  plan.component = working_component(options.work_us);
  plan.bid = fmt::format(
      "  replicas: {{min: {}, max: {}}}\n  resources: {{cpu_milli: 1000, memory_mib: 128}}\n"
      "  price_cap_per_hour: 5 FOG\n  spend_cap_per_hour: 50 FOG\n  deposit: 1000 FOG\n"
      "  demands_per_hour: 5000\n",
      options.replicas, most);
  ServiceStage stage(plan);
  std::vector<double> recoveries, slow, longest_ms;
  std::size_t failed_idempotent = 0, failed_other = 0, asked = 0;
  for (std::size_t i = 0; i < options.kills; ++i) {
    const Death death = one_death(stage, options);
    recoveries.push_back(death.recovery_ms);
    slow.push_back(death.slow_ms);
    longest_ms.push_back(death.longest_ms);
    failed_idempotent += death.failed_idempotent;
    failed_other += death.failed_other;
    asked += death.asked;
  }
  print_figures(
      "hostdeath",
      fmt::format("\"failed_idempotent\": {}, \"failed_other\": {}, \"requests\": {}, "
                  "\"recovery_ms\": {:.0f}, \"recovery_most_ms\": {:.0f}, \"slow_ms\": {:.0f}, "
                  "\"longest_ms\": {:.0f}, \"kills\": {}, \"replicas\": {}, \"silent\": {}",
                  failed_idempotent, failed_other, asked, median(recoveries),
                  percentile(recoveries, 1), median(slow), percentile(longest_ms, 1), options.kills,
                  options.replicas, options.silent));
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app("kill -9 of a Host while End Users ask");
  app.add_option("--kills", options.kills, "one after another, each of another Host")
      ->capture_default_str()
      ->check(CLI::Range(1, 20));
  app.add_option("--replicas", options.replicas, "that serve")
      ->capture_default_str()
      ->check(CLI::Range(1, 20));
  app.add_option("--users", options.users, "who ask with GET")
      ->capture_default_str()
      ->check(CLI::Range(1, 2'000));
  app.add_option("--posting", options.posting, "who ask with POST")
      ->capture_default_str()
      ->check(CLI::Range(0, 2'000));
  app.add_option("--think-ms", options.think_ms, "between an answer and the next request")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 60'000.0));
  app.add_option("--seconds", options.seconds, "before each death, and after full strength")
      ->capture_default_str()
      ->check(CLI::Range(2.0, 600.0));
  app.add_option("--work-us", options.work_us, "that the service computes, about")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  app.add_flag("--silent", options.silent, "the Host stands still instead");
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
