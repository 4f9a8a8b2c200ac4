#include "wallet/keystore.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "wallet/mnemonic.h"
#include "wallet/private_file.h"

namespace fog::wallet {
namespace {

Fail<Error> empty_passphrase() {
  return fail(ErrorCode::kInvalidInput, "a passphrase must not be empty");
}

Fail<Error> bad_name() {
  return fail(ErrorCode::kInvalidInput,
              "an account name has 1 to 32 letters, digits, '.', '_' or '-'");
}

ErrorOr<std::string> read_keystore_text(const std::string& path) {
  TRY(const SecretBytes contents, read_secret_file(path, kKeystoreBytesMax));
  return std::string(as_text(contents.get()));
}

ErrorOr<KeystoreFile> decode_at(const std::string& path, std::string_view text) {
  auto file = decode_keystore(text);
  if (!file) return Fail{file.error().within(path)};
  return file;
}

ShownAccount shown(const StoredAccount& account, const SecretKey& key) {
  ShownAccount out;
  out.name = account.name;
  out.key = key.public_key();
  out.address = address_of(out.key);
  if (const auto* index = std::get_if<std::uint32_t>(&account.key)) out.index = *index;
  return out;
}

}  // namespace

Keystore::Keystore(std::string path, KeystoreFile file, SecretBytes key, KeystoreContents contents)
    : path_(std::move(path)),
      file_(std::move(file)),
      key_(std::move(key)),
      contents_(std::move(contents)) {}

ErrorOr<Keystore> Keystore::create(std::string path, std::string_view mnemonic,
                                   std::string_view mnemonic_passphrase,
                                   std::string_view passphrase, Rng& rng,
                                   const ScryptParams& params) {
  if (passphrase.empty()) return empty_passphrase();
  KeystoreContents contents;
  if (!mnemonic.empty()) {
    TRY(const SecretBytes entropy, entropy_from_mnemonic(mnemonic));
    if (mnemonic_passphrase.size() > contents.mnemonic_passphrase.kMax) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("a mnemonic passphrase has at most {} bytes",
                              contents.mnemonic_passphrase.kMax));
    }
    contents.entropy = entropy.get();
    contents.mnemonic_passphrase = std::string(mnemonic_passphrase);
  }
  KeystoreFile file;
  file.header.scrypt = params;
  rng.fill(file.header.salt.data);
  TRY(SecretBytes key, keystore_key(file.header, passphrase));
  Keystore out(std::move(path), std::move(file), std::move(key), std::move(contents));
  TRY_VOID(out.unlock_root());
  return out;
}

ErrorOr<Keystore> Keystore::open(std::string path, std::string_view passphrase) {
  TRY(std::string text, read_keystore_text(path));
  TRY(Keystore out, open_text(std::move(path), text, passphrase));
  out.on_disk_ = std::move(text);
  return out;
}

ErrorOr<Keystore> Keystore::open_text(std::string path, std::string_view text,
                                      std::string_view passphrase) {
  TRY(KeystoreFile file, decode_at(path, text));
  TRY(SecretBytes key, keystore_key(file.header, passphrase));
  auto contents = open_contents(file, key);
  if (!contents) return Fail{contents.error().within(path)};
  Keystore out(std::move(path), std::move(file), std::move(key), *std::move(contents));
  TRY_VOID(out.unlock_root());
  TRY_VOID(out.check_accounts());
  return out;
}

ErrorOr<std::vector<ShownAccount>> Keystore::list(const std::string& path) {
  TRY(const std::string text, read_keystore_text(path));
  TRY(KeystoreFile file, decode_at(path, text));
  return std::vector<ShownAccount>(std::move(file.header.accounts));
}

