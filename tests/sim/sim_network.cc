#include "tests/sim/sim_network.h"

#include "consensus/engine/wire.h"

namespace fog::sim {

// What one node sees of the network.
class SimNetwork::Port final : public Network {
 public:
  Port(SimNetwork& network, std::size_t node) : network_(network), node_(node) {}
  const NodeId& id() const override { return network_.ids_[node_]; }
  bool send(const NodeId& to, std::uint8_t kind, ByteView message) override {
    const auto number = network_.numbers_.find(to);
    if (number == network_.numbers_.end()) return false;
    network_.tap_(node_, kind, message);
    return network_.send(node_, number->second, kind,
                         std::make_shared<const Bytes>(message.begin(), message.end()));
  }
  void broadcast(std::uint8_t kind, ByteView message) override {
    network_.tap_(node_, kind, message);
    const auto shared = std::make_shared<const Bytes>(message.begin(), message.end());
    for (std::size_t to = 0; to < network_.size(); ++to) {
      if (network_.connected(node_, to)) network_.send(node_, to, kind, shared);
    }
  }
  void report(const NodeId& peer, Offence offence, const std::string& why) override {
    const auto number = network_.numbers_.find(peer);
    if (number != network_.numbers_.end()) network_.report_(node_, number->second, offence, why);
  }
  std::vector<PeerInfo> peers() const override {
    std::vector<PeerInfo> out;
    for (std::size_t to = 0; to < network_.size(); ++to) {
      if (!network_.connected(node_, to)) continue;
      PeerInfo info;
      info.id = network_.ids_[to];
      out.push_back(info);
    }
    return out;
  }

 private:
  SimNetwork& network_;
  const std::size_t node_;
};

SimNetwork::SimNetwork(const SimTime& time, testing::SeededRng& rng, std::vector<NodeId> ids)
    : time_(time), rng_(rng), ids_(std::move(ids)) {
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    numbers_[ids_[i]] = i;
    ports_.push_back(std::make_unique<Port>(*this, i));
  }
  for (const KindRule& rule : wire::kind_rules()) rules_[rule.kind] = rule;
}

SimNetwork::~SimNetwork() = default;

Network& SimNetwork::of(std::size_t node) {
  return *ports_[node];
}

void SimNetwork::connect(std::size_t a, std::size_t b) {
  if (a == b) return;
  links_.insert({a, b});
  links_.insert({b, a});
}

void SimNetwork::disconnect(std::size_t a, std::size_t b) {
  links_.erase({a, b});
  links_.erase({b, a});
}

void SimNetwork::mend_all() {
  cut_.clear();
  clogged_.clear();
  last_ns_.clear();  // nothing new waits behind what was held back
}

bool SimNetwork::send(std::size_t from, std::size_t to, std::uint8_t kind,
                      const std::shared_ptr<const Bytes>& message) {
  if (!connected(from, to)) return false;
  const auto bend = bends_.find(from);
  if (bend == bends_.end()) {
    pass(from, to, kind, message);
    return true;
  }
  for (auto& [bent_kind, bytes] : bend->second(from, to, kind, *message))
    pass(from, to, bent_kind, std::make_shared<const Bytes>(std::move(bytes)));
  return true;
}

void SimNetwork::pass(std::size_t from, std::size_t to, std::uint8_t kind,
                      const std::shared_ptr<const Bytes>& message) {
  const auto rule = rules_.find(kind);
  // Not even a liar gets another kind or a longer message through the door.
  if (rule == rules_.end() || message->size() > rule->second.bytes_max) {
    CHECK(bends_.contains(from));
    return;
  }
  ++sent_;
  if (cut_.contains({from, to}) || rng_.below(100) < quality_.loss_percent) return;
  const std::uint64_t copies = rng_.below(100) < quality_.twice_percent ? 2 : 1;
  for (std::uint64_t copy = 0; copy < copies; ++copy) {
    const std::uint64_t spread = quality_.latency_max_ns - quality_.latency_min_ns;
    std::uint64_t at =
        time_.now_ns + quality_.latency_min_ns + (spread == 0 ? 0 : rng_.below(spread));
    if (const auto clog = clogged_.find({from, to}); clog != clogged_.end())
      at = std::max(at, clog->second);
    if (quality_.in_order) {
      std::uint64_t& last = last_ns_[{from, to, rule->second.lane}];
      at = last = std::max(at, last);
    }
    deliver_(from, to, at, kind, message);
  }
}

}  // namespace fog::sim
