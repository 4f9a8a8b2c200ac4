// Hashes: SHA-256, RIPEMD-160, HMAC, HKDF, and the tagged hash that every signature and id is over.
// All are functions without state, safe from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "chain/base/bytes.h"

namespace fog {

Hash32 sha256(ByteView data);
// SHA-256 of the concatenation, without building it.
Hash32 sha256(std::initializer_list<ByteView> parts);
FixedBytes<64> sha512(ByteView data);
FixedBytes<20> ripemd160(ByteView data);
// RIPEMD160(SHA256(data)), the address hash.
FixedBytes<20> hash160(ByteView data);
Hash32 hmac_sha256(ByteView key, ByteView data);
FixedBytes<64> hmac_sha512(ByteView key, ByteView data);
// RFC 5869. `length` at most 255 * 32.
Bytes hkdf_sha256(ByteView secret, ByteView salt, ByteView info, std::size_t length);

// SHA256(SHA256(tag) || SHA256(tag) || parts...), as in BIP-340.
Hash32 tagged_hash(std::string_view tag, std::initializer_list<ByteView> parts);
inline Hash32 tagged_hash(std::string_view tag, ByteView message) {
  return tagged_hash(tag, {message});
}

// A tag whose share of the hash is computed once, for hot paths: saves two of the three or four
// blocks of a short message. `static const HashTag kTag("fog/...");`
class HashTag {
 public:
  explicit HashTag(std::string_view tag);

 private:
  friend Hash32 tagged_hash(const HashTag& tag, std::initializer_list<ByteView> parts);
  std::array<std::uint32_t, 8> midstate_{};
};
// The same value as with the tag's text.
Hash32 tagged_hash(const HashTag& tag, std::initializer_list<ByteView> parts);

// Streaming SHA-256, for artifacts that do not fit in memory.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(Sha256Stream&&) noexcept;
  Sha256Stream& operator=(Sha256Stream&&) noexcept;
  void update(ByteView data);
  // The digest; the stream starts anew.
  Hash32 finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fog
