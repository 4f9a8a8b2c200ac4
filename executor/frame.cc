#include "executor/frame.h"

namespace fog::executor {

void FrameReader::push(ByteView bytes) {
  if (at_ > 0) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ = 0;
  }
  append(buffer_, bytes);
}

ErrorOr<std::optional<Frame>> FrameReader::next() {
  if (broken_) return fail(ErrorCode::kProtocol, "the stream of frames is broken");
  BcsReader in(ByteView(buffer_).subspan(at_));
  std::uint32_t length = 0;
  if (!in.integer(length)) return std::optional<Frame>();
  if (length == 0 || length > kFrameBytesMax) {
    broken_ = true;
    return fail(ErrorCode::kProtocol, "a frame of " + std::to_string(length) + " bytes");
  }
  ByteView body;
  if (!in.raw(body, length)) return std::optional<Frame>();
  at_ += 4 + length;
  return std::optional<Frame>(Frame{body[0], to_bytes(body.subspan(1))});
}

}  // namespace fog::executor
