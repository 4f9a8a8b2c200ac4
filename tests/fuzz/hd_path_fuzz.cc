// Derivation paths, extended keys and Base58Check: what is read is written back the same.
#include <algorithm>

#include "chain/base/check.h"
#include "wallet/base58.h"
#include "wallet/hd_key.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto path = fog::wallet::parse_hd_path(text)) {
    const auto again = fog::wallet::parse_hd_path(fog::wallet::to_text(*path));
    CHECK(again && *again == *path && path->size() <= fog::wallet::kHdDepthMax);
  }
  if (const auto decoded = fog::wallet::base58check_decode(text)) {
    CHECK(fog::wallet::base58check_encode(*decoded) == text);
  }
  if (const auto key = fog::wallet::HdPublicKey::from_text(text)) {
    CHECK(key->to_text() == text);
  }
  if (const auto key = fog::wallet::HdPrivateKey::from_text(text)) {
    CHECK(key->to_text().get() == text);
  }
  // The input as payload: a checksum that a fuzzer would hardly find is made for it.
  fog::Bytes payload(data, data + std::min<std::size_t>(size, 78));
  const std::string encoded = fog::wallet::base58check_encode(payload);
  CHECK(fog::wallet::base58check_decode(encoded) == payload);
  if (const auto key = fog::wallet::HdPublicKey::from_text(encoded)) {
    CHECK(key->to_text() == encoded);
  }
  if (const auto key = fog::wallet::HdPrivateKey::from_text(encoded)) {
    CHECK(key->to_text().get() == encoded);
  }
  return 0;
}
