#include "wallet/hd_key.h"

#include <algorithm>

#include "chain/crypto/hash.h"
#include "wallet/base58.h"

namespace fog::wallet {
namespace {

// BIP-32, "Serialization format".
constexpr std::uint32_t kVersionPublic = 0x0488B21E;   // xpub
constexpr std::uint32_t kVersionPrivate = 0x0488ADE4;  // xprv
constexpr std::size_t kSize = 78;

struct Serialized {
  std::uint32_t version = 0;
  HdPlace place;
  Hash32 chain_code;
  FixedBytes<33> key;
  Serialized() = default;
  Serialized(const Serialized&) = default;
  Serialized& operator=(const Serialized&) = default;
  ~Serialized() { secure_wipe(key.data.data(), key.kSize); }
};

void append_be32(Bytes& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

std::uint32_t read_be32(ByteView four) {
  return static_cast<std::uint32_t>(four[0]) << 24 | static_cast<std::uint32_t>(four[1]) << 16 |
         static_cast<std::uint32_t>(four[2]) << 8 | four[3];
}

std::string write(const Serialized& in) {
  Bytes out;
  out.reserve(kSize);
  append_be32(out, in.version);
  out.push_back(in.place.depth);
  append(out, in.place.parent_fingerprint);
  append_be32(out, in.place.index);
  append(out, in.chain_code);
  append(out, in.key);
  std::string text = base58check_encode(out);
  secure_wipe(out.data(), out.size());
  return text;
}

ErrorOr<Serialized> read(std::string_view text, std::uint32_t version) {
  const std::string_view kind = version == kVersionPrivate ? "xprv" : "xpub";
  std::optional<Bytes> decoded = base58check_decode(text);
  if (!decoded) {
    return fail(ErrorCode::kInvalidInput,
                "the extended key has a foreign character or its checksum does not match");
  }
  const SecretBytes bytes(std::move(*decoded));
  const ByteView view(bytes.get());
  if (view.size() != kSize || read_be32(view) != version) {
    return fail(ErrorCode::kInvalidInput, "the extended key is not an " + std::string(kind));
  }
  Serialized out;
  out.version = version;
  out.place = {view[4], *fixed_from<4>(view.subspan(5, 4)), read_be32(view.subspan(9, 4))};
  out.chain_code = *fixed_from<32>(view.subspan(13, 32));
  out.key = *fixed_from<33>(view.subspan(45, 33));
  if (out.place.depth == 0 && (!out.place.parent_fingerprint.is_zero() || out.place.index != 0)) {
    return fail(ErrorCode::kInvalidInput, "the extended key says it is a root and has a parent");
  }
  return out;
}

FixedBytes<4> fingerprint(const PublicKey& key) {
  return *fixed_from<4>(ByteView(hash160(key)).first(4));
}

// I of BIP-32's child key derivation: the tweak and the child's chain code.
FixedBytes<64> child_hash(const Hash32& chain_code, ByteView key33, std::uint32_t index) {
  Bytes data = to_bytes(key33);
  append_be32(data, index);
  const FixedBytes<64> out = hmac_sha512(chain_code, data);
  secure_wipe(data.data(), data.size());
  return out;
}

Fail<Error> no_such_child() {
  return fail(ErrorCode::kInvalidInput,
              "the key has no child at this index (a chance of 1 in 2^127); use the next index");
}
Fail<Error> too_deep() {
  return fail(ErrorCode::kInvalidInput, "the key stands at depth 255 and can have no children");
}

}  // namespace

ErrorOr<HdPublicKey> HdPublicKey::from_text(std::string_view xpub) {
  TRY(const Serialized in, read(xpub, kVersionPublic));
  if (!is_valid(in.key)) {
    return fail(ErrorCode::kInvalidInput, "the extended key holds no point of the curve");
  }
  HdPublicKey out;
  out.place_ = in.place;
  out.chain_code_ = in.chain_code;
  out.key_ = in.key;
  return out;
}

std::string HdPublicKey::to_text() const {
  Serialized out;
  out.version = kVersionPublic;
  out.place = place_;
  out.chain_code = chain_code_;
  out.key = key_;
  return write(out);
}

ErrorOr<HdPublicKey> HdPublicKey::child(std::uint32_t index) const {
  if ((index & kHardened) != 0) {
    return fail(ErrorCode::kInvalidInput, "a hardened child needs the private key");
  }
  if (place_.depth == kHdDepthMax) return too_deep();
  const FixedBytes<64> hash = child_hash(chain_code_, key_, index);
  const auto key = plus_tweak(key_, ByteView(hash).first(32));
  if (!key) return no_such_child();
  HdPublicKey out;
  out.place_ = {static_cast<std::uint8_t>(place_.depth + 1), fingerprint(key_), index};
  out.chain_code_ = *fixed_from<32>(ByteView(hash).last(32));
  out.key_ = *key;
  return out;
}

ErrorOr<HdPrivateKey> HdPrivateKey::from_seed(ByteView seed) {
  if (seed.size() < 16 || seed.size() > 64) {
    return fail(ErrorCode::kInvalidInput, "a seed has 16 to 64 bytes");
  }
  FixedBytes<64> hash = hmac_sha512(as_bytes("Bitcoin seed"), seed);
  const auto key = SecretKey::from_bytes(ByteView(hash).first(32));
  const Hash32 chain_code = *fixed_from<32>(ByteView(hash).last(32));
  secure_wipe(hash.data.data(), hash.kSize);
  if (!key) {
    return fail(ErrorCode::kInvalidInput, "this seed gives no key; generate another one");
  }
  return HdPrivateKey(HdPlace{}, chain_code, *key);
}

ErrorOr<HdPrivateKey> HdPrivateKey::from_text(std::string_view xprv) {
  TRY(const Serialized in, read(xprv, kVersionPrivate));
  const auto key = SecretKey::from_bytes(ByteView(in.key).subspan(1));
  if (in.key[0] != 0 || !key) {
    return fail(ErrorCode::kInvalidInput, "the extended key holds no valid secret key");
  }
  return HdPrivateKey(in.place, in.chain_code, *key);
}

SecretText HdPrivateKey::to_text() const {
  Serialized out;
  out.version = kVersionPrivate;
  out.place = place_;
  out.chain_code = chain_code_;
  std::copy(key_.bytes().data.begin(), key_.bytes().data.end(), out.key.data.begin() + 1);
  return SecretText(write(out));
}

HdPublicKey HdPrivateKey::public_part() const {
  HdPublicKey out;
  out.place_ = place_;
  out.chain_code_ = chain_code_;
  out.key_ = key_.public_key();
  return out;
}

ErrorOr<HdPrivateKey> HdPrivateKey::child(std::uint32_t index) const {
  if (place_.depth == kHdDepthMax) return too_deep();
  const PublicKey own = key_.public_key();
  FixedBytes<33> material = own;
  if ((index & kHardened) != 0) {
    material.data[0] = 0;
    std::copy(key_.bytes().data.begin(), key_.bytes().data.end(), material.data.begin() + 1);
  }
  FixedBytes<64> hash = child_hash(chain_code_, material, index);
  secure_wipe(material.data.data(), material.kSize);
  const auto key = key_.plus(ByteView(hash).first(32));
  const Hash32 chain_code = *fixed_from<32>(ByteView(hash).last(32));
  secure_wipe(hash.data.data(), hash.kSize);
  if (!key) return no_such_child();
  const HdPlace place{static_cast<std::uint8_t>(place_.depth + 1), fingerprint(own), index};
  return HdPrivateKey(place, chain_code, *key);
}

ErrorOr<HdPrivateKey> HdPrivateKey::descendant(const HdPath& path) const {
  HdPrivateKey at = *this;
  for (const std::uint32_t index : path) {
    TRY(at, at.child(index));
  }
  return at;
}

}  // namespace fog::wallet
