// sync: a fresh node takes over a chain of many transfers from a peer: transfers a second, against
// the machine's raw signature checks over all cores.
//
// The chain is made by a network of one validator, which then serves it; its part of the machine is
// the sender's, as it would be on one of two machines.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tests/bench/network_support.h"

namespace fog::bench {
namespace {

struct Options {
  std::uint64_t transfers = 500'000;
  std::uint64_t accounts = 2'000;
  unsigned runs = 3;
};

void make_chain(BenchNetwork& net, const Options& options) {
  constexpr std::uint64_t kBatch = 1'000;
  constexpr std::uint64_t kPart = 50'000;
  CHECK(net.api(0).status().has_value());
  Connection door(net.port(0));
  for (std::uint64_t made = 0; made < options.transfers; made += kPart) {
    const std::uint64_t part = std::min(kPart, options.transfers - made);
    std::vector<Batch> batches = sign_batches(net.signing(), part, options.accounts, kBatch);
    for (const Batch& batch : batches) {
      const std::string answer = door.exchange(batch.request);
      CHECK(answer.find("\"refused\":\"") == std::string::npos);
    }
    const auto last = net.api(0).wait_transaction(batches.back().last, 60'000);
    CHECK(last.has_value() && last->place == TxPlace::kFinal);
    progress("made " + std::to_string(made + part) + " of " + std::to_string(options.transfers));
  }
}

int run(const Options& options) {
  NetworkPlan plan;
  plan.validators = 1;
  plan.accounts = options.accounts;
  BenchNetwork net(plan);
  make_chain(net, options);
  const auto tip = net.api(0).status();
  CHECK(tip.has_value());
  std::vector<double> rates, raws, ratios;
  for (unsigned i = 0; i < options.runs; ++i) {
    raws.push_back(raw_verify_per_second(3));
    const std::size_t fresh = net.add_follower();
    net.start(fresh);
    CHECK(net.api(fresh).status().has_value());
    const double start = seconds_now();
    for (std::uint64_t height = 0; height < tip->height;) {
      const auto status = net.api(fresh).wait_height(tip->height, 60'000);
      CHECK(status.has_value());
      height = status->height;
    }
    const double seconds = seconds_now() - start;
    rates.push_back(static_cast<double>(options.transfers) / seconds);
    ratios.push_back(rates.back() / raws.back());
    progress("run " + std::to_string(i + 1) + ": " +
             std::to_string(static_cast<std::uint64_t>(rates.back())) + "/s, ratio " +
             std::to_string(ratios.back()));
    const auto there = net.api(fresh).status();
    CHECK(there.has_value() && there->app_hash == tip->app_hash);
    net.kill(fresh);
  }
  print_figures("sync", fmt::format("\"per_second\": {:.0f}, \"verify_per_second\": {:.0f}, "
                                    "\"ratio\": {:.3f}, \"transfers\": {}, "
                                    "\"runs\": {}",
                                    median(rates), median(raws), median(ratios), options.transfers,
                                    options.runs));
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app("A fresh node takes over a chain of transfers from a peer");
  app.add_option("--transfers", options.transfers, "in the chain")->capture_default_str();
  app.add_option("--accounts", options.accounts, "accounts they go between")->capture_default_str();
  app.add_option("--runs", options.runs, "fresh nodes, one after another")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
