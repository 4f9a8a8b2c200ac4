// CRC-32C (Castagnoli, RFC 3720 appendix B.4): finds damage of stored bytes, guards against nobody.
#pragma once

#include <cstdint>

#include "chain/base/bytes.h"

namespace fog {

// The checksum of `bytes`, or of what `before` is the checksum of, followed by `bytes`.
std::uint32_t crc32c(ByteView bytes, std::uint32_t before = 0);

}  // namespace fog
