#include "chain/crypto/sealed_box.h"

#include "chain/base/check.h"
#include "chain/crypto/aead.h"
#include "chain/crypto/hash.h"

namespace fog {
namespace {

// Wiped when it goes away.
struct BoxKey {
  AeadKey key;
  ~BoxKey() { secure_wipe(key.data.data(), key.data.size()); }
};

std::optional<BoxKey> box_key(const SecretKey& mine, const PublicKey& theirs,
                              const PublicKey& ephemeral, const PublicKey& recipient) {
  auto shared = ecdh(mine, theirs);
  if (!shared) return std::nullopt;
  Bytes salt = to_bytes(ephemeral);
  append(salt, recipient);
  Bytes derived = hkdf_sha256(*shared, salt, as_bytes("fog/sealed-box"), AeadKey::kSize);
  const auto key = fixed_from<AeadKey::kSize>(derived);
  CHECK(key.has_value());
  secure_wipe(derived.data(), derived.size());
  secure_wipe(shared->data.data(), shared->data.size());
  return BoxKey{*key};
}

}  // namespace

std::optional<Bytes> seal_box(const PublicKey& recipient, ByteView associated, ByteView plain,
                              Rng& rng) {
  const SecretKey ephemeral = SecretKey::generate(rng);
  const PublicKey shown = ephemeral.public_key();
  const auto key = box_key(ephemeral, recipient, shown, recipient);
  if (!key) return std::nullopt;
  Bytes box = to_bytes(shown);
  append(box, chacha20poly1305_seal(key->key, {}, associated, plain));
  return box;
}

std::optional<Bytes> open_box(const SecretKey& recipient, ByteView associated, ByteView box) {
  if (box.size() < kSealedBoxOverhead) return std::nullopt;
  const auto ephemeral = fixed_from<PublicKey::kSize>(box.first(PublicKey::kSize));
  const auto key = box_key(recipient, *ephemeral, *ephemeral, recipient.public_key());
  if (!key) return std::nullopt;
  return chacha20poly1305_open(key->key, {}, associated, box.subspan(PublicKey::kSize));
}

}  // namespace fog
