// start: how long an End User waits for a service that nobody has asked for in a while. The
// component is compiled once, as a Host does when it gets a lease; then
//   request  a worker has it: from the request until the first byte of the answer comes back, which
//            is a fresh instance each time;
//   cold     a worker is started and sandboxed ahead of need: from the compiled code in memory to
//            the first byte of its first answer.
// Both are seen from the other end of the worker's socket.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "executor/worker_pool.h"
#include "tests/bench/bench_support.h"
#include "tests/bench/component_support.h"
#include "tests/bench/host_process.h"
#include "tests/bench/worker_client.h"

namespace fog::bench {
namespace {

struct Options {
  std::string component;
  std::uint64_t bytes = 1 << 20;
  std::uint64_t requests = 1'000;
  std::uint64_t colds = 30;
};

executor::RunFrame get_request() {
  executor::RunFrame run;
  run.clock_ms = 1'700'000'000'000;
  executor::RequestParts& parts = run.http.emplace();
  parts.method = to_bytes(as_bytes("GET"));
  parts.target = to_bytes(as_bytes("/"));
  parts.fields.push_back({to_bytes(as_bytes("host")), to_bytes(as_bytes("hello.example"))});
  return run;
}

int run(const Options& options) {
  const Bytes artifact = component_of(options.component, options.bytes);
  executor::WorkerPool workers({"/proc/self/exe"});
  progress(fmt::format("compiling a component of {} bytes", artifact.size()));
  executor::BindFrame bind = component_limits(1);
  WorkerClient first(must(workers.take()), bind, artifact);
  const Bytes code = first.bound().code;
  progress(fmt::format("compiled in {} ms to {} bytes", first.bound().compile_ms, code.size()));

  std::vector<double> requests;
  for (std::uint64_t i = 0; i < options.requests; ++i)
    requests.push_back(first.ask(get_request()).first_ms);
  std::vector<double> colds;
  bind.compiled = true;
  for (std::uint64_t i = 0; i < options.colds; ++i) {
    executor::WorkerProcess worker = must(workers.take());
    const double start = seconds_now();
    WorkerClient cold(std::move(worker), bind, code);
    const double bound_ms = (seconds_now() - start) * 1e3;
    colds.push_back(bound_ms + cold.ask(get_request()).first_ms);
  }
  print_figures(
      "start",
      fmt::format(
          "\"p50_ms\": {:.3f}, \"p99_ms\": {:.3f}, \"component_bytes\": {}, \"code_bytes\": {}, "
          "\"compile_ms\": {}, \"cold_p50_ms\": {:.2f}, \"cold_p99_ms\": {:.2f}",
          percentile(requests, 0.5), percentile(requests, 0.99), artifact.size(), code.size(),
          first.bound().compile_ms, percentile(colds, 0.5), percentile(colds, 0.99)));
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::become_host_process(argc, argv);
  fog::bench::Options options;
  CLI::App app("From a request to a component to the first byte of its answer");
  app.add_option("--component", options.component, "a file; without one, it is made");
  app.add_option("--bytes", options.bytes, "of the component that is made")
      ->capture_default_str()
      ->check(CLI::Range(0, 16 << 20));
  app.add_option("--requests", options.requests, "to one worker")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--colds", options.colds, "workers that start with compiled code")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
