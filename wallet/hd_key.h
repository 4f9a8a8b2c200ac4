// Extended keys (BIP-32): a key with a chain code, from which child keys are derived; written as
// xprv and xpub.
//
// Values without shared state: use one from one thread at a time, copies from any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "chain/base/error.h"
#include "chain/crypto/keys.h"
#include "wallet/hd_path.h"
#include "wallet/secret.h"

namespace fog::wallet {

// Where an extended key stands in its tree.
struct HdPlace {
  std::uint8_t depth = 0;            // 0 is the root
  FixedBytes<4> parent_fingerprint;  // zero for the root
  std::uint32_t index = 0;           // its own step, 0 for the root
  bool operator==(const HdPlace&) const = default;
};

class HdPublicKey {
 public:
  // Reads an xpub. kInvalidInput says what is wrong: checksum, kind, place, or a key that is no
  // point.
  static ErrorOr<HdPublicKey> from_text(std::string_view xpub);

  const PublicKey& key() const { return key_; }
  const HdPlace& place() const { return place_; }
  std::string to_text() const;
  // The child at an index below 2^31. kInvalidInput for a hardened index, depth 255, or the child
  // in 2^127 that does not exist (take the next index then).
  ErrorOr<HdPublicKey> child(std::uint32_t index) const;
  bool operator==(const HdPublicKey&) const = default;

 private:
  friend class HdPrivateKey;
  HdPublicKey() = default;
  HdPlace place_;
  Hash32 chain_code_;
  PublicKey key_;
};

class HdPrivateKey {
 public:
  // The root of a wallet. kInvalidInput for a seed outside 16..64 bytes, or the one in 2^127 that
  // gives no key.
  static ErrorOr<HdPrivateKey> from_seed(ByteView seed);
  // Reads an xprv.
  static ErrorOr<HdPrivateKey> from_text(std::string_view xprv);

  const SecretKey& key() const { return key_; }
  const HdPlace& place() const { return place_; }
  SecretText to_text() const;
  HdPublicKey public_part() const;
  // The child at any index; kInvalidInput as for public keys.
  ErrorOr<HdPrivateKey> child(std::uint32_t index) const;
  // The descendant at the end of a path that starts here.
  ErrorOr<HdPrivateKey> descendant(const HdPath& path) const;

 private:
  HdPrivateKey(const HdPlace& place, const Hash32& chain_code, const SecretKey& key)
      : place_(place), chain_code_(chain_code), key_(key) {}
  HdPlace place_;
  Hash32 chain_code_;
  SecretKey key_;
};

}  // namespace fog::wallet
