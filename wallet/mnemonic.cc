#include "wallet/mnemonic.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "chain/base/bcs.h"
#include "chain/crypto/hash.h"
#include "wallet/text.h"
#include "wallet/wordlist.h"

namespace fog::wallet {
namespace {

constexpr std::uint32_t kRounds = 2048;  // BIP-39, "From mnemonic to seed"
constexpr std::size_t kBitsPerWord = 11;
constexpr std::size_t kTextSizeMax = 4096;
constexpr std::size_t kShownSizeMax = 32;
constexpr std::size_t kListWordSizeMax = 8;
// What a word has beyond this many letters makes no other word of the list the nearest.
constexpr std::size_t kComparedSizeMax = 12;

bool is_entropy_size(std::size_t size) {
  return size >= 16 && size <= 32 && size % 4 == 0;
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view take_word(std::string_view& text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  std::size_t size = 0;
  while (size < text.size() && !is_space(text[size])) ++size;
  const std::string_view word = text.substr(0, size);
  text.remove_prefix(size);
  return word;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Edits between a short text and a word of the list, a swap of neighbours counting as one (optimal
// string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::array<std::array<std::size_t, kListWordSizeMax + 1>, kComparedSizeMax + 1> table{};
  for (std::size_t i = 0; i <= a.size(); ++i) table[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) table[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      table[i][j] =
          std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
      }
    }
  }
  return table[a.size()][b.size()];
}

// A wrong word as a message may show it: printable and short.
std::string shown(std::string_view word) {
  std::string out;
  for (const char c : word.substr(0, kShownSizeMax)) {
    const auto byte = static_cast<std::uint8_t>(c);
    out.push_back(byte < 0x20 || byte == 0x7F ? '?' : c);
  }
  return is_utf8(out) ? out : "(not text)";
}

Fail<Error> unknown_word(std::size_t number, std::string_view word) {
  return fail(
      ErrorCode::kInvalidInput,
      fmt::format("word {}, \"{}\", is not in the BIP-39 English word list; did you mean {}?",
                  number, shown(word), fmt::join(nearest_words(lower(word), 3), " or ")));
}

// Whether the bits after the entropy are the first bits of its hash.
bool checksum_matches(ByteView packed, std::size_t entropy_size) {
  const auto checksum_bits = static_cast<unsigned>(entropy_size / 4);
  const unsigned shift = 8 - checksum_bits;
  const std::uint8_t expected = sha256(packed.first(entropy_size))[0];
  return packed[entropy_size] >> shift == expected >> shift;
}

}  // namespace

ErrorOr<SecretText> mnemonic_from_entropy(ByteView entropy) {
  if (!is_entropy_size(entropy.size())) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("a mnemonic holds 16, 20, 24, 28 or 32 bytes of entropy, not {}",
                            entropy.size()));
  }
  Bytes packed = to_bytes(entropy);
  packed.push_back(sha256(entropy)[0]);
  const std::size_t words = entropy.size() * 3 / 4;
  std::string text;
  text.reserve(words * 9);
  for (std::size_t i = 0; i < words; ++i) {
    std::size_t index = 0;
    for (std::size_t bit = i * kBitsPerWord; bit < (i + 1) * kBitsPerWord; ++bit) {
      index = index << 1 | (std::size_t{packed[bit / 8]} >> (7 - bit % 8) & 1);
    }
    if (i > 0) text.push_back(' ');
    text += english_words()[index];
  }
  secure_wipe(packed.data(), packed.size());
  return SecretText(std::move(text));
}

ErrorOr<SecretText> generate_mnemonic(Rng& rng, unsigned words) {
  if (words % 3 != 0 || words < 12 || words > 24) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("a mnemonic has 12, 15, 18, 21 or 24 words, not {}", words));
  }
  Bytes raw(std::size_t{words} / 3 * 4);
  rng.fill(raw);
  const SecretBytes entropy(std::move(raw));
  return mnemonic_from_entropy(entropy.get());
}

ErrorOr<SecretBytes> entropy_from_mnemonic(std::string_view text) {
  if (text.size() > kTextSizeMax) {
    return fail(ErrorCode::kInvalidInput, "the text is far too long for a mnemonic of 24 words");
  }
  const auto& list = english_words();
  Bytes packed((24 * kBitsPerWord + 7) / 8);
  std::size_t count = 0;
  std::size_t bits = 0;
  for (std::string_view word = take_word(text); !word.empty(); word = take_word(text)) {
    const std::string wanted = lower(word);
    const auto found = std::lower_bound(list.begin(), list.end(), wanted);
    ++count;
    if (found == list.end() || *found != wanted) return unknown_word(count, word);
    if (count > 24) continue;
    const auto index = static_cast<std::size_t>(found - list.begin());
    for (std::size_t bit = 0; bit < kBitsPerWord; ++bit, ++bits) {
      const std::size_t value = index >> (kBitsPerWord - 1 - bit) & 1;
      packed[bits / 8] = static_cast<std::uint8_t>(packed[bits / 8] | value << (7 - bits % 8));
    }
  }
  SecretBytes all(std::move(packed));
  if (count % 3 != 0 || count < 12 || count > 24) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("a mnemonic has 12, 15, 18, 21 or 24 words; this has {}", count));
  }
  const std::size_t size = count / 3 * 4;
  if (!checksum_matches(all.get(), size)) {
    return fail(ErrorCode::kInvalidInput,
                "every word is in the list but the checksum does not match: a word is wrong, "
                "missing, or two are swapped; compare with what you wrote down");
  }
  return SecretBytes(to_bytes(ByteView(all.get()).first(size)));
}

ErrorOr<SecretBytes> seed_from_mnemonic(std::string_view text, std::string_view passphrase) {
  TRY(const SecretText words, nfkd(text));
  std::string salt_text = "mnemonic";
  TRY(const SecretText extra, nfkd(passphrase));
  salt_text += extra.get();
  const SecretText salt(std::move(salt_text));
  FixedBytes<kSeedSize> seed = pbkdf2_sha512(as_bytes(words.get()), as_bytes(salt.get()), kRounds);
  SecretBytes out(to_bytes(seed));
  secure_wipe(seed.data.data(), seed.kSize);
  return out;
}

std::vector<std::string_view> nearest_words(std::string_view word, std::size_t count) {
  const std::string_view compared = word.substr(0, kComparedSizeMax);
  std::vector<std::pair<std::size_t, std::string_view>> ranked;
  ranked.reserve(english_words().size());
  for (const std::string_view candidate : english_words()) {
    ranked.emplace_back(distance(compared, candidate), candidate);
  }
  count = std::min(count, ranked.size());
  // Pairs compare by distance, then by word: the list is alphabetical.
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count),
                    ranked.end());
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(ranked[i].second);
  return out;
}

}  // namespace fog::wallet
