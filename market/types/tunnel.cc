#include "market/types/tunnel.h"

#include "chain/crypto/hash.h"

namespace fog::market {
namespace {

Hash32 hello_digest(const TunnelHello& hello) {
  return tagged_hash("fog/tunnel-hello", bcs_encode(hello));
}

}  // namespace

SignedTunnelHello sign_hello(const TunnelHello& hello, const SecretKey& operator_key) {
  return {hello, operator_key.public_key(), operator_key.sign_ecdsa(hello_digest(hello))};
}

bool verify_hello(const SignedTunnelHello& hello) {
  return verify_ecdsa(hello.operator_key, hello_digest(hello.hello), hello.signature);
}

std::string tunnel_endpoint(std::string_view gateway, const PublicKey& operator_key) {
  return std::string(gateway) + std::string(kTunnelPlaces) + to_hex(operator_key);
}

std::optional<TunnelPlace> tunnel_place(std::string_view target) {
  if (!target.starts_with(kTunnelPlaces)) return std::nullopt;
  const std::string_view named = target.substr(kTunnelPlaces.size());
  const std::string_view hex = named.substr(0, named.find('/'));
  const auto key = fixed_from_hex<PublicKey::kSize>(hex);
  // One key, one place: upper-case digits are another text.
  if (!key || to_hex(*key) != hex) return std::nullopt;
  return TunnelPlace{*key, named.substr(hex.size())};
}

bool is_host_endpoint(std::string_view text) {
  const std::size_t at = text.find(kTunnelPlaces);
  if (at == std::string_view::npos) return is_endpoint(text);
  const auto place = tunnel_place(text.substr(at));
  return text.size() <= Endpoint::kMax && place && place->rest.empty() &&
         is_endpoint(text.substr(0, at));
}

}  // namespace fog::market
