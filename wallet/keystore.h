// Keystore: a wallet's mnemonic and named accounts in one encrypted file (wallet/keystore_file.h).
//
// One object from one thread at a time. Several programs may use one file: a change made by another
// since it was opened is noticed when saving, never overwritten.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chain/base/clock.h"
#include "chain/base/error.h"
#include "wallet/hd_key.h"
#include "wallet/keystore_file.h"

namespace fog::wallet {

class Keystore {
 public:
  // A keystore in memory, without accounts, to be written to `path` by the first save(), which
  // refuses to overwrite. `mnemonic` may be empty: then it only holds imported keys. kInvalidInput
  // for a wrong mnemonic or an empty passphrase.
  static ErrorOr<Keystore> create(std::string path, std::string_view mnemonic,
                                  std::string_view mnemonic_passphrase, std::string_view passphrase,
                                  Rng& rng, const ScryptParams& params = {});
  // kPermission for a wrong passphrase, kCorrupt for a damaged file, kNotFound if there is none.
  static ErrorOr<Keystore> open(std::string path, std::string_view passphrase);
  // The same of a keystore file's text, e.g. out of a backup; save() would create `path`.
  static ErrorOr<Keystore> open_text(std::string path, std::string_view text,
                                     std::string_view passphrase);
  // What can be seen without the passphrase.
  static ErrorOr<std::vector<ShownAccount>> list(const std::string& path);

  const std::string& path() const { return path_; }
  const std::vector<ShownAccount>& accounts() const { return file_.header.accounts; }
  // Finds by name or by address ("fog1..."). kNotFound names the accounts there are.
  ErrorOr<ShownAccount> find(std::string_view name_or_address) const;

  // These change the object; save() makes it last.
  // Derives an account at the given index, or the lowest one not yet used. kAlreadyExists for a
  // name or an index in use; kInvalidInput for a name that is none, or if the keystore has no
  // mnemonic.
  ErrorOr<ShownAccount> add_derived(std::string_view name, std::optional<std::uint32_t> index);
  // kAlreadyExists if the name or the key is there already.
  ErrorOr<ShownAccount> add_imported(std::string_view name, const SecretKey& key);
  // kNotFound names the accounts there are; kAlreadyExists, kInvalidInput as for a new name.
  ErrorOr<void> rename(std::string_view name, std::string_view new_name);
  // Makes a new key from the passphrase. kInvalidInput for an empty one.
  ErrorOr<void> change_passphrase(std::string_view passphrase, Rng& rng,
                                  const ScryptParams& params = {});
  // Writes the file (mode 0600, on disk before this returns). kAlreadyExists, kUnavailable (changed
  // by another program since it was opened) or kIo leave the file as it was.
  ErrorOr<void> save(Rng& rng);

  // The address that an account at this index has or would have. kInvalidInput without a mnemonic,
  // or for an index from 2^31 on.
  ErrorOr<Address> derived_address(std::uint32_t index) const;
  ErrorOr<SecretKey> secret_key(std::string_view name_or_address) const;
  // The words to write down. kNotFound if the keystore holds imported keys only.
  ErrorOr<SecretText> mnemonic() const;
  bool has_mnemonic() const { return !contents_.entropy.empty(); }
  // Whether a mnemonic passphrase (the "25th word") belongs to it.
  bool has_mnemonic_passphrase() const { return !contents_.mnemonic_passphrase.empty(); }

 private:
  Keystore(std::string path, KeystoreFile file, SecretBytes key, KeystoreContents contents);
  ErrorOr<SecretKey> key_of(const StoredAccount& account) const;
  ErrorOr<ShownAccount> add(std::string_view name, std::variant<std::uint32_t, Hash32> key);
  ErrorOr<void> unlock_root();
  ErrorOr<void> check_accounts() const;

  std::string path_;
  KeystoreFile file_;
  SecretBytes key_;  // of the passphrase
  KeystoreContents contents_;
  std::optional<HdPrivateKey> root_;    // of the mnemonic
  std::optional<std::string> on_disk_;  // the file as it was read or written last
};

}  // namespace fog::wallet
