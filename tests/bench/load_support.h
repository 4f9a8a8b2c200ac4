// What the benchmarks that load a network share: accounts, transfers signed beforehand, a
// connection that submits them, and a watch that notes when blocks become final.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "chain/api/node_api.h"
#include "consensus/engine/validator_key.h"
#include "tests/bench/bench_support.h"

namespace fog::bench {

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

// A keep-alive connection to a node's RPC on loopback.
class Connection {
 public:
  explicit Connection(std::uint16_t port);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Sends the request, reads one answer, returns its body.
  std::string exchange(const std::string& request);

 private:
  const int fd_;
};

// Ascending by address.
std::vector<Key> make_keys(std::uint64_t count);
Genesis make_genesis(const std::vector<Key>& keys, const std::vector<ValidatorKey>& validators);

// A network of one validator whose accounts are the keys: a `fogcoind` with a ledger in `folder`,
// its RPC on loopback; `options` are more of its own.
class OneNode {
 public:
  OneNode(const std::string& folder, const std::vector<Key>& keys,
          const std::vector<std::string>& options = {});
  const ChainId& chain() const { return chain_; }
  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int pid() const { return child_->pid(); }

 private:
  ChainId chain_;
  std::unique_ptr<Child> child_;
  std::uint16_t port_ = 0;
};

// Sequences go on over all runs.
struct Signing {
  ChainId chain;
  std::vector<Key>& keys;
  std::map<std::size_t, std::uint64_t> next;
};

// The next transfer from one account to another; its id.
Bytes sign_one(const Signing& signing, std::size_t from, std::uint64_t sequence, std::size_t to,
               TxId& id);
std::string submit_request(const std::vector<Bytes>& txs);
// So many transfers between the first `accounts` keys, `batch` a request, signed by all cores.
std::vector<Batch> sign_batches(Signing& signing, std::uint64_t transfers, std::uint64_t accounts,
                                std::uint64_t batch);

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

}  // namespace fog::bench
