// finality: four validators, an idle network, one transfer at a time: from the submission to the
// answer that it is final, over JSON-RPC.
//
// With --delay-ms N every message between nodes takes N ms each way, over links in user space.
// Three ways of submitting take turns: to the leader's chance alone (one node, another each time),
// and to all four at once.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tests/bench/network_support.h"

namespace fog::bench {
namespace {

struct Options {
  std::uint64_t transfers = 300;
  std::uint64_t delay_ms = 0;
};

// One request written and its answer read on each connection at once.
double submit_and_wait(BenchNetwork& net, std::vector<std::unique_ptr<Connection>>& doors,
                       const std::vector<std::size_t>& to, const Bytes& tx, const TxId& id) {
  const std::string request = submit_request({tx});
  const double start = seconds_now();
  std::vector<std::thread> others;
  for (std::size_t i = 1; i < to.size(); ++i)
    others.emplace_back([&, i] { doors[to[i]]->exchange(request); });
  const std::string answer = doors[to[0]]->exchange(request);
  CHECK(answer.find("\"error\"") == std::string::npos);
  const auto status = net.api(to[0]).wait_transaction(id, 60'000);
  const double end = seconds_now();
  for (std::thread& thread : others) thread.join();
  CHECK(status.has_value() && status->place == TxPlace::kFinal);
  return (end - start) * 1'000;
}

int run(const Options& options) {
  NetworkPlan plan;
  plan.accounts = 64;
  plan.link_delay_ms = options.delay_ms;
  plan.delay_ms = 500 + 4 * options.delay_ms;
  BenchNetwork net(plan);
  net.wait_connected();
  std::vector<std::unique_ptr<Connection>> doors;
  for (std::size_t i = 0; i < net.size(); ++i)
    doors.push_back(std::make_unique<Connection>(net.port(i)));
  std::vector<double> one, all;
  std::uint64_t sequence = 0;
  for (std::uint64_t i = 0; i < options.transfers; ++i) {
    for (const bool to_all : {false, true}) {
      TxId id;
      const Bytes tx = sign_one(net.signing(), 0, sequence++, 1, id);
      std::vector<std::size_t> to = {i % net.size()};
      for (std::size_t other = 0; to_all && other < net.size(); ++other) {
        if (other != to[0]) to.push_back(other);
      }
      const double ms = submit_and_wait(net, doors, to, tx, id);
      // The first ones find caches cold and routes unknown.
      if (i >= 10) (to_all ? all : one).push_back(ms);
      std::this_thread::sleep_for(std::chrono::milliseconds(2 + i % 7));
    }
    if (i % 50 == 49)
      progress(std::to_string(i + 1) + " pairs: to all p50 " + std::to_string(median(all)) +
               " ms, to one p50 " + std::to_string(median(one)) + " ms");
  }
  print_figures("finality",
                fmt::format("\"p50_ms\": {:.2f}, \"p99_ms\": {:.2f}, \"one_node_p50_ms\": {:.2f}, "
                            "\"one_node_p99_ms\": {:.2f}, "
                            "\"link_delay_ms\": {}",
                            percentile(all, 0.5), percentile(all, 0.99), percentile(one, 0.5),
                            percentile(one, 0.99), options.delay_ms));
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app("Four validators, one transfer at a time: from the submission to its being final");
  app.add_option("--transfers", options.transfers, "pairs of transfers")->capture_default_str();
  app.add_option("--delay-ms", options.delay_ms, "what each message between nodes takes")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
