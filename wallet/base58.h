// Base58Check: bytes with a four-byte checksum in an alphabet without look-alikes, the form of
// BIP-32 extended keys.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "chain/base/bytes.h"

namespace fog::wallet {

// At most this many bytes are written or read; extended keys have 78.
constexpr std::size_t kBase58SizeMax = 128;

std::string base58check_encode(ByteView data);
// Nothing for a foreign character, a wrong checksum or too long a text.
std::optional<Bytes> base58check_decode(std::string_view text);

}  // namespace fog::wallet
