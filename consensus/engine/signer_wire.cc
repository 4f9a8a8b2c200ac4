#include "consensus/engine/signer_wire.h"

namespace fog::signer_wire {

Refused refuse(Refusal why, std::string_view text) {
  Refused refused;
  refused.why = why;
  text = text.substr(0, kTextBytesMax);
  // Not in the middle of a character.
  while (!is_utf8(text)) text.remove_suffix(1);
  refused.text.assign(text);
  return refused;
}

ErrorOr<std::optional<Bytes>> FrameCutter::next_body() {
  BcsReader in(buffer_);
  std::uint32_t length = 0;
  if (!in.integer(length)) return std::optional<Bytes>();
  if (length == 0 || length > kFrameBytesMax) {
    return fail(ErrorCode::kProtocol, "a message of " + std::to_string(length) +
                                          " bytes, allowed are 1 to " +
                                          std::to_string(kFrameBytesMax));
  }
  ByteView body;
  if (!in.raw(body, length)) return std::optional<Bytes>();
  std::optional<Bytes> out = to_bytes(body);
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(in.position()));
  return out;
}

}  // namespace fog::signer_wire
