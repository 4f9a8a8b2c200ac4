// Bech32 (BIP-173; checksum constant 1), for addresses.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "chain/base/bytes.h"

namespace fog {

struct Bech32Data {
  std::string prefix;  // lower case
  Bytes data;          // 8-bit bytes
};

// `prefix` 1..83 printable ASCII characters in lower case; the whole at most 90 characters.
std::string bech32_encode(std::string_view prefix, ByteView data);
// Nothing for mixed case, a bad checksum, a foreign character, non-zero padding or more than 90
// characters.
std::optional<Bech32Data> bech32_decode(std::string_view text);

// The layer below, in 5-bit values without the checksum, for formats that put a version before the
// bytes.
struct Bech32Words {
  std::string prefix;  // lower case
  Bytes words;         // each below 32
};
std::optional<Bech32Words> bech32_decode_words(std::string_view text);
// Regroups 5-bit values as bytes; nothing if the padding is 5 bits or more, or not zero.
std::optional<Bytes> bech32_words_to_bytes(ByteView words);

}  // namespace fog
