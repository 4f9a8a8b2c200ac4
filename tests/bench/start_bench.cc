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

namespace fog::bench {
namespace {

using namespace executor;

struct Options {
  std::string component;
  std::uint64_t bytes = 1 << 20;
  std::uint64_t requests = 1'000;
  std::uint64_t colds = 30;
};

// A worker's other end, one request at a time.
class Bound {
 public:
  Bound(WorkerProcess worker, ByteView content, bool compiled) : worker_(std::move(worker)) {
    BindFrame bind = component_limits(1);
    bind.compiled = compiled;
    bound_ = must(worker_.bind(bind, content, 600'000, [] { return true; }));
    socket_ = worker_.take_socket();
  }
  const BoundWorker& bound() const { return bound_; }

  // Sends a GET; milliseconds until the first byte of its answer.
  double ask() {
    RunFrame run;
    run.id = ++id_;
    run.clock_ms = 1'700'000'000'000;
    RequestParts& parts = run.http.emplace();
    parts.method = to_bytes(as_bytes("GET"));
    parts.target = to_bytes(as_bytes("/"));
    parts.fields.push_back({to_bytes(as_bytes("host")), to_bytes(as_bytes("hello.example"))});
    InputFrame end;
    end.id = id_;
    end.last = true;
    Bytes frames = encode_frame(run);
    const Bytes second = encode_frame(end);
    frames.insert(frames.end(), second.begin(), second.end());
    const double start = seconds_now();
    must(send_all(socket_.get(), frames, {}));
    double first = 0;
    for (;;) {
      const Frame frame = next();
      if (decode_frame<OutputFrame>(frame) && first == 0) first = (seconds_now() - start) * 1e3;
      const auto done = decode_frame<DoneFrame>(frame);
      if (!done) continue;
      if (done->outcome == RunOutcome::kOk && first > 0) return first;
      progress("error: a request failed: " + std::string(done->detail));
      std::exit(1);
    }
  }

 private:
  Frame next() {
    for (;;) {
      auto frame = reader_.next();
      CHECK(frame.has_value());
      if (*frame) return **std::move(frame);
      std::vector<UniqueFd> none;
      const std::size_t got = must(receive(socket_.get(), buffer_, none, 0));
      if (got == 0) {
        progress("error: the worker has ended");
        std::exit(1);
      }
      reader_.push(ByteView(buffer_).first(got));
    }
  }

  WorkerProcess worker_;
  BoundWorker bound_;
  UniqueFd socket_;
  FrameReader reader_;
  Bytes buffer_ = Bytes(64 << 10);
  std::uint64_t id_ = 0;
};

int run(const Options& options) {
  const Bytes artifact = component_of(options.component, options.bytes);
  WorkerPool workers({"/proc/self/exe"});
  progress(fmt::format("compiling a component of {} bytes", artifact.size()));
  Bound first(must(workers.take()), artifact, false);
  const Bytes code = first.bound().code;
  progress(fmt::format("compiled in {} ms to {} bytes", first.bound().compile_ms, code.size()));

  std::vector<double> requests;
  for (std::uint64_t i = 0; i < options.requests; ++i) requests.push_back(first.ask());
  std::vector<double> colds;
  for (std::uint64_t i = 0; i < options.colds; ++i) {
    WorkerProcess worker = must(workers.take());
    const double start = seconds_now();
    Bound cold(std::move(worker), code, true);
    const double bound_ms = (seconds_now() - start) * 1e3;
    colds.push_back(bound_ms + cold.ask());
  }
  print_figures(
      "start",
      fmt::format(
          "\"component_bytes\": {}, \"code_bytes\": {}, \"compile_ms\": {}, "
          "\"request_ms_p50\": {:.3f}, \"request_ms_p99\": {:.3f}, \"cold_ms_p50\": {:.2f}, "
          "\"cold_ms_p99\": {:.2f}",
          artifact.size(), code.size(), first.bound().compile_ms, percentile(requests, 0.5),
          percentile(requests, 0.99), percentile(colds, 0.5), percentile(colds, 0.99)));
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
