// SimNetwork: what lies between the nodes. Whatever is sent is lost, doubled, late or in another
// order as the seed says; links are cut one way or both ways, or hold everything back for a while.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>

#include "chain/net/network.h"
#include "tests/sim/sim_clock.h"
#include "tests/support/seeded_rng.h"

namespace fog::sim {

struct LinkQuality {
  std::uint64_t latency_min_ns = 1 * kMs;
  std::uint64_t latency_max_ns = 20 * kMs;
  std::uint64_t loss_percent = 0;
  std::uint64_t twice_percent = 0;
  bool in_order = true;  // within a lane, as a connection does
};

class SimNetwork {
 public:
  using Deliver = std::function<void(std::size_t from, std::size_t to, std::uint64_t at_ns,
                                     std::uint8_t kind, std::shared_ptr<const Bytes> message)>;
  // Sees everything that is sent, once.
  using Tap = std::function<void(std::size_t from, std::uint8_t kind, ByteView message)>;
  // What a liar sends instead, to each; nothing: as it is.
  using Bend = std::function<std::vector<std::pair<std::uint8_t, Bytes>>(
      std::size_t from, std::size_t to, std::uint8_t kind, ByteView message)>;
  using Report =
      std::function<void(std::size_t by, std::size_t about, Offence, const std::string&)>;

  SimNetwork(const SimTime& time, testing::SeededRng& rng, std::vector<NodeId> ids);
  ~SimNetwork();

  Network& of(std::size_t node);
  std::size_t size() const { return ids_.size(); }
  const NodeId& id(std::size_t node) const { return ids_[node]; }

  void set_deliver(Deliver deliver) { deliver_ = std::move(deliver); }
  void set_tap(Tap tap) { tap_ = std::move(tap); }
  void set_bend(std::size_t node, Bend bend) { bends_[node] = std::move(bend); }
  void set_report(Report report) { report_ = std::move(report); }
  void set_quality(const LinkQuality& quality) { quality_ = quality; }

  // Whether the two are connected: both are up and neither has banned the other.
  void connect(std::size_t a, std::size_t b);
  void disconnect(std::size_t a, std::size_t b);
  bool connected(std::size_t a, std::size_t b) const { return links_.contains({a, b}); }

  // Nothing gets from one to the other, although both think they are connected.
  void cut(std::size_t from, std::size_t to) { cut_.insert({from, to}); }
  // Whatever is sent arrives no sooner than this.
  void clog(std::size_t from, std::size_t to, std::uint64_t until_ns) {
    clogged_[{from, to}] = until_ns;
  }
  void mend(std::size_t from, std::size_t to) { cut_.erase({from, to}); }
  void mend_all();

  std::uint64_t sent() const { return sent_; }

 private:
  class Port;
  bool send(std::size_t from, std::size_t to, std::uint8_t kind,
            const std::shared_ptr<const Bytes>& message);
  void pass(std::size_t from, std::size_t to, std::uint8_t kind,
            const std::shared_ptr<const Bytes>& message);

  const SimTime& time_;
  testing::SeededRng& rng_;
  const std::vector<NodeId> ids_;
  std::map<NodeId, std::size_t> numbers_;
  std::vector<std::unique_ptr<Port>> ports_;
  Deliver deliver_;
  Tap tap_ = [](std::size_t, std::uint8_t, ByteView) {};
  std::map<std::size_t, Bend> bends_;
  Report report_;
  LinkQuality quality_;
  std::set<std::pair<std::size_t, std::size_t>> links_;  // both ways
  std::set<std::pair<std::size_t, std::size_t>> cut_;
  std::map<std::pair<std::size_t, std::size_t>, std::uint64_t> clogged_;
  std::map<std::tuple<std::size_t, std::size_t, Lane>, std::uint64_t> last_ns_;
  std::map<std::uint8_t, KindRule> rules_;
  std::uint64_t sent_ = 0;
};

}  // namespace fog::sim
