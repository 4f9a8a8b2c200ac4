// Secrets' messages: what decodes encodes to the same bytes; nothing that a stranger makes is
// signed or opens. The first byte says which message.
#include "chain/base/check.h"
#include "market/types/secret.h"

namespace {

using namespace fog;
using namespace fog::market;

const SecretKey& key() {
  static const SecretKey kKey = [] {
    Hash32 bytes;
    bytes.data[31] = 7;
    return *SecretKey::from_bytes(bytes);
  }();
  return kKey;
}

template <class Message>
std::optional<Message> decode(ByteView bytes) {
  const auto decoded = bcs_decode<Message>(bytes);
  if (!decoded) return std::nullopt;
  CHECK(bcs_encode(*decoded) == to_bytes(bytes));
  return *decoded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0: {
      auto update = decode<SignedSecretUpdate>(bytes);
      if (!update) return 0;
      (void)verify_secret(*update);
      (void)open_secret(update->update, key());
      // Signed by the key, it counts, and for what it says alone.
      update->signer = key().public_key();
      update->signature = key().sign_ecdsa(secret_digest(update->update));
      CHECK(verify_secret(*update));
      ++update->update.time_ms;
      CHECK(!verify_secret(*update));
      return 0;
    }
    case 1: {
      const auto wanted = decode<SignedSecretsWanted>(bytes);
      if (!wanted) return 0;
      const bool same = sign_wanted(wanted->wanted, key()).signature == wanted->signature;
      CHECK(verify_wanted(*wanted, key().public_key()) == same);
      return 0;
    }
    case 2:
      (void)decode<SecretValues>(bytes);
      (void)is_secret_name(as_text(bytes));
      (void)is_secret_value(as_text(bytes));
      return 0;
    default:
      CHECK(!open_values({}, key(), bytes));
      return 0;
  }
}
