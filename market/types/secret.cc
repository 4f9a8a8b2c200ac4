#include "market/types/secret.h"

#include <algorithm>
#include <array>

#include "chain/crypto/aead.h"
#include "chain/crypto/hash.h"

namespace fog::market {
namespace {

// Of a request's environment, executor/cgi.h.
constexpr std::array<std::string_view, 16> kTaken = {
    "AUTH_TYPE",   "CONTENT_LENGTH", "CONTENT_TYPE",    "GATEWAY_INTERFACE",
    "PATH_INFO",   "PORT",           "PATH_TRANSLATED", "QUERY_STRING",
    "REMOTE_ADDR", "REMOTE_HOST",    "REQUEST_METHOD",  "REQUEST_URI",
    "SERVER_NAME", "SCRIPT_NAME",    "SERVER_PORT",     "SERVER_PROTOCOL"};

// What is associated with a secret's box: all of the update but the box.
Bytes secret_context(SecretUpdate update) {
  update.sealed.clear();
  return bcs_encode(update);
}

Hash32 wanted_digest(const SecretsWanted& wanted) {
  static const HashTag kTag("fog/secrets-wanted");
  return tagged_hash(kTag, {bcs_encode(wanted)});
}

}  // namespace

bool is_secret_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || (name[0] >= '0' && name[0] <= '9')) return false;
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  return plain && !name.starts_with("HTTP_") &&
         std::find(kTaken.begin(), kTaken.end(), name) == kTaken.end();
}

bool is_secret_value(std::string_view value) {
  return value.size() <= kSecretBytesMax && value.find('\0') == std::string_view::npos &&
         is_utf8(value);
}

Hash32 secret_digest(const SecretUpdate& update) {
  static const HashTag kTag("fog/secret");
  return tagged_hash(kTag, {bcs_encode(update)});
}

bool verify_secret(const SignedSecretUpdate& update) {
  return verify_ecdsa(update.signer, secret_digest(update.update), update.signature);
}

std::optional<Bytes> seal_secret(const SecretUpdate& update, const PublicKey& gateway_key,
                                 std::string_view value, Rng& rng) {
  return seal_box(gateway_key, secret_context(update), as_bytes(value), rng);
}

std::optional<Bytes> open_secret(const SecretUpdate& update, const SecretKey& gateway_key) {
  return open_box(gateway_key, secret_context(update), update.sealed);
}

SignedSecretsWanted sign_wanted(const SecretsWanted& wanted, const SecretKey& operator_key) {
  return {wanted, operator_key.sign_ecdsa(wanted_digest(wanted))};
}

bool verify_wanted(const SignedSecretsWanted& wanted, const PublicKey& operator_key) {
  return verify_ecdsa(operator_key, wanted_digest(wanted.wanted), wanted.signature);
}

std::optional<Bytes> seal_values(const SecretsWanted& wanted, const PublicKey& operator_key,
                                 const SecretValues& values, Rng& rng) {
  Bytes plain = bcs_encode(values);
  auto box = seal_box(operator_key, bcs_encode(wanted), plain, rng);
  secure_wipe(plain.data(), plain.size());
  return box;
}

std::optional<SecretValues> open_values(const SecretsWanted& wanted, const SecretKey& operator_key,
                                        ByteView box) {
  auto plain = open_box(operator_key, bcs_encode(wanted), box);
  if (!plain) return std::nullopt;
  auto values = bcs_decode<SecretValues>(*plain);
  secure_wipe(plain->data(), plain->size());
  if (!values) return std::nullopt;
  for (const auto& [name, value] : *values) {
    if (!is_secret_name(name) || !is_secret_value(value)) return std::nullopt;
  }
  return *std::move(values);
}

}  // namespace fog::market
