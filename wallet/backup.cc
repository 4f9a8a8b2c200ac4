#include "wallet/backup.h"

#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "chain/crypto/hash.h"

namespace fog::wallet {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "fogcoin-backup";
constexpr std::uint64_t kVersion = 1;

Fail<Error> damaged(std::string_view what) {
  return fail(ErrorCode::kCorrupt, fmt::format("not a backup, or a damaged one: {}", what));
}

const Json& member(const Json& object, const char* name) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(name);
  return found == object.end() ? null : *found;
}
std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}
template <class U>
U number_of(const Json& value) {
  const std::uint64_t number = value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
  return number <= std::numeric_limits<U>::max() ? static_cast<U>(number) : U{0};
}

// What stands in the open is a keystore's header without accounts, so its bounds and its key are
// those of one.
ErrorOr<AeadKey> key_for(const KeystoreHeader& header, std::string_view passphrase) {
  TRY(const SecretBytes key, keystore_key(header, passphrase));
  return *fixed_from<32>(ByteView(key.get()));
}

// The tag keeps a keystore's sealed part from being taken for a backup's.
Bytes authenticated(const KeystoreHeader& header) {
  Bytes out = to_bytes(as_bytes(kFormat));
  append(out, bcs_encode(header));
  return out;
}

}  // namespace

ErrorOr<std::string> make_backup(const BackupContents& contents, std::string_view passphrase,
                                 Rng& rng, const ScryptParams& params) {
  TRY_VOID(Keystore::open_text("the wallet", contents.keystore, passphrase));
  KeystoreHeader header;
  header.scrypt = params;
  rng.fill(header.salt.data);
  rng.fill(header.nonce.data);
  TRY(AeadKey key, key_for(header, passphrase));
  const SecretBytes plain(bcs_encode(contents));
  const Bytes sealed = chacha20poly1305_seal(key, header.nonce, authenticated(header), plain.get());
  secure_wipe(key.data.data(), key.kSize);
  const Json out{{"format", kFormat},
                 {"version", kVersion},
                 {"kdf",
                  {{"name", "scrypt"},
                   {"n", header.scrypt.n},
                   {"r", header.scrypt.r},
                   {"p", header.scrypt.p},
                   {"salt", to_hex0x(header.salt)}}},
                 {"cipher", {{"name", "chacha20-poly1305"}, {"nonce", to_hex0x(header.nonce)}}},
                 {"sealed", to_hex0x(sealed)}};
  return out.dump(2) + "\n";
}

ErrorOr<BackupContents> open_backup(std::string_view text, std::string_view passphrase) {
  if (text.size() > kBackupBytesMax) return damaged("it is larger than a backup can be");
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (text_of(member(json, "format")) != kFormat) return damaged("it does not say that it is one");
  if (member(json, "version") != kVersion) {
    return damaged(fmt::format("this program reads version {}", kVersion));
  }
  KeystoreHeader header;
  const Json& kdf = member(json, "kdf");
  header.scrypt = {number_of<std::uint64_t>(member(kdf, "n")),
                   number_of<std::uint32_t>(member(kdf, "r")),
                   number_of<std::uint32_t>(member(kdf, "p"))};
  const auto salt = fixed_from_hex<32>(text_of(member(kdf, "salt")));
  const auto nonce = fixed_from_hex<12>(text_of(member(member(json, "cipher"), "nonce")));
  const auto sealed = from_hex(text_of(member(json, "sealed")));
  if (!salt || !nonce || !sealed) return damaged("salt, nonce or sealed part");
  header.salt = *salt;
  header.nonce = *nonce;
  TRY(AeadKey key, key_for(header, passphrase));
  auto opened = chacha20poly1305_open(key, header.nonce, authenticated(header), *sealed);
  secure_wipe(key.data.data(), key.kSize);
  if (!opened) {
    return fail(ErrorCode::kPermission,
                "the backup does not open: a wrong passphrase (it is that of the day when it was "
                "made), or a damaged file");
  }
  const SecretBytes plain(std::move(*opened));
  auto contents = bcs_decode<BackupContents>(plain.get());
  if (!contents) return damaged(bcs_error_text(contents.error()));
  return *std::move(contents);
}

ErrorOr<TestedBackup> test_backup(std::string_view text, std::string_view passphrase) {
  TestedBackup out;
  TRY(out.contents, open_backup(text, passphrase));
  TRY(const Keystore keystore,
      Keystore::open_text("the wallet in the backup", out.contents.keystore, passphrase));
  out.accounts = keystore.accounts();
  const Hash32 digest = tagged_hash("fog/backup-test", as_bytes(text));
  for (const ShownAccount& account : out.accounts) {
    TRY(const SecretKey secret, keystore.secret_key(account.name));
    if (verify_ecdsa(account.key, digest, secret.sign_ecdsa(digest))) continue;
    return damaged("the key of '" + std::string(account.name) + "' does not sign for it");
  }
  if (!out.contents.book.empty()) {
    TRY(const Book book, Book::read("the address book in the backup", out.contents.book));
    out.entries = book.entries();
  }
  return out;
}

}  // namespace fog::wallet
