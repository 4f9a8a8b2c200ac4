#include "chain/net/outbox.h"

#include "chain/base/check.h"

namespace fog {
namespace {

Channel channel_of(std::uint8_t lane) {
  return carries(Channel::kConsensus, lane) ? Channel::kConsensus : Channel::kBulk;
}

}  // namespace

PeerHandle::PeerHandle(const NodeId& id, std::string address, bool inbound,
                       std::uint64_t connected_ms, const KindTable& kinds, const LaneLimits& limits,
                       std::uint64_t now_ms)
    : info_{id, std::move(address), inbound, connected_ms, 0, 0, 0, 0},
      kinds_(kinds),
      limits_(limits),
      limiter_(KindLimiter::for_sending(kinds, now_ms)) {}

PeerHandle::Push PeerHandle::push(std::uint8_t kind, const std::shared_ptr<const Bytes>& body,
                                  std::uint64_t now_ms) {
  const KindCost* cost = kinds_.find(kind);
  CHECK(cost != nullptr && cost->lane < kLanesPerPeer && body->size() <= cost->bytes_max);
  const std::scoped_lock lock(mutex_);
  Queue& queue = lanes_[cost->lane];
  const LaneLimit& limit = limits_[cost->lane];
  if (queue.messages.size() >= limit.messages_max || queue.bytes + body->size() > limit.bytes_max ||
      !limiter_.take(kind, now_ms)) {
    dropped.fetch_add(1, std::memory_order_relaxed);
    return Push::kDropped;
  }
  queue.messages.emplace_back(cost->lane, kind, body);
  queue.bytes += body->size();
  bool& resting = resting_[static_cast<std::size_t>(channel_of(cost->lane))];
  return std::exchange(resting, false) ? Push::kWake : Push::kQueued;
}

std::optional<OutgoingMessage> PeerHandle::pop(std::uint8_t lane) {
  const std::scoped_lock lock(mutex_);
  Queue& queue = lanes_[lane];
  if (queue.messages.empty()) return std::nullopt;
  std::optional<OutgoingMessage> out = std::move(queue.messages.front());
  queue.messages.pop_front();
  queue.bytes -= out->size();
  return out;
}

bool PeerHandle::rest(Channel channel) {
  const std::scoped_lock lock(mutex_);
  for (std::uint8_t lane = 0; lane < kLanesPerPeer; ++lane) {
    if (carries(channel, lane) && !lanes_[lane].messages.empty()) return false;
  }
  resting_[static_cast<std::size_t>(channel)] = true;
  return true;
}

PeerInfo PeerHandle::info() const {
  PeerInfo out = info_;
  out.bytes_in = bytes_in.load(std::memory_order_relaxed);
  out.bytes_out = bytes_out.load(std::memory_order_relaxed);
  out.dropped = dropped.load(std::memory_order_relaxed);
  out.score = score.load(std::memory_order_relaxed);
  return out;
}

}  // namespace fog
