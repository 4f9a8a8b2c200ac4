// coldstart: a service at zero, on a network of real programs: four validators, a Host that has the
// program compiled, a gateway. Again and again one End User asks after nobody has for a while, over
// a new connection; the time from his request to the end of its answer.
//
// Through a block, the gateway asks the chain, the next block leases the Host, the Host starts a
// worker and acknowledges, another block makes the lease active, and the answer goes out. With
// --warm a reservation stands ready and a ticket opens it.
#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include "chain/base/fd.h"
#include "tests/bench/component_support.h"
#include "tests/bench/service_stage.h"

namespace fog::bench {
namespace {

struct Options {
  std::uint64_t requests = 50;
  bool warm = false;
  std::uint64_t bytes = 1 << 20;
};

// One request over a new connection; milliseconds until its answer is whole.
double ask(std::uint16_t port) {
  const double start = seconds_now();
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  const std::string request = fmt::format(
      "GET {} HTTP/1.1\r\nhost: bench.example\r\nconnection: close\r\n\r\n", ServiceStage::kPath);
  CHECK(::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
        static_cast<ssize_t>(request.size()));
  std::string answer;
  char part[4096];
  while (const ssize_t got = ::recv(socket.get(), part, sizeof part, 0)) {
    CHECK(got > 0);
    answer.append(part, static_cast<std::size_t>(got));
  }
  const double ms = (seconds_now() - start) * 1e3;
  if (answer.starts_with("HTTP/1.1 200")) return ms;
  progress("error: " + answer);
  std::exit(1);
}

// Until nothing runs, and what is to stand ready does.
void wait_asleep(ServiceStage& stage, bool warm) {
  for (int tries = 0; tries < 1'200; ++tries) {
    const auto said = stage.explain();
    if (said.is_object() && said["replicas"] == 0 && said["starting"] == 0 && said["asked"] == 0 &&
        said["reserved"] == (warm ? 1 : 0)) {
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  progress("error: the service does not fall asleep: " + stage.explain().dump());
  std::exit(1);
}

int run(const Options& options) {
  ServicePlan plan;
  plan.component = hello_component(options.bytes);
  plan.bid = fmt::format(
      "  replicas: {{min: 0, max: 1}}\n  resources: {{cpu_milli: 1000, memory_mib: 128}}\n"
      "  price_cap_per_hour: 5 FOG\n  spend_cap_per_hour: 50 FOG\n  deposit: 500 FOG\n"
      "  demands_per_hour: 5000\n  warm: {}\n",
      options.warm ? 1 : 0);
  plan.gateway_words = {"--idle-seconds", "1"};
  ServiceStage stage(plan);

  wait_asleep(stage, options.warm);
  progress(fmt::format("the first, which compiles: {:.0f} ms", ask(stage.port())));
  std::vector<double> all;
  while (all.size() < options.requests) {
    wait_asleep(stage, options.warm);
    // Nothing of the going down is under way any more.
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    all.push_back(ask(stage.port()));
    if (all.size() % 10 == 0)
      progress(fmt::format("{} requests, p50 {:.1f} ms", all.size(), percentile(all, 0.5)));
  }
  print_figures("coldstart",
                fmt::format("\"p50_ms\": {:.2f}, \"p99_ms\": {:.2f}, \"most_ms\": {:.2f}, "
                            "\"requests\": {}, \"warm\": {}, \"component_bytes\": {}",
                            percentile(all, 0.5), percentile(all, 0.99), percentile(all, 1),
                            all.size(), options.warm, plan.component.size()));
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app("The first request to a service that does not run");
  app.add_option("--requests", options.requests, "each after the service has gone to sleep")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  app.add_flag("--warm", options.warm, "a reservation stands ready");
  app.add_option("--bytes", options.bytes, "of the component that is made")
      ->capture_default_str()
      ->check(CLI::Range(0, 16 << 20));
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
