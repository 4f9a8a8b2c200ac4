// PeerHandle: one connected peer as other threads see it: what waits to be sent to it, lane by
// lane, bounded in bytes and messages, and its figures. Safe from any thread.
//
//     any thread --push--> lanes [consensus][transactions][bulk] --pop--> the network's thread
//                 (kind's rate, lane's bound: else dropped and counted)
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <mutex>

#include "chain/net/frame.h"

namespace fog {

struct LaneLimit {
  std::size_t bytes_max = 0;
  std::size_t messages_max = 0;
};
using LaneLimits = std::array<LaneLimit, kLanesPerPeer>;

class PeerHandle {
 public:
  enum class Push : std::uint8_t {
    kDropped,  // beyond the kind's rate, or the lane is full
    kQueued,   // the writer will come by
    kWake,     // queued, and the writer rests: wake it
  };

  PeerHandle(const NodeId& id, std::string address, bool inbound, std::uint64_t connected_ms,
             const KindTable& kinds, const LaneLimits& limits, std::uint64_t now_ms);

  const NodeId& id() const { return info_.id; }
  // The kind must be declared and the body within its bound.
  Push push(std::uint8_t kind, const std::shared_ptr<const Bytes>& body, std::uint64_t now_ms);
  // For the writer. When it finds nothing for any lane of its connection it calls rest(); true when
  // still nothing has come: the next push says kWake.
  std::optional<OutgoingMessage> pop(std::uint8_t lane);
  bool rest(Channel channel);

  PeerInfo info() const;
  std::atomic<std::uint64_t> bytes_in{0};
  std::atomic<std::uint64_t> bytes_out{0};
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<std::uint32_t> score{0};

 private:
  struct Queue {
    std::deque<OutgoingMessage> messages;
    std::size_t bytes = 0;
  };
  const PeerInfo info_;  // the constant part
  const KindTable& kinds_;
  const LaneLimits limits_;

  std::mutex mutex_;
  KindLimiter limiter_;
  std::array<Queue, kLanesPerPeer> lanes_;
  std::array<bool, 2> resting_ = {true, true};
};

}  // namespace fog
