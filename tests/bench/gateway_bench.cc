// gateway: requests a second and latency of a service that answers a few bytes, over connections
// that are kept, through gateway and Host: routed by the chain's lease, metered, logged, vouched
// for. In turns with it the same component behind `nginx` that proxies to `wasmtime serve`, which
// do none of that. Servers and clients share the machine; the clients are the same.
#include <fstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "chain/base/file.h"
#include "tests/bench/component_support.h"
#include "tests/bench/http_load.h"
#include "tests/bench/service_stage.h"

namespace fog::bench {
namespace {

constexpr const char* kEnv = "/usr/bin/env";  // finds a program as a shell does
constexpr const char* kNone = "none";

struct Options {
  std::string component;
  std::string nginx = "nginx";
  std::string wasmtime = "wasmtime";
  std::size_t connections = 64;
  double seconds = 5;
  std::uint64_t pairs = 5;
};

struct Turn {
  LoadFigures load;
  double cpu_us = 0;  // processor time of the servers' processes, a request
};

// One turn of everyone against a port; the first second is not counted.
Turn measure(std::uint16_t port, const std::string& path, const Options& options) {
  HttpLoad load({port, options.connections,
                 fmt::format("GET {} HTTP/1.1\r\nhost: hello.example\r\n\r\n", path)});
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const double from_s = seconds_now();
  const double cpu = descendants_cpu_seconds();
  std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
  const double used = descendants_cpu_seconds() - cpu;
  const double until_s = seconds_now();
  Turn out{figures_of(load.stop(), from_s, until_s), 0};
  if (out.load.failed > 0 || out.load.count == 0) {
    progress(fmt::format("error: {} of {} requests failed; the first: {}", out.load.failed,
                         out.load.count, load.first_failure()));
    std::exit(1);
  }
  out.cpu_us = used * 1e6 / static_cast<double>(out.load.count);
  return out;
}

void need(const std::string& program, const std::string& version, const std::string& advice) {
  if (std::system((program + " " + version + " >/dev/null 2>&1").c_str()) == 0) return;
  progress(fmt::format("error: {} does not run: {}", program, advice));
  std::exit(1);
}

// nginx before `wasmtime serve`, both with kept connections.
class PlainSide {
 public:
  PlainSide(const Options& options, const Bytes& component)
      : inner_port_(free_port()), port_(free_port()) {
    const std::string file = folder_.path() + "/component.wasm";
    must(write_file_atomically(file, component, FileMode::kShared));
    wasmtime_ = std::make_unique<Child>(
        std::vector<std::string>{kEnv, options.wasmtime, "serve", "--addr",
                                 fmt::format("127.0.0.1:{}", inner_port_), file},
        folder_.path() + "/wasmtime.log");
    const std::string config = folder_.path() + "/nginx.conf";
    std::ofstream(config) << nginx_config();
    nginx_ = std::make_unique<Child>(
        std::vector<std::string>{kEnv, options.nginx, "-p", folder_.path(), "-c", config, "-e",
                                 folder_.path() + "/nginx-errors.log"},
        folder_.path() + "/nginx.log");
    wait_answering();
  }
  std::uint16_t port() const { return port_; }

