// SealedStream: one end of a conversation that nobody between the two ends can read, change, cut
// out of or play again, whatever carries it.
//
//   record = length (u32, little-endian, of what follows) || ciphertext || tag (16)
//
// ChaCha20-Poly1305 with one key a direction and the record's number as nonce. Keys come from
// ECDH of the two ends' keys, HKDF-SHA256 with a salt that both know and one of them has drawn for
// this conversation alone: that end knows that what it hears was said to it now. Sealing and
// opening may go on in two threads, each in one.
#pragma once

#include <optional>

#include "chain/base/error.h"
#include "chain/crypto/aead.h"
#include "chain/crypto/keys.h"

namespace fog::executor {

constexpr std::size_t kSealedPlainMax = 64 * 1024;

enum class StreamSide : std::uint8_t { kAsker, kHost };

class SealedStream {
 public:
  // Nothing if `theirs` is no key. `info` says what the conversation is for.
  static std::optional<SealedStream> make(const SecretKey& mine, const PublicKey& theirs,
                                          ByteView salt, ByteView info, StreamSide side);
  SealedStream(const SealedStream&) = default;
  SealedStream& operator=(const SealedStream&) = default;
  ~SealedStream();

  // At most kSealedPlainMax bytes as one record.
  Bytes seal(ByteView plain);
  // Takes what has come.
  void push(ByteView bytes);
  // The next record's content; nothing when more bytes are needed. kProtocol for a record that the
  // other end did not make as the next one, and from then on.
  ErrorOr<std::optional<Bytes>> next();

 private:
  SealedStream() = default;

  AeadKey out_key_, in_key_;
  std::uint64_t sealed_ = 0, opened_ = 0;
  Bytes buffer_;
  bool broken_ = false;
};

}  // namespace fog::executor
