// The English word list of BIP-39: 2048 words in alphabetical order, each told apart by its first
// four letters.
#pragma once

#include <array>
#include <string_view>

namespace fog::wallet {

const std::array<std::string_view, 2048>& english_words();

}  // namespace fog::wallet
