// Frame: what one encrypted frame carries, a piece of a message. Messages of different lanes
// interleave frame by frame, so a small one does not wait for the end of a large one; within a lane
// they come whole, one after the other.
//
//     first frame      0x80 | lane (1)   kind (1)   size of the message (4, LE)   piece
//     further frames          lane (1)                                            piece
//
// Every piece but a message's last is kPieceMax bytes, so a message has one form. Messages of the
// control lane are of one frame. All bounds (kind, size, rate) are checked at the first frame,
// before memory is taken; memory grows with what has arrived, not with what was announced. Pure.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "chain/base/result.h"
#include "chain/net/kind_table.h"
#include "chain/net/rate_limit.h"

namespace fog {

constexpr std::size_t kPieceMax = 32 * 1024;
constexpr std::size_t kFirstFrameHead = 6;
constexpr std::size_t kFurtherFrameHead = 1;
constexpr std::size_t kFrameMax = kFirstFrameHead + kPieceMax;

// What no honest node sends.
enum class FrameError : std::uint8_t {
  kEmpty,        // no head
  kBadHead,      // bits that mean nothing
  kUnknownKind,  // nobody declared it
  kWrongLane,    // the kind's lane is another, or travels on the other connection
  kTooLong,      // the message is larger than its kind may be
  kInterrupted,  // a first frame, and the lane's message is not complete
  kNotBegun,     // a further frame, and the lane has no message
  kBadPiece,     // neither full nor the exact rest
};
std::string_view frame_error_text(FrameError error);

struct Message {
  std::uint8_t kind = 0;
  Bytes body;
};

// A message on its way out. The body is shared among the peers it goes to.
class OutgoingMessage {
 public:
  OutgoingMessage(std::uint8_t lane, std::uint8_t kind, std::shared_ptr<const Bytes> body)
      : lane_(lane), kind_(kind), body_(std::move(body)) {}
  bool done() const { return begun_ && at_ == body_->size(); }
  std::size_t size() const { return body_->size(); }
  // The next frame's plain bytes; not after done().
  Bytes next_frame();

 private:
  std::uint8_t lane_;
  std::uint8_t kind_;
  std::shared_ptr<const Bytes> body_;
  std::size_t at_ = 0;
  bool begun_ = false;
};

// Puts the frames of one connection together. Not thread safe.
class FrameReader {
 public:
  // The table must outlive the reader.
  FrameReader(const KindTable& kinds, Channel channel, const KindLimiter& limiter)
      : kinds_(kinds), channel_(channel), limiter_(limiter) {}

  struct Taken {
    std::optional<Message> message;  // when this frame completes one
    // Set at the first frame of a message beyond its kind's rate: it will be passed over.
    bool over_rate = false;
  };
  // After an error the connection is over.
  Result<Taken, FrameError> take(ByteView frame, std::uint64_t now_ms);
  // Whether a message was begun more than `limit_ms` ago and is not complete.
  bool stalled(std::uint64_t now_ms, std::uint64_t limit_ms) const;
  // When the oldest message that is not complete began.
  std::optional<std::uint64_t> oldest_begun_ms() const;
  // Bytes of messages that are not complete.
  std::size_t held_bytes() const;

 private:
  struct Assembly {
    std::uint8_t kind = 0;
    std::size_t size = 0;
    std::size_t got = 0;
    bool open = false;
    bool passed_over = false;
    std::uint64_t begun_ms = 0;
    Bytes body;
  };
  Result<bool, FrameError> begin(Assembly& lane, std::uint8_t number, ByteView frame,
                                 std::uint64_t now_ms);

  const KindTable& kinds_;
  Channel channel_;
  KindLimiter limiter_;
  std::array<Assembly, kWireLanes> lanes_;
};

}  // namespace fog
