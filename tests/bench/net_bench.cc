// net: what the network itself costs, two nodes of one process over loopback.
//
// Latency: a vote goes there and comes back, one at a time, from the call of send() to the event;
// half of it is a message delay as consensus sees it. First alone, then while the other connection
// carries as much bulk data as it takes. Throughput: large bulk messages one way.
#include <atomic>
#include <condition_variable>
#include <mutex>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "chain/net/tcp_network.h"
#include "tests/bench/bench_support.h"

namespace fog::bench {
namespace {

constexpr std::uint8_t kVote = 0x10;
constexpr std::uint8_t kBulk = 0x30;
constexpr std::size_t kBulkBytes = 1'000'000;

struct Options {
  int votes = 20'000;
  std::size_t vote_bytes = 200;
  double seconds = 3;
};

class Node {
 public:
  Node(const Node* dials, bool echoes) : options_(SecretKey::generate(system_rng())) {
    options_.listen_host = "127.0.0.1";
    options_.kinds = {{kVote, Lane::kConsensus, 65'536, 1'000'000, 1'000'000},
                      {kBulk, Lane::kBulk, 2 * kBulkBytes, 1'000'000, 1'000'000}};
    options_.discover = false;
    if (dials != nullptr)
      options_.peers = {{dials->net_->id(), "127.0.0.1", dials->net_->listen_port()}};
    options_.events.on_message = [this, echoes](const NodeId& from, std::uint8_t kind,
                                                Bytes&& body) {
      bulk_bytes += kind == kBulk ? body.size() : 0;
      if (kind != kVote) return;
      if (echoes) {
        net_->send(from, kVote, body);
        return;
      }
      const std::scoped_lock lock(mutex_);
      ++votes_;
      heard_.notify_one();
    };
    auto net = TcpNetwork::open(options_);
    CHECK(net.has_value());
    net_ = *std::move(net);
    net_->start();
  }
  TcpNetwork& net() { return *net_; }
  void wait_votes(int count) {
    std::unique_lock lock(mutex_);
    heard_.wait(lock, [&] { return votes_ >= count; });
  }
  std::atomic<std::uint64_t> bulk_bytes{0};

 private:
  TcpNetworkOptions options_;
  std::unique_ptr<TcpNetwork> net_;
  std::mutex mutex_;
  std::condition_variable heard_;
  int votes_ = 0;
};

struct Latency {
  double p50_us;
  double p99_us;
};

Latency measure_votes(Node& from, const NodeId& to, const Options& options, int& sent) {
  const Bytes vote(options.vote_bytes, 1);
  std::vector<double> samples;
  for (int i = 0; i < options.votes; ++i) {
    const double begin = seconds_now();
    CHECK(from.net().send(to, kVote, vote));
    from.wait_votes(++sent);
    samples.push_back((seconds_now() - begin) * 1e6 / 2);
  }
  return {percentile(samples, 0.5), percentile(samples, 0.99)};
}

void run(const Options& options) {
  Node echo(nullptr, true);
  Node dialler(&echo, false);
  while (dialler.net().peers().empty() || echo.net().peers().empty())
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const NodeId to = echo.net().id();
  int sent = 0;

  const Latency idle = measure_votes(dialler, to, options, sent);
  progress(fmt::format("one vote at a time: {:.0f} us p50, {:.0f} us p99 one way", idle.p50_us,
                       idle.p99_us));

  std::atomic<bool> stop = false;
  const Bytes block(kBulkBytes, 7);
  std::thread bulk([&] {
    while (!stop) {
      if (!dialler.net().send(to, kBulk, block))
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const double begin = seconds_now();
  const std::uint64_t before = echo.bulk_bytes;
  std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
  const double megabytes =
      static_cast<double>(echo.bulk_bytes - before) / 1e6 / (seconds_now() - begin);
  progress(fmt::format("bulk data: {:.0f} MB/s", megabytes));
  Options fewer = options;
  fewer.votes = options.votes / 10;
  const Latency loaded = measure_votes(dialler, to, fewer, sent);
  stop = true;
  bulk.join();
  progress(fmt::format("one vote at a time beside it: {:.0f} us p50, {:.0f} us p99 one way",
                       loaded.p50_us, loaded.p99_us));
  dialler.net().stop();
  echo.net().stop();
  fmt::print(
      "{{\"bench\":\"net\",\"vote_bytes\":{},\"one_way_us_p50\":{:.1f},\"one_way_us_p99\":{:.1f},"
      "\"bulk_mb_per_second\":{:.0f},\"beside_bulk_us_p50\":{:.1f},\"beside_bulk_us_p99\":{:.1f}}}"
      "\n",
      options.vote_bytes, idle.p50_us, idle.p99_us, megabytes, loaded.p50_us, loaded.p99_us);
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app("What the network costs: the delay of a vote, and bulk data, over loopback.");
  app.add_option("--votes", options.votes, "Votes, one at a time")->capture_default_str();
  app.add_option("--vote-bytes", options.vote_bytes, "Bytes of a vote")->capture_default_str();
  app.add_option("--seconds", options.seconds, "Seconds of bulk data")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  fog::bench::run(options);
  return 0;
}
