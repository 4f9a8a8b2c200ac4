#include "chain/net/frame.h"

#include <algorithm>

#include "chain/base/check.h"

namespace fog {
namespace {

constexpr std::uint8_t kFirstBit = 0x80;
constexpr std::uint8_t kLaneBits = 0x03;

std::size_t read_le32(ByteView four) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= std::size_t{four[i]} << (8 * i);
  return value;
}

}  // namespace

std::string_view frame_error_text(FrameError error) {
  switch (error) {
    case FrameError::kEmpty:
      return "a frame without a head";
    case FrameError::kBadHead:
      return "a frame head with unknown bits";
    case FrameError::kUnknownKind:
      return "a message of an unknown kind";
    case FrameError::kWrongLane:
      return "a message on the wrong lane";
    case FrameError::kTooLong:
      return "a message larger than its kind may be";
    case FrameError::kInterrupted:
      return "a message begun before the last one ended";
    case FrameError::kNotBegun:
      return "a piece of no message";
    case FrameError::kBadPiece:
      return "a piece of the wrong size";
  }
  CHECK(false);
}

Bytes OutgoingMessage::next_frame() {
  CHECK(!done());
  const std::size_t piece = std::min(kPieceMax, body_->size() - at_);
  Bytes frame;
  frame.reserve(kFirstFrameHead + piece);
  if (begun_) {
    frame.push_back(lane_);
  } else {
    frame.push_back(static_cast<std::uint8_t>(kFirstBit | lane_));
    frame.push_back(kind_);
    for (int shift = 0; shift < 32; shift += 8)
      frame.push_back(static_cast<std::uint8_t>(body_->size() >> shift));
  }
  append(frame, ByteView(*body_).subspan(at_, piece));
  at_ += piece;
  begun_ = true;
  return frame;
}

// All refusals, then the message is open. Whether it is within its kind's rate.
Result<bool, FrameError> FrameReader::begin(Assembly& lane, std::uint8_t number, ByteView frame,
                                            std::uint64_t now_ms) {
  if (frame.size() < kFirstFrameHead) return Fail{FrameError::kBadHead};
  if (lane.open) return Fail{FrameError::kInterrupted};
  const std::uint8_t kind = frame[1];
  const std::size_t size = read_le32(frame.subspan(2, 4));
  const KindCost* cost = kinds_.find(kind);
  if (cost == nullptr) return Fail{FrameError::kUnknownKind};
  if (cost->lane != number || !carries(channel_, number)) return Fail{FrameError::kWrongLane};
  if (size > cost->bytes_max || (number == kControlLane && size > kPieceMax))
    return Fail{FrameError::kTooLong};

  lane.kind = kind;
  lane.size = size;
  lane.got = 0;
  lane.open = true;
  lane.begun_ms = now_ms;
  lane.passed_over = !limiter_.take(kind, now_ms);
  lane.body.clear();
  return !lane.passed_over;
}

Result<FrameReader::Taken, FrameError> FrameReader::take(ByteView frame, std::uint64_t now_ms) {
  if (frame.empty()) return Fail{FrameError::kEmpty};
  const bool first = (frame[0] & kFirstBit) != 0;
  if ((frame[0] & ~(kFirstBit | kLaneBits)) != 0) return Fail{FrameError::kBadHead};
  const auto number = static_cast<std::uint8_t>(frame[0] & kLaneBits);
  Assembly& lane = lanes_[number];

  Taken taken;
  if (first) {
    TRY(const bool in_rate, begin(lane, number, frame, now_ms));
    taken.over_rate = !in_rate;
  } else if (!lane.open) {
    return Fail{FrameError::kNotBegun};
  }
  const ByteView piece = frame.subspan(first ? kFirstFrameHead : kFurtherFrameHead);
  if (piece.size() != std::min(kPieceMax, lane.size - lane.got)) return Fail{FrameError::kBadPiece};
  if (!lane.passed_over) append(lane.body, piece);
  lane.got += piece.size();
  if (lane.got < lane.size) return taken;
  lane.open = false;
  if (!lane.passed_over) taken.message = Message{lane.kind, std::move(lane.body)};
  lane.body = Bytes();
  return taken;
}

std::optional<std::uint64_t> FrameReader::oldest_begun_ms() const {
  std::optional<std::uint64_t> oldest;
  for (const Assembly& lane : lanes_) {
    if (lane.open) oldest = std::min(oldest.value_or(lane.begun_ms), lane.begun_ms);
  }
  return oldest;
}

bool FrameReader::stalled(std::uint64_t now_ms, std::uint64_t limit_ms) const {
  const auto oldest = oldest_begun_ms();
  return oldest && now_ms > *oldest + limit_ms;
}

std::size_t FrameReader::held_bytes() const {
  std::size_t held = 0;
  for (const Assembly& lane : lanes_) held += lane.body.size();
  return held;
}

}  // namespace fog
