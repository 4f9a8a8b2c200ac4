// Noise: Noise_XK_secp256k1_ChaChaPoly_SHA256, the handshake and the transport of Lightning's BOLT
// 8, with a prologue of the caller's. Pure: bytes in, bytes out.
//
//     initiator                                   responder
//     NoiseInitiator(self, responder's id)        NoiseResponder(self)
//       act_one()          -- e, es (50) -->        read_act_one()  gives act two
//       read_act_two()     <-- e, ee (50) --
//         gives act three  -- s, se (66) -->        read_act_three()
//       keys() ---------- two NoiseCiphers each ---------- keys()
//
// The initiator knows whom it calls; the responder learns who calls in act three, encrypted.
// Another prologue (another network) shows as a wrong tag in act one. After any error the handshake
// is over. Source: https://github.com/lightning/bolts/blob/master/08-transport.md
#pragma once

#include <optional>

#include "chain/base/bytes.h"
#include "chain/base/result.h"
#include "chain/crypto/aead.h"
#include "chain/crypto/keys.h"

namespace fog {

constexpr std::size_t kNoiseActOneSize = 50;
constexpr std::size_t kNoiseActTwoSize = 50;
constexpr std::size_t kNoiseActThreeSize = 66;
constexpr std::size_t kNoiseTagSize = 16;
// A frame: the encrypted length, 2 bytes big-endian, and the encrypted bytes, each with its tag.
constexpr std::size_t kNoiseHeadSize = 2 + kNoiseTagSize;
constexpr std::size_t kNoisePlainMax = 65535;

enum class NoiseError : std::uint8_t {
  kBadSize,        // an act of another size
  kBadVersion,     // the first byte is not 0
  kBadKey,         // not a compressed point
  kBadCiphertext,  // the initiator's key in act three does not open
  kBadTag,         // the other side lacks our key, its own, or the prologue
};
std::string_view noise_error_text(NoiseError error);

// What a handshake ends in.
struct NoiseKeys {
  Hash32 chaining;
  AeadKey send;
  AeadKey receive;
};

// The running state of both sides: BOLT 8's h, ck and temp_k. Wiped when it goes away.
class NoiseState {
 public:
  NoiseState(ByteView prologue, const PublicKey& responder);
  NoiseState(const NoiseState&) = default;
  NoiseState& operator=(const NoiseState&) = default;
  ~NoiseState();

  void mix_hash(ByteView bytes);
  void mix_key(const Hash32& shared);
  // Encrypts under the handshake hash and takes the result into it.
  Bytes seal(std::uint64_t nonce, ByteView plain);
  std::optional<Bytes> open(std::uint64_t nonce, ByteView sealed);
  // The first half of the last derivation is for the initiator's messages.
  NoiseKeys split(bool initiator) const;

 private:
  Hash32 hash_;
  Hash32 chaining_;
  AeadKey key_;
};

// One handshake, from the side that dials. The ephemeral key must be fresh.
class NoiseInitiator {
 public:
  NoiseInitiator(const SecretKey& self, const PublicKey& responder, ByteView prologue,
                 const SecretKey& ephemeral);
  // kBadKey when the responder's id is no point.
  Result<Bytes, NoiseError> act_one();
  // Gives act three.
  Result<Bytes, NoiseError> read_act_two(ByteView act);
  // After act three.
  NoiseKeys keys() const { return state_.split(true); }

 private:
  SecretKey self_;
  SecretKey ephemeral_;
  PublicKey responder_;
  NoiseState state_;
};

// One handshake, from the side that was dialled. The ephemeral key must be fresh.
class NoiseResponder {
 public:
  NoiseResponder(const SecretKey& self, ByteView prologue, const SecretKey& ephemeral);
  // Gives act two.
  Result<Bytes, NoiseError> read_act_one(ByteView act);
  // Gives the initiator's id, proven.
  Result<PublicKey, NoiseError> read_act_three(ByteView act);
  // After act three.
  NoiseKeys keys() const { return state_.split(false); }

 private:
  SecretKey self_;
  SecretKey ephemeral_;
  PublicKey remote_ephemeral_;
  NoiseState state_;
};

// One direction of the transport. The key changes after every 1000 uses, two a frame.
class NoiseCipher {
 public:
  NoiseCipher(const Hash32& chaining, const AeadKey& key) : chaining_(chaining), key_(key) {}
  NoiseCipher(const NoiseCipher&) = default;
  NoiseCipher& operator=(const NoiseCipher&) = default;
  ~NoiseCipher();

  // Appends the frame that carries `plain`, at most kNoisePlainMax bytes.
  void seal_frame(ByteView plain, Bytes& out);
  // Opens the first kNoiseHeadSize bytes of a frame: how many bytes of plain text follow (with a
  // tag). Nothing if they are not genuine: then the connection is over.
  std::optional<std::uint16_t> open_head(ByteView head);
  // Opens the rest of the frame, the tag included.
  std::optional<Bytes> open_body(ByteView body);

 private:
  AeadNonce next_nonce();
  void rotate_if_due();

  Hash32 chaining_;
  AeadKey key_;
  std::uint64_t uses_ = 0;
};

}  // namespace fog
