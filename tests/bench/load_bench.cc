// load: four validators on one machine under transfers for minutes: committed a second, against a
// quarter of the machine's raw signature checks, since each of the four checks every signature. The
// two take turns: raw checks before each round.
// Afterwards every transfer that was accepted must be final on every node, and memory is compared
// with the first third of the run.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tests/bench/network_support.h"

namespace fog::bench {
namespace {

struct Options {
  std::size_t validators = 4;
  double seconds = 120;
  std::uint64_t accounts = 2'000;
  std::uint64_t batch = 500;
  // Transfers that are accepted and not final, at most.
  std::uint64_t in_flight = 20'000;
};

struct Sent {
  std::uint64_t transfers = 0;
  std::uint64_t refused = 0;
  std::vector<TxId> lasts;  // of each batch
};

void load(BenchNetwork& net, const Options& options, std::vector<Batch>& batches, Sent& sent) {
  std::vector<std::unique_ptr<Connection>> doors;
  for (std::size_t i = 0; i < options.validators; ++i)
    doors.push_back(std::make_unique<Connection>(net.port(i)));
  const std::uint64_t ahead = std::max<std::uint64_t>(1, options.in_flight / options.batch);
  for (std::size_t b = 0; b < batches.size(); ++b) {
    // Each batch through another node.
    const std::string answer = doors[b % doors.size()]->exchange(batches[b].request);
    if (answer.find("\"error\"") != std::string::npos ||
        answer.find("\"refused\":\"") != std::string::npos) {
      if (sent.refused++ == 0) progress("  first refusal: " + answer.substr(0, 400));
    }
    sent.transfers += options.batch;
    sent.lasts.push_back(batches[b].last);
    if (b < ahead) continue;
    const auto status = net.api(b % doors.size()).wait_transaction(batches[b - ahead].last, 60'000);
    CHECK(status.has_value() && status->place == TxPlace::kFinal);
  }
}

int run(const Options& options) {
  double raw = raw_verify_per_second(3);
  NetworkPlan plan;
  plan.validators = options.validators;
  plan.accounts = options.accounts;
  BenchNetwork net(plan);
  net.wait_connected();
  const auto rounds = static_cast<std::uint64_t>(std::max(1.0, options.seconds / 20));
  // Signed outside the measured time; a round lasts about 20 s.
  const auto round_transfers =
      static_cast<std::uint64_t>(raw / static_cast<double>(options.validators) * 0.5 * 20) /
      options.batch * options.batch;
  std::vector<double> rates, raws, ratios;
  std::uint64_t lost = 0, refused = 0, transfers = 0;
  double rss_early = 0;
  double rss_late = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    std::vector<Batch> batches =
        sign_batches(net.signing(), round_transfers, options.accounts, options.batch);
    if (round > 0) raw = raw_verify_per_second(3);
    Sent sent;
    const double start = seconds_now();
    load(net, options, batches, sent);
    for (const TxId& last : sent.lasts) {
      const auto status = net.api(0).wait_transaction(last, 60'000);
      if (!status || status->place != TxPlace::kFinal) ++lost;
    }
    const double seconds = seconds_now() - start;
    rates.push_back(static_cast<double>(sent.transfers) / seconds);
    raws.push_back(raw);
    ratios.push_back(rates.back() * static_cast<double>(options.validators) / raw);
    transfers += sent.transfers;
    refused += sent.refused;
    // The others have the same.
    for (std::size_t node = 1; node < options.validators; ++node) {
      for (const TxId& last : sent.lasts) {
        const auto status = net.api(node).wait_transaction(last, 60'000);
        if (!status || status->place != TxPlace::kFinal) ++lost;
      }
    }
    double rss = 0;
    for (std::size_t node = 0; node < options.validators; ++node)
      rss = std::max(rss, rss_mib(net.pid(node)));
    if (round <= rounds / 3) rss_early = rss;
    rss_late = rss;
    progress("round " + std::to_string(round + 1) + " of " + std::to_string(rounds) + ": " +
             std::to_string(static_cast<std::uint64_t>(rates.back())) + "/s of " +
             std::to_string(static_cast<std::uint64_t>(raw)) + " raw, " + std::to_string(rss) +
             " MiB");
  }
  print_figures(
      "load",
      fmt::format(
          "\"per_second\": {:.0f}, \"verify_per_second\": {:.0f}, \"ratio\": {:.3f}, \"lost\": {}, "
          "\"refused\": {}, \"transfers\": {}, \"validators\": {}, \"rss_mib_early\": {:.0f}, "
          "\"rss_mib\": {:.0f}",
          median(rates), median(raws), median(ratios), lost, refused, transfers, options.validators,
          rss_early, rss_late));
  return lost == 0 ? 0 : 1;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app("Validators on one machine under transfers for minutes");
  app.add_option("--validators", options.validators, "how many")
      ->capture_default_str()
      ->check(CLI::Range(1, 16));
  app.add_option("--seconds", options.seconds, "about how long")->capture_default_str();
  app.add_option("--accounts", options.accounts, "accounts")->capture_default_str();
  app.add_option("--batch", options.batch, "transfers a request")->capture_default_str();
  app.add_option("--in-flight", options.in_flight, "accepted and not final, at most")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
