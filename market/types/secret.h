// Secrets: variables of a Service whose values never stand on the chain. The Service's owner hands
// each to the gateways that the Bid authorizes, sealed to the gateway's key and signed; a gateway
// gives all of them, sealed to the operator key of the Host that holds a lease of the Service, to
// that Host alone.
//
//   owner    --PUT  /.fog/secrets/SERVICE   SignedSecretUpdate------> gateway   204
//   Host     --POST /.fog/secrets/wanted    SignedSecretsWanted-----> gateway   200, a sealed box
//   of
//                                                                     SecretValues
//
// What a gateway keeps is what it was sent: boxes that its key opens.
#pragma once

#include "chain/crypto/sealed_box.h"
#include "market/types/objects.h"

namespace fog::market {

constexpr std::size_t kSecretsMax = 32;              // of a Service
constexpr std::size_t kSecretBytesMax = 16 * 1024;   // one value
constexpr std::size_t kSecretsBytesMax = 64 * 1024;  // all values of a Service
constexpr std::uint64_t kSecretsWantedAgeMs = 120'000;

// A-Z, a-z, 0-9 and '_', no digit first, 1 to 64 bytes; none that a request's own variables have
// (RFC 3875: HTTP_*, REQUEST_METHOD, ...), nor PORT.
bool is_secret_name(std::string_view name);
// Without a NUL byte and UTF-8, so that it can stand in an environment.
bool is_secret_value(std::string_view value);

struct SecretUpdate {
  ChainId chain_id;
  ServiceName service;
  Address gateway;  // whom it is for
  BoundedText<64> name;
  std::uint64_t time_ms = 0;  // the latest counts; the owner's clock
  BoundedBytes<kSecretBytesMax + kSealedBoxOverhead> sealed;  // empty: the secret is taken away
  static constexpr auto kFields =
      std::make_tuple(&SecretUpdate::chain_id, &SecretUpdate::service, &SecretUpdate::gateway,
                      &SecretUpdate::name, &SecretUpdate::time_ms, &SecretUpdate::sealed);
  bool operator==(const SecretUpdate&) const = default;
};
// The tagged hash "fog/secret" of BCS(update).
Hash32 secret_digest(const SecretUpdate& update);
struct SignedSecretUpdate {
  SecretUpdate update;
  PublicKey signer;  // hashes to the Service's owner
  EcdsaSig signature;
  static constexpr auto kFields = std::make_tuple(
      &SignedSecretUpdate::update, &SignedSecretUpdate::signer, &SignedSecretUpdate::signature);
  bool operator==(const SignedSecretUpdate&) const = default;
};
// Whether the signature is by `signer`.
bool verify_secret(const SignedSecretUpdate& update);
// The value, sealed to the gateway's key with the rest of the update associated; nothing for a key
// that is none. The value is at most kSecretBytesMax.
std::optional<Bytes> seal_secret(const SecretUpdate& update, const PublicKey& gateway_key,
                                 std::string_view value, Rng& rng);
std::optional<Bytes> open_secret(const SecretUpdate& update, const SecretKey& gateway_key);

// A Host asks for what a term of its lease needs.
struct SecretsWanted {
  ChainId chain_id;
  LeaseId lease;
  std::uint32_t term = 1;
  Address gateway;
  std::uint64_t time_ms = 0;  // no older than kSecretsWantedAgeMs by the gateway's clock
  static constexpr auto kFields =
      std::make_tuple(&SecretsWanted::chain_id, &SecretsWanted::lease, &SecretsWanted::term,
                      &SecretsWanted::gateway, &SecretsWanted::time_ms);
  bool operator==(const SecretsWanted&) const = default;
};
struct SignedSecretsWanted {
  SecretsWanted wanted;
  EcdsaSig signature;  // by the Host's operator key, of the tagged hash "fog/secrets-wanted"
  static constexpr auto kFields =
      std::make_tuple(&SignedSecretsWanted::wanted, &SignedSecretsWanted::signature);
  bool operator==(const SignedSecretsWanted&) const = default;
};
SignedSecretsWanted sign_wanted(const SecretsWanted& wanted, const SecretKey& operator_key);
bool verify_wanted(const SignedSecretsWanted& wanted, const PublicKey& operator_key);

using SecretValues = BoundedMap<BoundedText<64>, BoundedText<kSecretBytesMax>, kSecretsMax>;
// The answer: all that the gateway has, with what was wanted associated.
std::optional<Bytes> seal_values(const SecretsWanted& wanted, const PublicKey& operator_key,
                                 const SecretValues& values, Rng& rng);
// Nothing for a box that is not for this key and question, or holds something else.
std::optional<SecretValues> open_values(const SecretsWanted& wanted, const SecretKey& operator_key,
                                        ByteView box);

}  // namespace fog::market
