// Mnemonics: a wallet's entropy as 12, 15, 18, 21 or 24 English words with a checksum (BIP-39), and
// the seed that keys are derived from.
//
// All functions are without state, safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chain/base/clock.h"
#include "chain/base/error.h"
#include "wallet/secret.h"

namespace fog::wallet {

// The 64 bytes that BIP-32 starts from.
constexpr std::size_t kSeedSize = 64;

// Entropy of 16, 20, 24, 28 or 32 bytes as words joined by single spaces. kInvalidInput for another
// size.
ErrorOr<SecretText> mnemonic_from_entropy(ByteView entropy);
// A fresh mnemonic. kInvalidInput for a number of words other than 12, 15, 18, 21 or 24.
ErrorOr<SecretText> generate_mnemonic(Rng& rng, unsigned words);
// The entropy behind a mnemonic. Upper case and any white space are accepted. kInvalidInput says
// which word is not in the list and which words are nearest, that the number of words is wrong, or
// that the checksum does not match.
ErrorOr<SecretBytes> entropy_from_mnemonic(std::string_view text);
// The seed of a mnemonic with an optional passphrase (the "25th word"; it may be any Unicode text
// and is part of the secret). The mnemonic is not checked here, so one of another language works
// too. kInvalidInput if either is not UTF-8.
ErrorOr<SecretBytes> seed_from_mnemonic(std::string_view text, std::string_view passphrase);

// The words of the list nearest to a mistyped one, best first: fewest insertions, deletions,
// substitutions and swaps of neighbours; ties in list order. At most `count`.
std::vector<std::string_view> nearest_words(std::string_view word, std::size_t count);

}  // namespace fog::wallet
