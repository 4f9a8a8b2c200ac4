// Bech32: what is read is written back the same, and every other text is refused without harm.
#include <algorithm>

#include "chain/base/check.h"
#include "chain/crypto/bech32.h"
#include "chain/types/address.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto decoded = fog::bech32_decode(text)) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    CHECK(fog::bech32_encode(decoded->prefix, decoded->data) == lower);
  }
  if (const auto address = fog::address_from_text(text)) {
    CHECK(fog::address_from_text(fog::to_text(*address)) == address);
  }
  // The input as payload.
  const fog::ByteView payload(data, std::min<std::size_t>(size, 50));
  const auto back = fog::bech32_decode(fog::bech32_encode("fog", payload));
  CHECK(back && back->prefix == "fog" && back->data == fog::to_bytes(payload));
  return 0;
}
