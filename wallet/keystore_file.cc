#include "wallet/keystore_file.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "chain/crypto/hash.h"
#include "wallet/hd_path.h"
#include "wallet/text.h"

namespace fog::wallet {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "fogcoin-keystore";
constexpr std::uint32_t kVersion = 1;
constexpr std::string_view kImported = "imported";

Fail<Error> damaged(std::string_view what) {
  return fail(
      ErrorCode::kCorrupt,
      fmt::format("the keystore file is damaged ({}); restore it from a copy, or the wallet "
                  "from its mnemonic",
                  what));
}

Json account_json(const ShownAccount& account) {
  return {{"name", static_cast<const std::string&>(account.name)},
          {"address", to_text(account.address)},
          {"public_key", to_hex0x(account.key)},
          {"path", account.index ? to_text(account_path(*account.index)) : std::string(kImported)}};
}

// A member of an object, or null.
const Json& member(const Json& object, const char* name) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(name);
  return found == object.end() ? null : *found;
}
std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}
// 0 for whatever is no number of this size; no field of the file may be 0.
template <class U>
U number_of(const Json& value) {
  const std::uint64_t number = value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
  return number <= std::numeric_limits<U>::max() ? static_cast<U>(number) : U{0};
}

std::optional<ShownAccount> read_account(const Json& json) {
  ShownAccount out;
  out.name = text_of(member(json, "name"));
  const auto address = address_from_text(text_of(member(json, "address")));
  const auto key = fixed_from_hex<33>(text_of(member(json, "public_key")));
  const std::string path = text_of(member(json, "path"));
  if (!is_account_name(out.name) || !address || !key) return std::nullopt;
  out.address = *address;
  out.key = *key;
  if (path == kImported) return out;
  const auto steps = parse_hd_path(path);
  if (!steps || steps->empty() || (steps->back() & kHardened) != 0) return std::nullopt;
  out.index = steps->back();
  return out;
}

}  // namespace

KeystoreContents::~KeystoreContents() {
  secure_wipe(entropy.data(), entropy.size());
  secure_wipe(mnemonic_passphrase.data(), mnemonic_passphrase.size());
  for (StoredAccount& account : accounts) {
    if (auto* secret = std::get_if<Hash32>(&account.key)) {
      secure_wipe(secret->data.data(), secret->kSize);
    }
  }
}

bool is_account_name(std::string_view name) {
  return !name.empty() && name.size() <= kAccountNameMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

std::string encode_keystore(const KeystoreFile& file) {
  const KeystoreHeader& header = file.header;
  Json accounts = Json::array();
  for (const ShownAccount& account : header.accounts) accounts.push_back(account_json(account));
  Json out = {{"format", kFormat},
              {"version", header.version},
              {"accounts", std::move(accounts)},
              {"kdf",
               {{"name", "scrypt"},
                {"n", header.scrypt.n},
                {"r", header.scrypt.r},
                {"p", header.scrypt.p},
                {"salt", to_hex0x(header.salt)}}},
              {"cipher", {{"name", "chacha20-poly1305"}, {"nonce", to_hex0x(header.nonce)}}},
              {"sealed", to_hex0x(file.sealed)}};
  out["checksum"] = to_hex0x(sha256({bcs_encode(header), file.sealed}));
  return out.dump(2) + "\n";
}

ErrorOr<KeystoreFile> decode_keystore(std::string_view text) {
  if (text.size() > kKeystoreBytesMax) return damaged("it is larger than a keystore can be");
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return damaged("it is not JSON");
  if (text_of(member(json, "format")) != kFormat) {
    return fail(ErrorCode::kCorrupt, "the file is not a FogCoin keystore");
  }
  KeystoreFile out;
  out.header.version = number_of<std::uint32_t>(member(json, "version"));
  if (out.header.version > kVersion) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("the keystore has version {}, written by a newer program; this one "
                            "reads version {}",
                            out.header.version, kVersion));
  }
  if (out.header.version != kVersion) return damaged("version");
  const Json& accounts = member(json, "accounts");
  if (!accounts.is_array() || accounts.size() > kKeystoreAccountsMax) return damaged("accounts");
  for (const Json& account : accounts) {
    auto read = read_account(account);
    if (!read) return damaged("an account");
    out.header.accounts.push_back(std::move(*read));
  }
  const Json& kdf = member(json, "kdf");
  out.header.scrypt = {number_of<std::uint64_t>(member(kdf, "n")),
                       number_of<std::uint32_t>(member(kdf, "r")),
                       number_of<std::uint32_t>(member(kdf, "p"))};
  const auto salt = fixed_from_hex<32>(text_of(member(kdf, "salt")));
  const auto nonce = fixed_from_hex<12>(text_of(member(member(json, "cipher"), "nonce")));
  auto sealed = from_hex(text_of(member(json, "sealed")));
  if (!salt || !nonce || !sealed) return damaged("salt, nonce or sealed part");
  out.header.salt = *salt;
  out.header.nonce = *nonce;
  out.sealed = std::move(*sealed);
  // One keystore, one text: this also compares the checksum and what was not looked at above.
  if (encode_keystore(out) != text) return damaged("its checksum does not match");
  return out;
}

ErrorOr<SecretBytes> keystore_key(const KeystoreHeader& header, std::string_view passphrase) {
  TRY(const SecretText normal, nfkd(passphrase));
  auto key = scrypt(as_bytes(normal.get()), header.salt, header.scrypt.n, header.scrypt.r,
                    header.scrypt.p, AeadKey::kSize);
  if (!key) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("scrypt with n={} r={} p={} is out of bounds or needs more memory than "
                            "there is",
                            header.scrypt.n, header.scrypt.r, header.scrypt.p));
  }
  return SecretBytes(std::move(*key));
}

Bytes seal_contents(const KeystoreHeader& header, const SecretBytes& key,
                    const KeystoreContents& contents) {
  const SecretBytes plain(bcs_encode(contents));
  AeadKey cipher_key = *fixed_from<32>(ByteView(key.get()));
  Bytes sealed = chacha20poly1305_seal(cipher_key, header.nonce, bcs_encode(header), plain.get());
  secure_wipe(cipher_key.data.data(), cipher_key.kSize);
  return sealed;
}

ErrorOr<KeystoreContents> open_contents(const KeystoreFile& file, const SecretBytes& key) {
  AeadKey cipher_key = *fixed_from<32>(ByteView(key.get()));
  auto opened =
      chacha20poly1305_open(cipher_key, file.header.nonce, bcs_encode(file.header), file.sealed);
  secure_wipe(cipher_key.data.data(), cipher_key.kSize);
  if (!opened) return fail(ErrorCode::kPermission, "wrong passphrase");
  const SecretBytes plain(std::move(*opened));
  auto contents = bcs_decode<KeystoreContents>(plain.get());
  if (!contents) {
    return damaged(fmt::format("its contents: {}", bcs_error_text(contents.error())));
  }
  return *std::move(contents);
}

}  // namespace fog::wallet