 private:
  // As many workers as the gateway has threads by default.
  std::string nginx_config() const {
    return fmt::format(
        "daemon off; worker_processes 2; pid {0}/nginx.pid;\n"
        "events {{ worker_connections 1024; }}\n"
        "http {{\n"
        "  access_log off; keepalive_requests 1000000000;\n"
        "  client_body_temp_path {0}/a; proxy_temp_path {0}/b; fastcgi_temp_path {0}/c;\n"
        "  uwsgi_temp_path {0}/d; scgi_temp_path {0}/e;\n"
        "  upstream inner {{\n"
        "    server 127.0.0.1:{1}; keepalive 64; keepalive_requests 1000000000;\n"
        "  }}\n"
        "  server {{\n"
        "    listen 127.0.0.1:{2};\n"
        "    location / {{\n"
        "      proxy_pass http://inner; proxy_http_version 1.1;\n"
        "      proxy_set_header Connection \"\"; proxy_set_header Host $host;\n"
        "    }}\n"
        "  }}\n"
        "}}\n",
        folder_.path(), inner_port_, port_);
  }
  void wait_answering() const {
    rpc::HttpClient client(must(rpc::parse_http_url(fmt::format("http://127.0.0.1:{}", port_))));
    for (int tries = 0;; ++tries) {
      const auto answer = client.exchange({});
      if (answer && answer->status == 200) return;
      if (tries == 600 || !nginx_->running() || !wasmtime_->running()) {
        progress("error: nginx before wasmtime serve does not answer; their logs:");
        std::system(("cat " + folder_.path() + "/*.log >&2").c_str());
        std::exit(1);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  const ScratchFolder folder_;
  const std::uint16_t inner_port_, port_;
  std::unique_ptr<Child> wasmtime_, nginx_;
};

// Of several turns the median of each figure.
std::string figures_json(const std::string& prefix, const std::vector<Turn>& turns) {
  std::vector<double> rates, p50s, p99s, cpus;
  for (const Turn& turn : turns) {
    rates.push_back(turn.load.per_second);
    p50s.push_back(turn.load.p50_ms);
    p99s.push_back(turn.load.p99_ms);
    cpus.push_back(turn.cpu_us);
  }
  return fmt::format(
      "\"{0}per_second\": {1:.0f}, \"{0}p50_ms\": {2:.3f}, \"{0}p99_ms\": {3:.3f}, "
      "\"{0}cpu_us\": {4:.0f}",
      prefix, median(rates), median(p50s), median(p99s), median(cpus));
}

int run(const Options& options) {
  const bool compared = options.nginx != kNone && options.wasmtime != kNone;
  if (compared) {
    need(options.nginx, "-v", "install nginx (Debian: apt-get install nginx), or --nginx none");
    need(options.wasmtime, "--version",
         "install wasmtime 48.0 as in executor/wasm/Cargo.toml (cargo install wasmtime-cli), or "
         "--wasmtime none");
  }
  ServicePlan plan;
  plan.validators = 1;
  plan.component = component_of(options.component, 0);
  plan.bid =
      "  replicas: 1\n  resources: {cpu_milli: 2000, memory_mib: 512}\n"
      "  price_cap_per_hour: 50 FOG\n  spend_cap_per_hour: 500 FOG\n  deposit: 2000 FOG\n";
  ServiceStage stage(plan);
  stage.wait_serving(1);
  std::unique_ptr<PlainSide> plain;
  if (compared) plain = std::make_unique<PlainSide>(options, plan.component);

  std::vector<Turn> ours, theirs;
  std::vector<double> ratios, cpu_ratios;
  for (std::uint64_t i = 0; i < options.pairs; ++i) {
    ours.push_back(measure(stage.port(), ServiceStage::kPath, options));
    progress(fmt::format("gateway and Host: {:.0f} a second", ours.back().load.per_second));
    if (!plain) continue;
    theirs.push_back(measure(plain->port(), "/", options));
    progress(fmt::format("nginx and wasmtime: {:.0f} a second", theirs.back().load.per_second));
    ratios.push_back(ours.back().load.per_second / theirs.back().load.per_second);
    cpu_ratios.push_back(theirs.back().cpu_us / ours.back().cpu_us);
  }
  std::string figures = figures_json("", ours);
  if (plain) {
    figures += fmt::format(", \"ratio\": {:.3f}, \"cpu_ratio\": {:.3f}, ", median(ratios),
                           median(cpu_ratios)) +
               figures_json("nginx_", theirs);
  }
  figures += fmt::format(", \"component_bytes\": {}, \"connections\": {}", plan.component.size(),
                         options.connections);
  print_figures("gateway", figures);
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app("A component through gateway and Host, and through nginx and wasmtime serve");
  app.add_option("--component", options.component, "a file; without one, it is made");
  app.add_option("--nginx", options.nginx, "the program; none leaves the comparison out")
      ->capture_default_str();
  app.add_option("--wasmtime", options.wasmtime,
                 "the program, 48.0 as in executor/wasm/Cargo.toml; none leaves the comparison out")
      ->capture_default_str();
  app.add_option("--connections", options.connections, "of End Users, kept open")
      ->capture_default_str()
      ->check(CLI::Range(1, 2'000));
  app.add_option("--seconds", options.seconds, "of each turn")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 600.0));
  app.add_option("--pairs", options.pairs, "turns of each side")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
