// recover: a validator of four with a large state is killed at once and started again: until a
// block that needs its vote is final.
//
// One other validator is stopped meanwhile, so that the three that are left are just a quorum: a
// transfer can become final only when the restarted one votes.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tests/bench/network_support.h"

namespace fog::bench {
namespace {

struct Options {
  std::uint64_t accounts = 1'000'000;
  unsigned runs = 3;
};

int run(const Options& options) {
  NetworkPlan plan;
  plan.accounts = options.accounts;
  progress("making " + std::to_string(options.accounts) + " accounts and four ledgers");
  BenchNetwork net(plan);
  net.wait_connected();
  const auto pay = [&](std::size_t through) {
    TxId id;
    const Bytes tx = sign_one(net.signing(), 0, net.signing().next[0]++, 1, id);
    Connection(net.port(through)).exchange(submit_request({tx}));
    const auto status = net.api(through).wait_transaction(id, 60'000);
    CHECK(status.has_value() && status->place == TxPlace::kFinal);
  };
  for (int i = 0; i < 20; ++i) pay(0);
  std::vector<double> seconds;
  for (unsigned i = 0; i < options.runs; ++i) {
    net.kill(2);
    net.kill(3);
    const double start = seconds_now();
    net.start(3);
    pay(0);
    seconds.push_back(seconds_now() - start);
    progress("run " + std::to_string(i + 1) + ": " + std::to_string(seconds.back()) + " s");
    net.start(2);
    net.wait_connected();
    for (int k = 0; k < 5; ++k) pay(0);
  }
  print_figures("recover", fmt::format("\"seconds\": {:.2f}, \"accounts\": {}, \"runs\": {}",
                                       median(seconds), options.accounts, options.runs));
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app("kill -9 of a validator with a large state until its vote counts again");
  app.add_option("--accounts", options.accounts, "accounts in the state")->capture_default_str();
  app.add_option("--runs", options.runs, "kills")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
