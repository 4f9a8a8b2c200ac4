// recover: a validator of four with a large state is killed at once (-9) and started again.
//
// voting: from its start until it has signed a vote, while the other three make blocks.
// final: the same until a block that needs its vote is final: one more validator is gone meanwhile,
// so that those who are left are just a quorum. A view that stands open then and is led by the one
// that is gone adds 2 D.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tests/bench/network_support.h"

namespace fog::bench {
namespace {

struct Options {
  std::uint64_t accounts = 1'000'000;
  unsigned runs = 3;
};

constexpr std::size_t kKilled = 3;
constexpr std::size_t kGone = 2;

void submit(BenchNetwork& net, TxId& id) {
  const Bytes tx = sign_one(net.signing(), 0, net.signing().next[0]++, 1, id);
  Connection(net.port(0)).exchange(submit_request({tx}));
}

void pay(BenchNetwork& net) {
  TxId id;
  submit(net, id);
  const auto status = net.api(0).wait_transaction(id, 60'000);
  CHECK(status.has_value() && status->place == TxPlace::kFinal);
}

void reconnect(BenchNetwork& net) {
  net.wait_connected();
  for (int i = 0; i < 5; ++i) pay(net);
}

double until_voting(BenchNetwork& net) {
  net.kill(kKilled);
  const double start = seconds_now();
  net.start(kKilled);
  CHECK(net.api(kKilled).status().has_value());
  while (net.metric(kKilled, "fog_votes_signed_total") == 0) {
    CHECK(seconds_now() - start < 60);
    TxId id;
    submit(net, id);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return seconds_now() - start;
}

double until_final(BenchNetwork& net) {
  net.kill(kGone);
  net.kill(kKilled);
  const double start = seconds_now();
  net.start(kKilled);
  pay(net);
  const double took = seconds_now() - start;
  net.start(kGone);
  return took;
}

int run(const Options& options) {
  NetworkPlan plan;
  plan.accounts = options.accounts;
  progress("making " + std::to_string(options.accounts) + " accounts and four ledgers");
  BenchNetwork net(plan);
  net.wait_connected();
  for (int i = 0; i < 20; ++i) pay(net);
  std::vector<double> voting, final;
  for (unsigned i = 0; i < options.runs; ++i) {
    voting.push_back(until_voting(net));
    reconnect(net);
    final.push_back(until_final(net));
    reconnect(net);
    progress(fmt::format("run {}: voting after {:.2f} s, final after {:.2f} s", i + 1,
                         voting.back(), final.back()));
  }
  print_figures("recover",
                fmt::format("\"voting_seconds\": {:.2f}, \"voting_seconds_max\": {:.2f}, "
                            "\"final_seconds\": {:.2f}, \"final_seconds_max\": {:.2f}, "
                            "\"accounts\": {}, \"runs\": {}",
                            median(voting), *std::ranges::max_element(voting), median(final),
                            *std::ranges::max_element(final), options.accounts, options.runs));
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app("kill -9 of a validator with a large state until its vote counts again");
  app.add_option("--accounts", options.accounts, "accounts in the state")->capture_default_str();
  app.add_option("--runs", options.runs, "kills of each kind")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
