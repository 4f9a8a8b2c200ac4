// The keystore's file: JSON that a person can look at, in which the secrets are sealed with
// ChaCha20-Poly1305 under a key that scrypt makes from the passphrase.
//
//   {"format": "fogcoin-keystore", "version": 1,
//    "accounts": [{"name", "address", "public_key", "path"}, ...],      readable by anybody
//    "kdf": {"name": "scrypt", "n", "r", "p", "salt"},
//    "cipher": {"name": "chacha20-poly1305", "nonce"},
//    "sealed": hex of BCS(KeystoreContents) encrypted, everything above authenticated with it,
//    "checksum": hex of the SHA-256 of everything above}
//
// The checksum is without key: it tells damage from a wrong passphrase. There is one text for a
// given keystore, and any other is refused, so no byte of the file can change unnoticed.
#pragma once

#include <string>
#include <string_view>

#include "chain/base/error.h"
#include "chain/types/address.h"
#include "wallet/secret.h"

namespace fog::wallet {

constexpr std::size_t kKeystoreAccountsMax = 1024;
constexpr std::size_t kKeystoreBytesMax = std::size_t{1} << 20;
constexpr std::size_t kAccountNameMax = 32;

// Memory of 128 n r bytes and a good part of a second; n is a power of two.
struct ScryptParams {
  std::uint64_t n = 1U << 16;
  std::uint32_t r = 8;
  std::uint32_t p = 1;
  static constexpr auto kFields =
      std::make_tuple(&ScryptParams::n, &ScryptParams::r, &ScryptParams::p);
  bool operator==(const ScryptParams&) const = default;
};

// What anybody who has the file may see of an account.
struct ShownAccount {
  BoundedText<kAccountNameMax> name;
  Address address;
  PublicKey key;
  // The index of its derivation path (wallet/hd_path.h); nothing for an imported key.
  std::optional<std::uint32_t> index;
  static constexpr auto kFields = std::make_tuple(&ShownAccount::name, &ShownAccount::address,
                                                  &ShownAccount::key, &ShownAccount::index);
  bool operator==(const ShownAccount&) const = default;
};

// Everything that stands in the open; authenticated together with the sealed part.
struct KeystoreHeader {
  std::uint32_t version = 1;
  BoundedList<ShownAccount, kKeystoreAccountsMax> accounts;
  ScryptParams scrypt;
  FixedBytes<32> salt;
  AeadNonce nonce;
  static constexpr auto kFields =
      std::make_tuple(&KeystoreHeader::version, &KeystoreHeader::accounts, &KeystoreHeader::scrypt,
                      &KeystoreHeader::salt, &KeystoreHeader::nonce);
  bool operator==(const KeystoreHeader&) const = default;
};

struct KeystoreFile {
  KeystoreHeader header;
  Bytes sealed;
};

// One account's secret: the index it is derived at, or the imported key itself.
struct StoredAccount {
  BoundedText<kAccountNameMax> name;
  std::variant<std::uint32_t, Hash32> key;
  static constexpr auto kFields = std::make_tuple(&StoredAccount::name, &StoredAccount::key);
};

// What is sealed. Wiped when it goes away.
struct KeystoreContents {
  BoundedBytes<32> entropy;  // of the mnemonic; empty if the keystore has none
  BoundedText<4096> mnemonic_passphrase;
  BoundedList<StoredAccount, kKeystoreAccountsMax> accounts;
  static constexpr auto kFields =
      std::make_tuple(&KeystoreContents::entropy, &KeystoreContents::mnemonic_passphrase,
                      &KeystoreContents::accounts);
  KeystoreContents() = default;
  KeystoreContents(const KeystoreContents&) = delete;
  KeystoreContents& operator=(const KeystoreContents&) = delete;
  KeystoreContents(KeystoreContents&&) = default;
  KeystoreContents& operator=(KeystoreContents&&) = delete;
  ~KeystoreContents();
};

// Letters, digits, '.', '_' and '-', 1 to 32 of them, so that a name is safe in any shell and file.
bool is_account_name(std::string_view name);

std::string encode_keystore(const KeystoreFile& file);
// kCorrupt says whether the text is no keystore, is of a newer version, or is damaged.
ErrorOr<KeystoreFile> decode_keystore(std::string_view text);

// The key for a header's salt and parameters. kInvalidInput for parameters out of bounds or a
// passphrase that is not UTF-8 (it is normalized, so that any keyboard's form of it works).
ErrorOr<SecretBytes> keystore_key(const KeystoreHeader& header, std::string_view passphrase);
Bytes seal_contents(const KeystoreHeader& header, const SecretBytes& key,
                    const KeystoreContents& contents);
// kPermission if the key is not the one that sealed.
ErrorOr<KeystoreContents> open_contents(const KeystoreFile& file, const SecretBytes& key);

}  // namespace fog::wallet
