// Any bytes as any act of the handshake: refused or answered, never more. The first byte chooses
// the act; the rest is the act.
#include "chain/base/check.h"
#include "chain/net/noise.h"

namespace {

fog::SecretKey secret(std::uint8_t fill) {
  fog::Hash32 bytes;
  bytes.data.fill(fill);
  const auto key = fog::SecretKey::from_bytes(bytes);
  CHECK(key.has_value());
  return *key;
}

void read_act_one(fog::ByteView act) {
  fog::NoiseResponder responder(secret(0x21), fog::as_bytes("lightning"), secret(0x22));
  const auto answer = responder.read_act_one(act);
  if (answer) {
    CHECK(answer->size() == fog::kNoiseActTwoSize);
  }
}

void read_act_two(fog::ByteView act) {
  fog::NoiseInitiator initiator(secret(0x11), secret(0x21).public_key(), fog::as_bytes("lightning"),
                                secret(0x12));
  CHECK(initiator.act_one().has_value());
  const auto answer = initiator.read_act_two(act);
  if (answer) {
    CHECK(answer->size() == fog::kNoiseActThreeSize);
  }
}

void read_act_three(fog::ByteView act) {
  fog::NoiseInitiator initiator(secret(0x11), secret(0x21).public_key(), fog::as_bytes("lightning"),
                                secret(0x12));
  fog::NoiseResponder responder(secret(0x21), fog::as_bytes("lightning"), secret(0x22));
  CHECK(responder.read_act_one(*initiator.act_one()).has_value());
  const auto who = responder.read_act_three(act);
  if (who) {
    CHECK(fog::is_valid(*who));
  }
}

// The transport: nothing opens but what was sealed.
void read_frame(fog::ByteView bytes) {
  fog::AeadKey key;
  key.data.fill(7);
  fog::NoiseCipher cipher(fog::Hash32{}, key);
  if (bytes.size() < fog::kNoiseHeadSize) return;
  const auto size = cipher.open_head(bytes.first(fog::kNoiseHeadSize));
  if (size) static_cast<void>(cipher.open_body(bytes.subspan(fog::kNoiseHeadSize)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const fog::ByteView act(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      read_act_one(act);
      break;
    case 1:
      read_act_two(act);
      break;
    case 2:
      read_act_three(act);
      break;
    default:
      read_frame(act);
  }
  return 0;
}
