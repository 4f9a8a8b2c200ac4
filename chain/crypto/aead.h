// Authenticated encryption: ChaCha20-Poly1305 (RFC 8439) and AES-256-GCM, 12-byte nonces, 16-byte
// tags appended; and scrypt (RFC 7914) to make a key from a passphrase.
#pragma once

#include <cstdint>
#include <optional>

#include "chain/base/bytes.h"

namespace fog {

using AeadKey = FixedBytes<32>;
using AeadNonce = FixedBytes<12>;

// ciphertext || tag. A (key, nonce) pair must never be used twice.
Bytes chacha20poly1305_seal(const AeadKey& key, const AeadNonce& nonce, ByteView associated,
                            ByteView plain);
// Nothing if the tag does not match.
std::optional<Bytes> chacha20poly1305_open(const AeadKey& key, const AeadNonce& nonce,
                                           ByteView associated, ByteView sealed);
// AES-GCM with a 16, 24 or 32-byte key and a nonce of 1 to 1024 bytes (12 is the usual length).
// Sealing with other lengths is our own bug and stops the program; opening gives nothing.
Bytes aes_gcm_seal(ByteView key, ByteView nonce, ByteView associated, ByteView plain);
std::optional<Bytes> aes_gcm_open(ByteView key, ByteView nonce, ByteView associated,
                                  ByteView sealed);

// n a power of two; memory is 128 * n * r bytes. Nothing for parameters out of bounds
// (n in 2..2^20 and below 2^(16 r), r in 1..32, p in 1..16, length in 1..1024, memory at most 1
// GiB), because they come from files that a stranger may have written, or if that memory cannot be
// had.
std::optional<Bytes> scrypt(ByteView passphrase, ByteView salt, std::uint64_t n, std::uint32_t r,
                            std::uint32_t p, std::size_t length);
// PBKDF2-HMAC-SHA512, as BIP-39 uses it.
FixedBytes<64> pbkdf2_sha512(ByteView passphrase, ByteView salt, std::uint32_t iterations);

// Overwrites memory in a way the compiler keeps.
void secure_wipe(void* data, std::size_t size);

}  // namespace fog
