// Frames: what processes of a Host say to each other over a stream socket.
//
//   length (u32, little-endian, of what follows) | kind (u8) | BCS of the kind's struct
//
// A frame that is too long, of an unknown kind or not canonical means the other process is broken
// or hostile: the reader gives up on it. Each struct names its kind in kKind; the kinds of the
// worker's socket are below 64 (worker_frames.h), those between agent and front above
// (front_frames.h).
#pragma once

#include <optional>

#include "chain/base/bcs.h"
#include "chain/base/error.h"

namespace fog::executor {

constexpr std::size_t kFrameBytesMax = 1024 * 1024;
constexpr std::size_t kFrameHeadBytes = 5;

struct Frame {
  std::uint8_t kind = 0;
  Bytes payload;
};

template <class T>
Bytes encode_frame(const T& value) {
  const Bytes payload = bcs_encode(value);
  CHECK(payload.size() < kFrameBytesMax);
  BcsWriter out;
  out.integer(static_cast<std::uint32_t>(payload.size() + 1));
  out.u8(static_cast<std::uint8_t>(T::kKind));
  out.raw(payload);
  return std::move(out).take();
}

// kProtocol when the payload is not T's.
template <class T>
ErrorOr<T> decode_frame(const Frame& frame) {
  if (frame.kind != static_cast<std::uint8_t>(T::kKind)) {
    return fail(ErrorCode::kProtocol, "a frame of another kind than expected");
  }
  auto value = bcs_decode<T>(frame.payload);
  if (!value) {
    return fail(ErrorCode::kProtocol,
                "a frame that is not canonical: " + std::string(bcs_error_text(value.error())));
  }
  return *std::move(value);
}

// Cuts a stream into frames. Not thread safe.
class FrameReader {
 public:
  // Takes what has come.
  void push(ByteView bytes);
  // The next whole frame; nothing when more bytes are needed. kProtocol for a length of 0 or above
  // the bound; every later call says so too.
  ErrorOr<std::optional<Frame>> next();
  // Whether a frame has begun that is not whole.
  bool inside_frame() const { return at_ < buffer_.size(); }

 private:
  Bytes buffer_;
  std::size_t at_ = 0;
  bool broken_ = false;
};

}  // namespace fog::executor
