// transfers: how many pre-signed transfers a second one validator makes final and durable.
//
// The transfers are signed beforehand and submitted over JSON-RPC in batches to a `fogcoind`
// process; the clock runs from the first byte sent to the last transfer final and on disk. Runs
// alternate with measurements of the machine's raw signature checks over all cores; ratio = median
// of their quotients.
#include <atomic>
#include <fstream>
#include <map>
#include <mutex>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "chain/types/records.h"
#include "consensus/engine/node.h"
#include "rpc/client/http_node.h"
#include "tests/bench/bench_support.h"

namespace fog::bench {
namespace {

struct Options {
  std::uint64_t transfers = 150'000;  // a run
  std::uint64_t accounts = 2'000;
  std::uint64_t batch = 1'000;
  unsigned connections = 2;
  unsigned runs = 3;
  double verify_seconds = 3;
};

struct Key {
  SecretKey secret;
  PublicKey public_key;
  Address address;
};

// One request as it goes over the wire, and which transaction stands first in it.
struct Batch {
  std::string request;
  TxId first;
  TxId last;
  double sent_at = 0;
};

class Connection {
 public:
  explicit Connection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const int one = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Sends the request, reads one answer, returns its body.
  std::string exchange(const std::string& request) {
    std::size_t at = 0;
    while (at < request.size()) {
      const ssize_t wrote = ::send(fd_, request.data() + at, request.size() - at, MSG_NOSIGNAL);
      CHECK(wrote > 0);
      at += static_cast<std::size_t>(wrote);
    }
    std::string in;
    std::size_t head_end = std::string::npos;
    std::size_t length = 0;
    std::vector<char> buffer(1 << 16);
    while (head_end == std::string::npos || in.size() < head_end + 4 + length) {
      const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
      CHECK(got > 0);
      in.append(buffer.data(), static_cast<std::size_t>(got));
      if (head_end != std::string::npos) continue;
      head_end = in.find("\r\n\r\n");
      if (head_end == std::string::npos) continue;
      const std::size_t field = in.find("Content-Length: ");
      CHECK(field != std::string::npos && field < head_end);
      length = std::strtoull(in.c_str() + field + 16, nullptr, 10);
    }
    return in.substr(head_end + 4);
  }

