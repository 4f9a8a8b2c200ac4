// KindTable: what every kind of message may cost, the network's own kinds included. Fixed before
// the first connection; safe from any thread.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "chain/net/network.h"

namespace fog {

// The two connections of a pair of nodes.
enum class Channel : std::uint8_t { kConsensus, kBulk };
constexpr Channel bcs_last(Channel) {
  return Channel::kBulk;
}

// Lanes on the wire: the three of Lane, and one for the network's own short messages, which exists
// on both connections.
constexpr std::uint8_t kControlLane = 3;
constexpr std::size_t kWireLanes = 4;

constexpr std::uint8_t kUserKindMin = 0x10;
// The largest bound that a kind may have.
constexpr std::size_t kNetMessageBytesMax = 64 * 1024 * 1024;

// The network's own kinds (chain/net/wire.h).
enum OwnKind : std::uint8_t {
  kHelloKind = 0x01,
  kPingKind = 0x02,
  kPongKind = 0x03,
  kGetPeersKind = 0x04,
  kPeersKind = 0x05,
};

struct KindCost {
  std::uint8_t lane = kControlLane;
  std::size_t bytes_max = 0;
  std::uint32_t per_second = 0;
  std::uint32_t burst = 0;
};

class KindTable {
 public:
  // kInvalidInput for a kind of the network's own, a kind twice, a bound above kNetMessageBytesMax,
  // or a rate or burst of zero.
  static ErrorOr<KindTable> make(const std::vector<KindRule>& rules);
  // Null for a kind that nobody declared.
  const KindCost* find(std::uint8_t kind) const { return costs_[kind] ? &*costs_[kind] : nullptr; }

 private:
  KindTable();
  std::array<std::optional<KindCost>, 256> costs_;
};

// Whether messages of this lane travel on this connection.
constexpr bool carries(Channel channel, std::uint8_t lane) {
  if (lane == kControlLane) return true;
  const bool consensus = lane == static_cast<std::uint8_t>(Lane::kConsensus);
  return consensus == (channel == Channel::kConsensus);
}

}  // namespace fog
