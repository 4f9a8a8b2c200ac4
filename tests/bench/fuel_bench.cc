// fuel: what metering costs. Kernels of computation (tests/bench/kernels) take turns in three ways:
//   metered    in a Host's worker, as a request's run: fuel, limits, determinism;
//   unmetered  by the `wasmtime` program, compiled ahead with its own settings;
//   native     the same source through the same compiler for this machine.
// Wall time from start to the last byte of output, less that of a run that computes nothing, so
// that starting a process does not count. All must give the same output. The figures are of the
// kernel that does worst.
#include <cmath>
#include <cstdlib>
#include <fstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "chain/base/file.h"
#include "executor/worker_pool.h"
#include "tests/bench/bench_support.h"
#include "tests/bench/component_support.h"
#include "tests/bench/host_process.h"
#include "tests/bench/worker_client.h"

namespace fog::bench {
namespace {

constexpr const char* kNone = "none";
constexpr const char* kKernels = FOG_SOURCE_FOLDER "/tests/bench/kernels";

struct Options {
  std::vector<std::string> kernels{"sha256", "matrix", "sort", "json", "javascript"};
  std::string wasmtime = "wasmtime";
  double seconds = 1;
  std::uint64_t pairs = 5;
};

// One way to run a kernel.
struct Way {
  std::string name;
  std::function<std::string(const std::string& input)> output_of;
};

// Standard input that has the kernel do so much.
std::string input_of(const std::string& kernel, std::uint64_t rounds) {
  if (kernel != "javascript") return std::to_string(rounds) + "\n";
  const Bytes script = must(read_file(std::string(kKernels) + "/script.js", 1 << 16));
  return std::string(script.begin(), script.end()) + fmt::format("\nall({})\n", rounds);
}

Way program(const std::string& name, const std::string& command, const std::string& folder) {
  return {name, [command, folder](const std::string& input) {
            const std::string in = folder + "/in", out = folder + "/out";
            must(write_file_atomically(in, as_bytes(input), FileMode::kShared));
            run_or_exit(command + " <" + in + " >" + out);
            const Bytes text = must(read_file(out, 1 << 16));
            return std::string(text.begin(), text.end());
          }};
}

Way worker(const std::string& file, executor::WorkerPool& workers) {
  const Bytes artifact = must(read_file(file, market::kArtifactBytesMax));
  executor::BindFrame bind = component_limits(1);
  bind.runtime = market::RuntimeKind::kWasmCommand;
  bind.fuel_max = 1'000'000'000'000'000;
  const auto client = std::make_shared<WorkerClient>(must(workers.take()), bind, artifact);
  return {"metered", [client](const std::string& input) {
            const auto answer = client->ask({}, as_bytes(input));
            return std::string(answer.output.begin(), answer.output.end());
          }};
}

// Seconds of a run with so many rounds; its output in `said`.
double seconds_of(const Way& way, const std::string& kernel, std::uint64_t rounds,
                  std::string& said) {
  const std::string input = input_of(kernel, rounds);
  const double start = seconds_now();
  const std::string out = way.output_of(input);
  const double took = seconds_now() - start;
  if (said.empty()) said = out;
  if (said != out) {
    progress(fmt::format("error: {}, {}: {}instead of {}", kernel, way.name, out, said));
    std::exit(1);
  }
  return took;
}

double computing_seconds(const Way& way, const std::string& kernel, std::uint64_t rounds,
                         std::string& said) {
  std::string nothing;
  const double idle = seconds_of(way, kernel, 0, nothing);
  return seconds_of(way, kernel, rounds, said) - idle;
}

struct Ratios {
  std::vector<double> over_unmetered, over_native;
};

Ratios measure(const std::string& kernel, const Options& options, const std::string& folder,
               executor::WorkerPool& workers) {
  const std::string file = folder + "/" + kernel;
  std::vector<Way> ways{worker(file + ".wasm", workers), program("native", file, folder)};
  if (options.wasmtime != kNone) {
    run_or_exit(fmt::format("{0} compile {1}.wasm -o {1}.cwasm", options.wasmtime, file));
    ways.push_back(program(
        "unmetered", fmt::format("{} run --allow-precompiled {}.cwasm", options.wasmtime, file),
        folder));
  }
  // As many rounds as fill the time natively.
  std::uint64_t rounds = 1;
  for (;;) {
    std::string said;
    const double took = computing_seconds(ways[1], kernel, rounds, said);
    if (took > options.seconds * 0.7) break;
    const double wanted = static_cast<double>(rounds) * options.seconds / std::max(took, 0.001);
    rounds = std::max(
        rounds + 1, static_cast<std::uint64_t>(std::min(wanted, static_cast<double>(rounds) * 20)));
  }
  Ratios out;
  std::string said;
  for (std::uint64_t i = 0; i < options.pairs; ++i) {
    std::vector<double> seconds;
    for (const Way& way : ways) seconds.push_back(computing_seconds(way, kernel, rounds, said));
    std::string line = fmt::format("{}, {} rounds:", kernel, rounds);
    for (std::size_t k = 0; k < ways.size(); ++k)
      line += fmt::format(" {} {:.3f} s", ways[k].name, seconds[k]);
    progress(line);
    out.over_native.push_back(seconds[0] / seconds[1]);
    if (seconds.size() > 2) out.over_unmetered.push_back(seconds[0] / seconds[2]);
  }
  return out;
}

int run(const Options& options) {
  const ScratchFolder folder;
  progress("building the kernels");
  std::string build = std::string(kKernels) + "/build " + folder.path();
  for (const std::string& kernel : options.kernels) build += " " + kernel;
  run_or_exit(build);
  executor::WorkerPool workers({"/proc/self/exe"});
  std::string each;
  double worst_unmetered = 0, worst_native = 0;
  for (const std::string& kernel : options.kernels) {
    const Ratios ratios = measure(kernel, options, folder.path(), workers);
    const double native = median(ratios.over_native), plain = median(ratios.over_unmetered);
    each += fmt::format(", \"{}_over_native\": {:.3f}", kernel, native);
    if (plain > 0) each += fmt::format(", \"{}_over_unmetered\": {:.3f}", kernel, plain);
    worst_native = std::max(worst_native, native);
    worst_unmetered = std::max(worst_unmetered, plain);
  }
  std::string figures = fmt::format("\"metered_over_native\": {:.3f}", worst_native);
  if (worst_unmetered > 0)
    figures = fmt::format("\"metered_over_unmetered\": {:.3f}, ", worst_unmetered) + figures;
  print_figures("fuel", figures + each);
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::become_host_process(argc, argv);
  fog::bench::Options options;
  CLI::App app("Computation, metered by a Host, unmetered, and without WebAssembly");
  app.add_option("--kernels", options.kernels, "some of sha256, matrix, sort, json, javascript")
      ->capture_default_str()
      ->check(CLI::IsMember({"sha256", "matrix", "sort", "json", "javascript"}));
  app.add_option("--wasmtime", options.wasmtime,
                 "the program, of the version in executor/wasm/Cargo.toml; none leaves it out")
      ->capture_default_str();
  app.add_option("--seconds", options.seconds, "that a kernel takes natively, about")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 60.0));
  app.add_option("--pairs", options.pairs, "turns of each kernel")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
