// HdPath: the way from a wallet's root key to one of its keys (BIP-32), as in m/44'/118'/0'/0/0.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chain/base/error.h"

namespace fog::wallet {

// Added to an index whose step needs the private key.
constexpr std::uint32_t kHardened = 0x8000'0000;
constexpr std::size_t kHdDepthMax = 255;

// One index a step, hardened ones at or above kHardened. At most kHdDepthMax steps.
using HdPath = std::vector<std::uint32_t>;

// Reads "m", "m/44'/0h/1H/7": decimal indexes below 2^31, hardened if followed by ', h or H.
// kInvalidInput says which step is wrong.
ErrorOr<HdPath> parse_hd_path(std::string_view text);
// "m/44'/118'/0'/0/0".
std::string to_text(const HdPath& path);
// Where FogCoin's accounts stand: m/44'/118'/0'/0/index (BIP-44 with the coin type that bech32
// accounts share). The index must be below 2^31.
HdPath account_path(std::uint32_t index);

}  // namespace fog::wallet
