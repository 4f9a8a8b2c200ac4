// Several validators as processes of their own on loopback, for benchmarks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "consensus/engine/node.h"
#include "rpc/client/http_node.h"
#include "tests/bench/bench_support.h"
#include "tests/bench/load_support.h"

namespace fog::bench {

struct NetworkPlan {
  std::size_t validators = 4;
  std::uint64_t accounts = 2'000;
  std::uint64_t delay_ms = 500;     // D
  std::uint64_t link_delay_ms = 0;  // each way, between all nodes (see DelayLink)
  std::uint64_t epoch_length = 100'000;
};

// Forwards every connection to a port, each direction late by a fixed time: a wire of that length.
class DelayLink;

// A port for a program that does not listen yet. Below those that the system gives to connections,
// one of which might take it meanwhile.
std::uint16_t free_port();

class BenchNetwork {
 public:
  explicit BenchNetwork(const NetworkPlan& plan);
  ~BenchNetwork();

  std::size_t size() const { return nodes_.size(); }
  // A further node that only follows; started with start().
  std::size_t add_follower();
  void start(std::size_t node);
  void kill(std::size_t node);  // -9
  // Until every node sees every other.
  void wait_connected();

  // Of a node that answers.
  std::uint64_t metric(std::size_t node, const std::string& name) const;

  int pid(std::size_t node) const { return nodes_[node].child->pid(); }
  std::uint16_t port(std::size_t node) const { return nodes_[node].rpc_port; }
  rpc::HttpNode& api(std::size_t node) { return *nodes_[node].api; }
  const std::string& log(std::size_t node) const { return nodes_[node].log; }
  const std::string& directory(std::size_t node) const { return nodes_[node].directory; }
  Signing& signing() { return *signing_; }
  const std::vector<Key>& keys() const { return keys_; }

 private:
  struct OneNode {
    std::string directory, log;
    NodeId id;
    std::uint16_t listen_port = 0, rpc_port = 0;
    std::vector<std::unique_ptr<DelayLink>> links;  // from this node to each other
    std::unique_ptr<Child> child;
    std::unique_ptr<rpc::HttpNode> api;
  };
  void add(const std::optional<ValidatorKey>& key);

  const NetworkPlan plan_;
  ScratchFolder folder_;
  std::vector<Key> keys_;
  Genesis genesis_;
  std::unique_ptr<Signing> signing_;
  std::vector<OneNode> nodes_;
};

}  // namespace fog::bench
