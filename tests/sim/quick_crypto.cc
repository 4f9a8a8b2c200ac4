#include "tests/sim/quick_crypto.h"

#include <map>

#include "chain/crypto/hash.h"
#include "chain/crypto/keys.h"

namespace fog::sim {

// The names that the linker's --wrap gives to the two sides of each function.
#define FOG_WRAP(name) asm("__wrap_" name)
#define FOG_REAL(name) asm("__real_" name)
#define FOG_VERIFY_ECDSA \
  "_ZN3fog12verify_ecdsaERKNS_10FixedBytesILm33EEERKNS0_ILm32EEERKNS0_ILm64EEE"
#define FOG_VERIFY_KNOWN \
  "_ZN3fog21verify_ecdsa_of_knownERKNS_10FixedBytesILm33EEERKNS0_ILm32EEERKNS0_ILm64EEE"
#define FOG_VERIFY_SCHNORR                                                                    \
  "_ZN3fog14verify_schnorrERKNS_10FixedBytesILm32EEESt4spanIKhLm18446744073709551615EERKNS0_" \
  "ILm64EEE"
#define FOG_SIGN_ECDSA "_ZNK3fog9SecretKey10sign_ecdsaERKNS_10FixedBytesILm32EEE"
#define FOG_SIGN_SCHNORR "_ZNK3fog9SecretKey12sign_schnorrERKNS_10FixedBytesILm32EEES4_"
#define FOG_PUBLIC_KEY "_ZNK3fog9SecretKey10public_keyEv"
#define FOG_X_ONLY_KEY "_ZNK3fog9SecretKey10x_only_keyEv"
#define FOG_SEEDED_HASH "_ZN3fog11seeded_hashESt4spanIKhLm18446744073709551615EE"

bool real_verify_ecdsa(const PublicKey&, const Hash32&, const EcdsaSig&) FOG_REAL(FOG_VERIFY_ECDSA);
bool wrap_verify_ecdsa(const PublicKey&, const Hash32&, const EcdsaSig&) FOG_WRAP(FOG_VERIFY_ECDSA);
bool real_verify_known(const PublicKey&, const Hash32&, const EcdsaSig&) FOG_REAL(FOG_VERIFY_KNOWN);
bool wrap_verify_known(const PublicKey&, const Hash32&, const EcdsaSig&) FOG_WRAP(FOG_VERIFY_KNOWN);
bool real_verify_schnorr(const XOnlyKey&, ByteView, const SchnorrSig&) FOG_REAL(FOG_VERIFY_SCHNORR);
bool wrap_verify_schnorr(const XOnlyKey&, ByteView, const SchnorrSig&) FOG_WRAP(FOG_VERIFY_SCHNORR);
EcdsaSig real_sign_ecdsa(const SecretKey*, const Hash32&) FOG_REAL(FOG_SIGN_ECDSA);
EcdsaSig wrap_sign_ecdsa(const SecretKey*, const Hash32&) FOG_WRAP(FOG_SIGN_ECDSA);
SchnorrSig real_sign_schnorr(const SecretKey*, const Hash32&, const Hash32&)
    FOG_REAL(FOG_SIGN_SCHNORR);
SchnorrSig wrap_sign_schnorr(const SecretKey*, const Hash32&, const Hash32&)
    FOG_WRAP(FOG_SIGN_SCHNORR);
PublicKey real_public_key(const SecretKey*) FOG_REAL(FOG_PUBLIC_KEY);
PublicKey wrap_public_key(const SecretKey*) FOG_WRAP(FOG_PUBLIC_KEY);
XOnlyKey real_x_only_key(const SecretKey*) FOG_REAL(FOG_X_ONLY_KEY);
XOnlyKey wrap_x_only_key(const SecretKey*) FOG_WRAP(FOG_X_ONLY_KEY);
std::size_t wrap_seeded_hash(ByteView) FOG_WRAP(FOG_SEEDED_HASH);

namespace {

bool quick = true;

FixedBytes<64> seal(ByteView key, ByteView message) {
  const Hash32 one = sha256({key, message});
  FixedBytes<64> out;
  std::copy(one.data.begin(), one.data.end(), out.data.begin());
  std::copy(one.data.begin(), one.data.end(), out.data.begin() + 32);
  return out;
}

// A secret's public key costs 20 us; there are few secrets. One thread runs a simulation.
struct Public {
  PublicKey key;
  XOnlyKey x_only;
};
const Public& public_of(const SecretKey* secret) {
  static std::map<Hash32, Public> known;
  const auto found = known.find(secret->bytes());
  if (found != known.end()) return found->second;
  return known.emplace(secret->bytes(), Public{real_public_key(secret), real_x_only_key(secret)})
      .first->second;
}

}  // namespace

void use_real_signatures() {
  quick = false;
}

bool wrap_verify_ecdsa(const PublicKey& key, const Hash32& digest, const EcdsaSig& signature) {
  return quick ? signature == seal(key, digest) : real_verify_ecdsa(key, digest, signature);
}
bool wrap_verify_known(const PublicKey& key, const Hash32& digest, const EcdsaSig& signature) {
  return quick ? signature == seal(key, digest) : real_verify_known(key, digest, signature);
}
bool wrap_verify_schnorr(const XOnlyKey& key, ByteView message, const SchnorrSig& signature) {
  return quick ? signature == seal(key, message) : real_verify_schnorr(key, message, signature);
}
EcdsaSig wrap_sign_ecdsa(const SecretKey* secret, const Hash32& digest) {
  return quick ? seal(public_of(secret).key, digest) : real_sign_ecdsa(secret, digest);
}
SchnorrSig wrap_sign_schnorr(const SecretKey* secret, const Hash32& digest, const Hash32& aux) {
  return quick ? seal(public_of(secret).x_only, digest) : real_sign_schnorr(secret, digest, aux);
}
PublicKey wrap_public_key(const SecretKey* secret) {
  return public_of(secret).key;
}
XOnlyKey wrap_x_only_key(const SecretKey* secret) {
  return public_of(secret).x_only;
}

std::size_t wrap_seeded_hash(ByteView bytes) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001B3U;
  return hash ^ hash >> 32;
}

}  // namespace fog::sim
