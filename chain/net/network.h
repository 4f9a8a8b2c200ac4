// Network: moves messages between this node and its peers. It knows kinds, sizes and rates, and no
// rules: what a message means, and whether a peer has earned blame, its user says.
//
// A message is a kind (one byte) and bytes. Each kind belongs to a lane; lanes of one peer do not
// wait for each other, and consensus has a connection of its own, so that a vote never stands
// behind bulk data. Delivery is best effort: within a lane in order, while the peer stays; what
// does not fit into a peer's queue is dropped and counted.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "chain/base/bytes.h"
#include "chain/base/error.h"
#include "chain/crypto/keys.h"

namespace fog {

// A node's public key, compressed.
using NodeId = PublicKey;

enum class Lane : std::uint8_t { kConsensus, kTransactions, kBulk };
constexpr std::size_t kLanesPerPeer = 3;

// What a kind of message may cost. Held before anything is allocated.
struct KindRule {
  std::uint8_t kind = 0;  // 0x10 and above; below is the network's own
  Lane lane = Lane::kBulk;
  std::size_t bytes_max = 0;
  // Per peer: messages a second in the long run, and at once.
  std::uint32_t per_second = 0;
  std::uint32_t burst = 0;
};

// How a peer misbehaved; adds to its score, and enough of it bans the peer for a while.
enum class Offence : std::uint8_t {
  kSlow,     // did not answer in time, answered what was not asked: a little
  kUseless,  // sent what cannot be used, perhaps honestly
  kBroken,   // sent what no honest node sends: banned at once
};

struct PeerInfo {
  NodeId id;
  std::string address;  // host:port as dialled or seen
  bool inbound = false;
  std::uint64_t connected_ms = 0;  // since when (wall clock)
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t dropped = 0;  // messages that did not fit into its queues
  std::uint32_t score = 0;
};

// Called one at a time, from a thread of the network's; must return soon.
struct NetworkEvents {
  std::function<void(const NodeId& peer)> on_up = [](const NodeId&) {};
  std::function<void(const NodeId& peer)> on_down = [](const NodeId&) {};
  std::function<void(const NodeId& peer, std::uint8_t kind, Bytes&& message)> on_message =
      [](const NodeId&, std::uint8_t, Bytes&&) {};
};

// Safe from any thread; no call blocks on the network.
class Network {
 public:
  virtual ~Network() = default;
  virtual const NodeId& id() const = 0;
  // The kinds are fixed before start. False when the peer is not connected or its queue is full.
  virtual bool send(const NodeId& to, std::uint8_t kind, ByteView message) = 0;
  // To every peer that is connected.
  virtual void broadcast(std::uint8_t kind, ByteView message) = 0;
  virtual void report(const NodeId& peer, Offence offence, const std::string& why) = 0;
  virtual std::vector<PeerInfo> peers() const = 0;
};

}  // namespace fog