ErrorOr<ShownAccount> Keystore::find(std::string_view name_or_address) const {
  std::vector<std::string_view> names;
  for (const ShownAccount& account : accounts()) {
    if (account.name == name_or_address || to_text(account.address) == name_or_address) {
      return account;
    }
    names.push_back(account.name);
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("{} has no account \"{}\"; it has: {}", path_, name_or_address,
                          names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
}

ErrorOr<ShownAccount> Keystore::add_derived(std::string_view name,
                                            std::optional<std::uint32_t> index) {
  if (!root_) {
    return fail(ErrorCode::kInvalidInput,
                path_ + " has no mnemonic to derive accounts from; it holds imported keys only");
  }
  if (index && *index >= kHardened) {
    return fail(ErrorCode::kInvalidInput, "an account index is below 2147483648");
  }
  const auto in_use = [&](std::uint32_t candidate) {
    return std::any_of(accounts().begin(), accounts().end(),
                       [&](const ShownAccount& a) { return a.index == candidate; });
  };
  if (index && in_use(*index)) {
    return fail(ErrorCode::kAlreadyExists, fmt::format("index {} has an account already", *index));
  }
  std::uint32_t chosen = index.value_or(0);
  if (!index) {
    while (in_use(chosen)) ++chosen;
  }
  return add(name, chosen);
}

ErrorOr<ShownAccount> Keystore::add_imported(std::string_view name, const SecretKey& key) {
  return add(name, key.bytes());
}

ErrorOr<ShownAccount> Keystore::add(std::string_view name,
                                    std::variant<std::uint32_t, Hash32> key) {
  if (!is_account_name(name)) return bad_name();
  if (accounts().size() == kKeystoreAccountsMax) {
    return fail(ErrorCode::kExhausted,
                fmt::format("a keystore holds at most {} accounts", kKeystoreAccountsMax));
  }
  StoredAccount stored;
  stored.name = std::string(name);
  stored.key = key;
  TRY(const SecretKey secret, key_of(stored));
  const ShownAccount account = shown(stored, secret);
  for (const ShownAccount& other : accounts()) {
    if (other.name == account.name || other.key == account.key) {
      return fail(ErrorCode::kAlreadyExists,
                  fmt::format("{} has the account \"{}\" ({}) already", path_, other.name.c_str(),
                              to_text(other.address)));
    }
  }
  // After this line nothing fails.
  contents_.accounts.push_back(std::move(stored));
  file_.header.accounts.push_back(account);
  return account;
}

ErrorOr<void> Keystore::rename(std::string_view name, std::string_view new_name) {
  TRY(const ShownAccount account, find(name));
  if (!is_account_name(new_name)) return bad_name();
  for (const ShownAccount& other : accounts()) {
    if (other.name != new_name) continue;
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("{} has an account \"{}\" already", path_, new_name));
  }
  // After this line nothing fails.
  for (StoredAccount& stored : contents_.accounts) {
    if (stored.name == account.name) stored.name = std::string(new_name);
  }
  for (ShownAccount& one : file_.header.accounts) {
    if (one.name == account.name) one.name = std::string(new_name);
  }
  return {};
}

ErrorOr<Address> Keystore::derived_address(std::uint32_t index) const {
  if (!root_ || index >= kHardened) {
    return fail(ErrorCode::kInvalidInput, path_ + " has no account at this index");
  }
  TRY(const HdPrivateKey derived, root_->descendant(account_path(index)));
  return address_of(derived.key().public_key());
}

ErrorOr<void> Keystore::change_passphrase(std::string_view passphrase, Rng& rng,
                                          const ScryptParams& params) {
  if (passphrase.empty()) return empty_passphrase();
  KeystoreHeader header = file_.header;
  header.scrypt = params;
  rng.fill(header.salt.data);
  TRY(SecretBytes key, keystore_key(header, passphrase));
  file_.header = std::move(header);
  key_ = std::move(key);
  return {};
}

ErrorOr<void> Keystore::save(Rng& rng) {
  // A nonce is used once: there is a fresh one for every version of the file.
  KeystoreFile next = file_;
  rng.fill(next.header.nonce.data);
  next.sealed = seal_contents(next.header, key_, contents_);
  std::string text = encode_keystore(next);
  if (on_disk_) {
    TRY_VOID(replace_private_file(path_, as_bytes(*on_disk_), as_bytes(text)));
  } else {
    TRY_VOID(create_private_file(path_, as_bytes(text)));
  }
  file_ = std::move(next);
  on_disk_ = std::move(text);
  return {};
}

ErrorOr<SecretKey> Keystore::secret_key(std::string_view name_or_address) const {
  TRY(const ShownAccount account, find(name_or_address));
  for (const StoredAccount& stored : contents_.accounts) {
    if (stored.name == account.name) return key_of(stored);
  }
  CHECK(false);
  return fail(ErrorCode::kNotFound, path_);
}

ErrorOr<SecretText> Keystore::mnemonic() const {
  if (!has_mnemonic()) {
    return fail(ErrorCode::kNotFound, path_ + " has no mnemonic; it holds imported keys only");
  }
  return mnemonic_from_entropy(contents_.entropy);
}

ErrorOr<SecretKey> Keystore::key_of(const StoredAccount& account) const {
  if (const auto* index = std::get_if<std::uint32_t>(&account.key)) {
    if (!root_ || *index >= kHardened) {
      return fail(ErrorCode::kCorrupt, path_ + ": a derived account without a mnemonic");
    }
    TRY(const HdPrivateKey derived, root_->descendant(account_path(*index)));
    return derived.key();
  }
  const auto key = SecretKey::from_bytes(std::get<Hash32>(account.key));
  if (!key) return fail(ErrorCode::kCorrupt, path_ + ": an imported key is not a secret key");
  return *key;
}

ErrorOr<void> Keystore::unlock_root() {
  if (!has_mnemonic()) return {};
  TRY(const SecretText words, mnemonic());
  TRY(const SecretBytes seed, seed_from_mnemonic(words.get(), contents_.mnemonic_passphrase));
  TRY(root_, HdPrivateKey::from_seed(seed.get()));
  return {};
}

// What stands in the open must be what the secrets give.
ErrorOr<void> Keystore::check_accounts() const {
  bool same = contents_.accounts.size() == accounts().size();
  for (std::size_t i = 0; same && i < accounts().size(); ++i) {
    TRY(const SecretKey secret, key_of(contents_.accounts[i]));
    same = shown(contents_.accounts[i], secret) == accounts()[i];
  }
  if (!same) {
    return fail(ErrorCode::kCorrupt, path_ + ": the accounts listed are not those of its secrets");
  }
  return {};
}

}  // namespace fog::wallet
