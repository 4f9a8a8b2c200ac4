// Keys and signatures on secp256k1 (libsecp256k1). Accounts sign with 64-byte compact ECDSA, low-S,
// RFC 6979 nonces; validators sign votes with BIP-340.
#pragma once

#include <optional>

#include "chain/base/bytes.h"
#include "chain/base/clock.h"

namespace fog {

using PublicKey = FixedBytes<33>;   // compressed point
using XOnlyKey = FixedBytes<32>;    // BIP-340 public key
using EcdsaSig = FixedBytes<64>;    // r || s, big-endian
using SchnorrSig = FixedBytes<64>;  // BIP-340

// A secret scalar in [1, n). Wiped from memory when it goes away.
class SecretKey {
 public:
  // Nothing if the bytes are zero or not below the group order.
  static std::optional<SecretKey> from_bytes(ByteView bytes32);
  static SecretKey generate(Rng& rng);
  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  ~SecretKey();

  const Hash32& bytes() const { return bytes_; }
  PublicKey public_key() const;
  XOnlyKey x_only_key() const;
  EcdsaSig sign_ecdsa(const Hash32& digest) const;
  // BIP-340 with the given auxiliary randomness (all zero is allowed by the BIP).
  SchnorrSig sign_schnorr(const Hash32& digest, const Hash32& aux_random) const;
  // this + tweak mod n (BIP-32); nothing if the sum is not a valid key.
  std::optional<SecretKey> plus(ByteView tweak32) const;

 private:
  explicit SecretKey(const Hash32& bytes) : bytes_(bytes) {}
  Hash32 bytes_;
};

// Whether the bytes are a valid compressed point.
bool is_valid(const PublicKey& key);
// point(tweak) + key (BIP-32 public derivation); nothing if the result is not a point.
std::optional<PublicKey> plus_tweak(const PublicKey& key, ByteView tweak32);

// False for an invalid key, a high S, zero or out-of-range r or s, or a signature that does not
// match. Safe from any thread. About 40 us.
bool verify_ecdsa(const PublicKey& key, const Hash32& digest, const EcdsaSig& signature);
// BIP-340 over a message of any length (its vectors include some).
bool verify_schnorr(const XOnlyKey& key, ByteView message, const SchnorrSig& signature);

// SHA256 of the compressed shared point (libsecp256k1's default, as in BOLT 8); nothing if the key
// is invalid.
std::optional<Hash32> ecdh(const SecretKey& secret, const PublicKey& other);

}  // namespace fog