 private:
  const int fd_;
};

std::vector<Key> make_keys(std::uint64_t count) {
  std::vector<Key> keys;
  for (std::uint64_t i = 0; i < count; ++i) {
    const SecretKey secret = SecretKey::generate(system_rng());
    keys.push_back({secret, secret.public_key(), address_of(secret.public_key())});
  }
  std::sort(keys.begin(), keys.end(),
            [](const Key& a, const Key& b) { return a.address < b.address; });
  return keys;
}

Genesis make_genesis(const std::vector<Key>& keys, const ValidatorKey& validator) {
  Genesis genesis;
  genesis.chain_name = std::string("bench");
  genesis.time_ms = system_clock().wall_ms();
  genesis.market.classes.push_back({std::string("standard"), {1, 1, 1, 1, 1, 1, 1}});
  genesis.validators.push_back(
      validator.genesis_entry(keys.front().address, Amount{kDropletsPerFog}));
  for (const Key& key : keys)
    genesis.accounts.push_back({key.address, Amount{1'000 * kDropletsPerFog}});
  return genesis;
}

// Sequences go on over all runs.
struct Signing {
  ChainId chain;
  std::vector<Key>& keys;
  std::map<std::size_t, std::uint64_t> next;
};

Bytes sign_one(const Signing& signing, std::size_t from, std::uint64_t sequence, std::size_t to,
               TxId& id) {
  const Key& key = signing.keys[from];
  SignedTx tx;
  tx.body.chain_id = signing.chain;
  tx.body.sender = key.address;
  tx.body.sequence = sequence;
  tx.body.expiry_ms = system_clock().wall_ms() + 3'600'000;
  tx.body.price_max = 10'000;
  tx.body.tip = 1;
  Transfer transfer;
  transfer.outputs.push_back({signing.keys[to].address, Amount{1}});
  tx.body.messages.push_back(make_message(transfer));
  id = tx_id(tx.body);
  tx.auth = SingleAuth{key.public_key, key.secret.sign_ecdsa(id)};
  return bcs_encode(tx);
}

std::vector<Batch> sign_batches(Signing& signing, const Options& options) {
  const std::uint64_t count = options.transfers / options.batch;
  std::vector<Batch> batches(count);
  std::atomic<std::uint64_t> next{0};
  std::vector<std::vector<std::uint64_t>> sequences(count);
  std::uint64_t turn = 0;
  for (auto& list : sequences) {
    for (std::uint64_t i = 0; i < options.batch; ++i)
      list.push_back(signing.next[turn++ % options.accounts]++);
  }
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < std::max(1U, std::thread::hardware_concurrency()); ++t) {
    threads.emplace_back([&] {
      for (std::uint64_t b = next++; b < count; b = next++) {
        std::string body =
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tx_submit\",\"params\":{\"txs\":[";
        for (std::uint64_t i = 0; i < options.batch; ++i) {
          const std::size_t from = (b * options.batch + i) % options.accounts;
          TxId id;
          const Bytes tx =
              sign_one(signing, from, sequences[b][i], (from * 7 + i + 1) % options.accounts, id);
          if (i == 0) batches[b].first = id;
          batches[b].last = id;
          body += (i == 0 ? "\"" : ",\"") + to_hex0x(tx) + "\"";
        }
        body += "]}}";
        batches[b].request =
            "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
            "application/json\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return batches;
}

// Notes when each height became final, as a long poll sees it.
class FinalWatch {
 public:
  explicit FinalWatch(NodeApi& node) : node_(node), thread_([this] { run(); }) {}
  ~FinalWatch() {
    stop_ = true;
    thread_.join();
  }
  // When the block of this height was seen final.
  double at(std::uint64_t height) {
    const std::lock_guard lock(mutex_);
    const auto found = seen_.lower_bound(height);
    return found == seen_.end() ? 0 : found->second;
  }

 private:
  void run() {
    std::uint64_t height = 0;
    while (!stop_) {
      const auto status = node_.wait_height(height + 1, 500);
      if (!status || status->height <= height) continue;
      const std::lock_guard lock(mutex_);
      seen_[status->height] = seconds_now();
      height = status->height;
    }
  }
  NodeApi& node_;
  std::mutex mutex_;
  std::map<std::uint64_t, double> seen_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

struct RunFigures {
  double per_second = 0;
  std::vector<double> latency_ms;
};

RunFigures run_once(Signing& signing, const Options& options, std::uint16_t port, NodeApi& node) {
  progress("  signing " + std::to_string(options.transfers) + " transfers");
  std::vector<Batch> batches = sign_batches(signing, options);
  FinalWatch watch(node);
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> refused{0};
  const double start = seconds_now();
  std::vector<std::thread> threads;
  for (unsigned c = 0; c < options.connections; ++c) {
    threads.emplace_back([&] {
      Connection connection(port);
      for (std::size_t b = next++; b < batches.size(); b = next++) {
        batches[b].sent_at = seconds_now();
        const std::string answer = connection.exchange(batches[b].request);
        if (answer.find("\"error\"") != std::string::npos ||
            answer.find("\"refused\":\"") != std::string::npos) {
          if (refused++ == 0) progress("  first refusal: " + answer.substr(0, 600));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Final means included in a block that is on disk: ask for the last of every batch.
  std::map<std::size_t, std::uint64_t> heights;
  for (std::size_t b = 0; b < batches.size(); ++b) {
    const auto last = node.wait_transaction(batches[b].last, 60'000);
    CHECK(last.has_value() && last->place == TxPlace::kFinal);
    heights[b] = last->height;
  }
  const double end = seconds_now();
  CHECK(refused == 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  RunFigures out;
  out.per_second = static_cast<double>(batches.size() * options.batch) / (end - start);
  for (std::size_t b = 0; b < batches.size(); ++b) {
    const double final_at = watch.at(heights[b]);
    if (final_at > 0) out.latency_ms.push_back((final_at - batches[b].sent_at) * 1'000);
  }
  return out;
}

int run(const Options& options) {
  ScratchFolder folder;
  std::vector<Key> keys = make_keys(options.accounts);
  const ValidatorKey validator = ValidatorKey::generate(system_rng());
  const Genesis genesis = make_genesis(keys, validator);
  NodeOptions node_options;
  node_options.directory = folder.path() + "/node";
  const auto made = init_node(node_options, genesis, validator);
  CHECK(made.has_value());
  const std::string port_file = folder.path() + "/port";
  Child node({program_folder() + "/fogcoind", "run", "--dir", node_options.directory, "--rpc",
              "127.0.0.1:0", "--port-file", port_file},
             folder.path() + "/log");
  std::uint16_t port = 0;
  for (int i = 0; i < 200 && port == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::ifstream(port_file) >> port;
  }
  CHECK(port != 0);
  rpc::HttpNode api("http://127.0.0.1:" + std::to_string(port));
  Signing signing{chain_id_of(genesis), keys, {}};
  std::vector<double> rates, raws, ratios, latencies;
  for (unsigned i = 0; i < options.runs; ++i) {
    raws.push_back(raw_verify_per_second(options.verify_seconds));
    progress("raw verifications/s: " + std::to_string(static_cast<std::uint64_t>(raws.back())));
    const RunFigures figures = run_once(signing, options, port, api);
    rates.push_back(figures.per_second);
    ratios.push_back(figures.per_second / raws.back());
    latencies.insert(latencies.end(), figures.latency_ms.begin(), figures.latency_ms.end());
    progress("committed/s: " + std::to_string(static_cast<std::uint64_t>(rates.back())) +
             ", ratio " + std::to_string(ratios.back()));
  }
  std::printf(
      "{\"bench\": \"transfers\", \"figures\": {\"per_second\": %.0f, \"verify_per_second\": %.0f, "
      "\"ratio\": %.3f, "
      "\"p50_ms\": %.1f, \"p99_ms\": %.1f, \"rss_mib\": %.0f, \"runs\": %u}, \"machine\": %s}\n",
      median(rates), median(raws), median(ratios), percentile(latencies, 0.5),
      percentile(latencies, 0.99), rss_mib(node.pid()), options.runs, machine_json().c_str());
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app(
      "Pre-signed transfers over JSON-RPC to one validator until all are final and on disk");
  app.add_option("--transfers", options.transfers, "transfers a run")->capture_default_str();
  app.add_option("--accounts", options.accounts, "accounts they go between")->capture_default_str();
  app.add_option("--batch", options.batch, "transfers a request")->capture_default_str();
  app.add_option("--connections", options.connections, "connections that submit")
      ->capture_default_str();
  app.add_option("--runs", options.runs, "pairs of measurements")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
