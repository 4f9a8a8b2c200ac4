// A box that only the holder of one key can open: ECIES over secp256k1 with the primitives of BOLT
// 8's handshake (SHA-256 of the shared point, HKDF-SHA256, ChaCha20-Poly1305).
//
//   box = ephemeral public key (33) || ciphertext || tag (16)
//   key = HKDF-SHA256(ECDH(ephemeral, recipient), salt = both public keys, info = "fog/sealed-box")
//
// The nonce is zero, since each box has a key of its own. Who made a box it does not say: sign it,
// or name the sender in what is associated.
#pragma once

#include <optional>

#include "chain/crypto/keys.h"

namespace fog {

constexpr std::size_t kSealedBoxOverhead = PublicKey::kSize + 16;

// Nothing if the recipient's key is no point.
std::optional<Bytes> seal_box(const PublicKey& recipient, ByteView associated, ByteView plain,
                              Rng& rng);
// Nothing if it was made for another key, with something else associated, or is damaged.
std::optional<Bytes> open_box(const SecretKey& recipient, ByteView associated, ByteView box);

}  // namespace fog
