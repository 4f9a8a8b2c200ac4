#include "chain/net/noise.h"

#include <array>

#include "chain/base/check.h"
#include "chain/crypto/hash.h"

namespace fog {
namespace {

constexpr std::string_view kProtocolName = "Noise_XK_secp256k1_ChaChaPoly_SHA256";
constexpr std::uint8_t kVersion = 0;
constexpr std::uint64_t kUsesPerKey = 1000;

// 32 zero bits, then the number, little-endian.
AeadNonce nonce_of(std::uint64_t number) {
  AeadNonce nonce;
  for (std::size_t i = 0; i < 8; ++i)
    nonce.data[4 + i] = static_cast<std::uint8_t>(number >> (8 * i));
  return nonce;
}

// BOLT 8's HKDF: 64 bytes, without info; both halves.
std::array<Hash32, 2> derive(const Hash32& salt, ByteView material) {
  Bytes both = hkdf_sha256(material, salt, {}, 64);
  std::array<Hash32, 2> out;
  std::copy_n(both.begin(), 32, out[0].data.begin());
  std::copy_n(both.begin() + 32, 32, out[1].data.begin());
  secure_wipe(both.data(), both.size());
  return out;
}

// The version byte and the size, then the rest.
Result<ByteView, NoiseError> body_of(ByteView act, std::size_t size) {
  if (act.size() != size) return Fail{NoiseError::kBadSize};
  if (act[0] != kVersion) return Fail{NoiseError::kBadVersion};
  return act.subspan(1);
}

Bytes act_of(std::initializer_list<ByteView> parts) {
  Bytes act = {kVersion};
  for (const ByteView part : parts) append(act, part);
  return act;
}

// Takes the other side's ephemeral key, and what both now share, into the state; then the tag.
Result<PublicKey, NoiseError> read_ephemeral(NoiseState& state, const SecretKey& ours,
                                             ByteView body) {
  const auto theirs = fixed_from<PublicKey::kSize>(body.first(PublicKey::kSize));
  CHECK(theirs.has_value());
  const auto shared = ecdh(ours, *theirs);
  if (!shared) return Fail{NoiseError::kBadKey};
  state.mix_hash(*theirs);
  state.mix_key(*shared);
  if (!state.open(0, body.subspan(PublicKey::kSize))) return Fail{NoiseError::kBadTag};
  return *theirs;
}

}  // namespace

std::string_view noise_error_text(NoiseError error) {
  switch (error) {
    case NoiseError::kBadSize:
      return "an act of the wrong size";
    case NoiseError::kBadVersion:
      return "an unknown handshake version";
    case NoiseError::kBadKey:
      return "a key that is no point of the curve";
    case NoiseError::kBadCiphertext:
      return "an identity that does not open";
    case NoiseError::kBadTag:
      return "a wrong tag: another network, or another key than expected";
  }
  CHECK(false);
}

NoiseState::NoiseState(ByteView prologue, const PublicKey& responder)
    : hash_(sha256(as_bytes(kProtocolName))), chaining_(hash_) {
  mix_hash(prologue);
  mix_hash(responder);
}

NoiseState::~NoiseState() {
  secure_wipe(&chaining_, sizeof chaining_);
  secure_wipe(&key_, sizeof key_);
}

void NoiseState::mix_hash(ByteView bytes) {
  hash_ = sha256({ByteView(hash_), bytes});
}

void NoiseState::mix_key(const Hash32& shared) {
  const auto halves = derive(chaining_, shared);
  chaining_ = halves[0];
  key_ = halves[1];
}

Bytes NoiseState::seal(std::uint64_t nonce, ByteView plain) {
  Bytes sealed = chacha20poly1305_seal(key_, nonce_of(nonce), hash_, plain);
  mix_hash(sealed);
  return sealed;
}

std::optional<Bytes> NoiseState::open(std::uint64_t nonce, ByteView sealed) {
  auto plain = chacha20poly1305_open(key_, nonce_of(nonce), hash_, sealed);
  mix_hash(sealed);
  return plain;
}

NoiseKeys NoiseState::split(bool initiator) const {
  const auto halves = derive(chaining_, {});
  return {chaining_, halves[initiator ? 0 : 1], halves[initiator ? 1 : 0]};
}

NoiseInitiator::NoiseInitiator(const SecretKey& self, const PublicKey& responder, ByteView prologue,
                               const SecretKey& ephemeral)
    : self_(self), ephemeral_(ephemeral), responder_(responder), state_(prologue, responder) {}

Result<Bytes, NoiseError> NoiseInitiator::act_one() {
  const auto shared = ecdh(ephemeral_, responder_);
  if (!shared) return Fail{NoiseError::kBadKey};
  const PublicKey ours = ephemeral_.public_key();
  state_.mix_hash(ours);
  state_.mix_key(*shared);
  return act_of({ours, state_.seal(0, {})});
}

Result<Bytes, NoiseError> NoiseInitiator::read_act_two(ByteView act) {
  TRY(const ByteView body, body_of(act, kNoiseActTwoSize));
  TRY(const PublicKey theirs, read_ephemeral(state_, ephemeral_, body));
  const Bytes identity = state_.seal(1, self_.public_key());
  const auto shared = ecdh(self_, theirs);
  if (!shared) return Fail{NoiseError::kBadKey};
  state_.mix_key(*shared);
  return act_of({identity, state_.seal(0, {})});
}

NoiseResponder::NoiseResponder(const SecretKey& self, ByteView prologue, const SecretKey& ephemeral)
    : self_(self), ephemeral_(ephemeral), state_(prologue, self.public_key()) {}

Result<Bytes, NoiseError> NoiseResponder::read_act_one(ByteView act) {
  TRY(const ByteView body, body_of(act, kNoiseActOneSize));
  TRY(remote_ephemeral_, read_ephemeral(state_, self_, body));
  const PublicKey ours = ephemeral_.public_key();
  state_.mix_hash(ours);
  const auto shared = ecdh(ephemeral_, remote_ephemeral_);
  if (!shared) return Fail{NoiseError::kBadKey};
  state_.mix_key(*shared);
  return act_of({ours, state_.seal(0, {})});
}

Result<PublicKey, NoiseError> NoiseResponder::read_act_three(ByteView act) {
  TRY(const ByteView body, body_of(act, kNoiseActThreeSize));
  constexpr std::size_t kIdentitySize = PublicKey::kSize + kNoiseTagSize;
  const auto identity = state_.open(1, body.first(kIdentitySize));
  if (!identity) return Fail{NoiseError::kBadCiphertext};
  const auto initiator = fixed_from<PublicKey::kSize>(*identity);
  CHECK(initiator.has_value());
  const auto shared = ecdh(ephemeral_, *initiator);
  if (!shared) return Fail{NoiseError::kBadKey};
  state_.mix_key(*shared);
  if (!state_.open(0, body.subspan(kIdentitySize))) return Fail{NoiseError::kBadTag};
  return *initiator;
}

NoiseCipher::~NoiseCipher() {
  secure_wipe(&chaining_, sizeof chaining_);
  secure_wipe(&key_, sizeof key_);
}

AeadNonce NoiseCipher::next_nonce() {
  return nonce_of(uses_++);
}

void NoiseCipher::rotate_if_due() {
  if (uses_ < kUsesPerKey) return;
  const auto halves = derive(chaining_, key_);
  chaining_ = halves[0];
  key_ = halves[1];
  uses_ = 0;
}

void NoiseCipher::seal_frame(ByteView plain, Bytes& out) {
  CHECK(plain.size() <= kNoisePlainMax);
  const std::array<std::uint8_t, 2> length = {static_cast<std::uint8_t>(plain.size() >> 8),
                                              static_cast<std::uint8_t>(plain.size() & 0xFF)};
  append(out, chacha20poly1305_seal(key_, next_nonce(), {}, length));
  append(out, chacha20poly1305_seal(key_, next_nonce(), {}, plain));
  rotate_if_due();
}

std::optional<std::uint16_t> NoiseCipher::open_head(ByteView head) {
  CHECK(head.size() == kNoiseHeadSize);
  const auto length = chacha20poly1305_open(key_, next_nonce(), {}, head);
  if (!length) return std::nullopt;
  return static_cast<std::uint16_t>(std::uint16_t{(*length)[0]} << 8 | (*length)[1]);
}

std::optional<Bytes> NoiseCipher::open_body(ByteView body) {
  auto plain = chacha20poly1305_open(key_, next_nonce(), {}, body);
  rotate_if_due();
  return plain;
}

}  // namespace fog
