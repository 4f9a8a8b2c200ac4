// Signer: whoever holds a secret key and signs digests with it, in memory or elsewhere.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "chain/base/error.h"
#include "chain/crypto/keys.h"
#include "chain/types/address.h"

namespace fog::wallet {

class Signer {
 public:
  virtual ~Signer() = default;
  virtual PublicKey public_key() const = 0;
  // A 64-byte compact ECDSA signature, low-S, of a tagged hash. May fail where the key is not in
  // this process. Safe from any thread.
  virtual ErrorOr<EcdsaSig> sign(const Hash32& digest) = 0;

  Address address() const { return address_of(public_key()); }
};

// Signs with a key that it holds; never fails.
class KeySigner final : public Signer {
 public:
  explicit KeySigner(const SecretKey& key) : key_(key), public_key_(key.public_key()) {}
  PublicKey public_key() const override { return public_key_; }
  ErrorOr<EcdsaSig> sign(const Hash32& digest) override { return key_.sign_ecdsa(digest); }

 private:
  SecretKey key_;
  PublicKey public_key_;
};

// A signer with the key of one account of a keystore file, by name or address; only that key stays
// in memory. With an empty name the keystore must have one account. Errors as Keystore::open and
// find.
ErrorOr<std::unique_ptr<Signer>> open_signer(const std::string& keystore_path,
                                             std::string_view passphrase,
                                             std::string_view name_or_address);

}  // namespace fog::wallet
