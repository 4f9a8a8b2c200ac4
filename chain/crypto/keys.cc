#include "chain/crypto/keys.h"

#include <algorithm>
#include <array>
#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#include "chain/base/check.h"
#include "chain/crypto/aead.h"

namespace fog {
namespace {

// libsecp256k1 wants a pointer even to nothing.
constexpr std::uint8_t kNothing = 0;

// One context for the process, blinded against side channels when it is made and constant from then
// on, which is what libsecp256k1 asks for use from many threads.
const secp256k1_context* context() {
  static const secp256k1_context* const the_one = [] {
    secp256k1_context* made = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    CHECK(made != nullptr);
    std::array<std::uint8_t, 32> seed{};
    system_rng().fill(seed);
    CHECK(secp256k1_context_randomize(made, seed.data()) == 1);
    secure_wipe(seed.data(), seed.size());
    return made;
  }();
  return the_one;
}

std::optional<secp256k1_pubkey> parse(const PublicKey& key) {
  secp256k1_pubkey point;
  if (secp256k1_ec_pubkey_parse(context(), &point, key.data.data(), key.kSize) != 1) {
    return std::nullopt;
  }
  return point;
}

PublicKey serialize(const secp256k1_pubkey& point) {
  PublicKey out;
  std::size_t size = PublicKey::kSize;
  CHECK(secp256k1_ec_pubkey_serialize(context(), out.data.data(), &size, &point,
                                      SECP256K1_EC_COMPRESSED) == 1);
  CHECK(size == PublicKey::kSize);
  return out;
}

// A libsecp256k1 key pair that is wiped.
struct KeyPair {
  explicit KeyPair(const Hash32& secret) {
    CHECK(secp256k1_keypair_create(context(), &pair, secret.data.data()) == 1);
  }
  KeyPair(const KeyPair&) = delete;
  KeyPair& operator=(const KeyPair&) = delete;
  ~KeyPair() { secure_wipe(&pair, sizeof(pair)); }
  secp256k1_keypair pair{};
};

}  // namespace

std::optional<SecretKey> SecretKey::from_bytes(ByteView bytes32) {
  if (bytes32.size() != 32 || secp256k1_ec_seckey_verify(context(), bytes32.data()) != 1) {
    return std::nullopt;
  }
  SecretKey out{Hash32{}};
  std::copy(bytes32.begin(), bytes32.end(), out.bytes_.data.begin());
  return out;
}

SecretKey SecretKey::generate(Rng& rng) {
  SecretKey out{Hash32{}};
  do {
    rng.fill(out.bytes_.data);
  } while (secp256k1_ec_seckey_verify(context(), out.bytes_.data.data()) != 1);
  return out;
}

SecretKey::~SecretKey() {
  secure_wipe(bytes_.data.data(), bytes_.data.size());
}

PublicKey SecretKey::public_key() const {
  secp256k1_pubkey point;
  CHECK(secp256k1_ec_pubkey_create(context(), &point, bytes_.data.data()) == 1);
  return serialize(point);
}

XOnlyKey SecretKey::x_only_key() const {
  // The x coordinate is the compressed key without its parity byte.
  const PublicKey key = public_key();
  XOnlyKey out;
  std::copy(key.data.begin() + 1, key.data.end(), out.data.begin());
  return out;
}

EcdsaSig SecretKey::sign_ecdsa(const Hash32& digest) const {
  secp256k1_ecdsa_signature signature;
  // The default nonce function is RFC 6979; the result is low-S.
  CHECK(secp256k1_ecdsa_sign(context(), &signature, digest.data.data(), bytes_.data.data(), nullptr,
                             nullptr) == 1);
  EcdsaSig out;
  CHECK(secp256k1_ecdsa_signature_serialize_compact(context(), out.data.data(), &signature) == 1);
  return out;
}

SchnorrSig SecretKey::sign_schnorr(const Hash32& digest, const Hash32& aux_random) const {
  const KeyPair key(bytes_);
  SchnorrSig out;
  CHECK(secp256k1_schnorrsig_sign32(context(), out.data.data(), digest.data.data(), &key.pair,
                                    aux_random.data.data()) == 1);
  return out;
}

std::optional<SecretKey> SecretKey::plus(ByteView tweak32) const {
  CHECK(tweak32.size() == 32);
  SecretKey out = *this;
  if (secp256k1_ec_seckey_tweak_add(context(), out.bytes_.data.data(), tweak32.data()) != 1) {
    return std::nullopt;
  }
  return out;
}

bool is_valid(const PublicKey& key) {
  return parse(key).has_value();
}

std::optional<PublicKey> plus_tweak(const PublicKey& key, ByteView tweak32) {
  CHECK(tweak32.size() == 32);
  std::optional<secp256k1_pubkey> point = parse(key);
  if (!point || secp256k1_ec_pubkey_tweak_add(context(), &*point, tweak32.data()) != 1) {
    return std::nullopt;
  }
  return serialize(*point);
}

bool verify_ecdsa(const PublicKey& key, const Hash32& digest, const EcdsaSig& signature) {
  secp256k1_ecdsa_signature parsed;
  // Refuses r or s not below the group order; the verification refuses zero and high S.
  if (secp256k1_ecdsa_signature_parse_compact(context(), &parsed, signature.data.data()) != 1) {
    return false;
  }
  const std::optional<secp256k1_pubkey> point = parse(key);
  return point && secp256k1_ecdsa_verify(context(), &parsed, digest.data.data(), &*point) == 1;
}

bool verify_schnorr(const XOnlyKey& key, ByteView message, const SchnorrSig& signature) {
  secp256k1_xonly_pubkey point;
  if (secp256k1_xonly_pubkey_parse(context(), &point, key.data.data()) != 1) return false;
  return secp256k1_schnorrsig_verify(context(), signature.data.data(),
                                     message.empty() ? &kNothing : message.data(), message.size(),
                                     &point) == 1;
}

std::optional<Hash32> ecdh(const SecretKey& secret, const PublicKey& other) {
  const std::optional<secp256k1_pubkey> point = parse(other);
  if (!point) return std::nullopt;
  Hash32 out;
  CHECK(secp256k1_ecdh(context(), out.data.data(), &*point, secret.bytes().data.data(), nullptr,
                       nullptr) == 1);
  return out;
}

}  // namespace fog
