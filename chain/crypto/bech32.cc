#include "chain/crypto/bech32.h"

#include <algorithm>
#include <array>

#include "chain/base/check.h"

namespace fog {
namespace {

constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t kChecksumSize = 6;
constexpr std::size_t kTextSizeMax = 90;
constexpr std::size_t kPrefixSizeMax = 83;
constexpr std::array<std::uint32_t, 5> kGenerator = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                                     0x2a1462b3};

// The checksum's shift register (BIP-173, "Checksum").
std::uint32_t feed(std::uint32_t state, std::uint32_t word) {
  const std::uint32_t top = state >> 25;
  state = (state & 0x1ffffff) << 5 ^ word;
  for (std::size_t i = 0; i < kGenerator.size(); ++i) {
    if ((top >> i & 1) != 0) state ^= kGenerator[i];
  }
  return state;
}

std::uint32_t feed_prefix(std::string_view prefix) {
  std::uint32_t state = 1;
  for (const char c : prefix) state = feed(state, static_cast<std::uint8_t>(c) >> 5U);
  state = feed(state, 0);
  for (const char c : prefix) state = feed(state, static_cast<std::uint8_t>(c) & 31U);
  return state;
}

bool is_printable(char c) {
  return c >= 33 && c <= 126;
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

Bytes bytes_to_words(ByteView data) {
  Bytes words;
  words.reserve((data.size() * 8 + 4) / 5);
  std::uint32_t held = 0;
  unsigned held_bits = 0;
  for (const std::uint8_t byte : data) {
    held = (held << 8 | byte) & 0xFFF;
    held_bits += 8;
    while (held_bits >= 5) {
      held_bits -= 5;
      words.push_back(static_cast<std::uint8_t>(held >> held_bits & 31));
    }
  }
  if (held_bits > 0) words.push_back(static_cast<std::uint8_t>(held << (5 - held_bits) & 31));
  return words;
}

}  // namespace

std::string bech32_encode(std::string_view prefix, ByteView data) {
  const Bytes words = bytes_to_words(data);
  CHECK(!prefix.empty() && prefix.size() <= kPrefixSizeMax);
  CHECK(prefix.size() + 1 + words.size() + kChecksumSize <= kTextSizeMax);
  CHECK(std::all_of(prefix.begin(), prefix.end(),
                    [](char c) { return is_printable(c) && !is_upper(c); }));
  std::string out(prefix);
  out.push_back('1');
  std::uint32_t state = feed_prefix(prefix);
  for (const std::uint8_t word : words) {
    state = feed(state, word);
    out.push_back(kAlphabet[word]);
  }
  for (std::size_t i = 0; i < kChecksumSize; ++i) state = feed(state, 0);
  state ^= 1;
  for (std::size_t i = 0; i < kChecksumSize; ++i) {
    out.push_back(kAlphabet[state >> (5 * (kChecksumSize - 1 - i)) & 31]);
  }
  return out;
}

std::optional<Bech32Words> bech32_decode_words(std::string_view text) {
  if (text.size() > kTextSizeMax || !std::all_of(text.begin(), text.end(), is_printable)) {
    return std::nullopt;
  }
  const bool upper = std::any_of(text.begin(), text.end(), is_upper);
  if (upper && std::any_of(text.begin(), text.end(), is_lower)) return std::nullopt;
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; });
  // The last 1 separates: the alphabet has none.
  const std::size_t separator = lower.rfind('1');
  if (separator == std::string::npos || separator == 0 ||
      lower.size() - separator - 1 < kChecksumSize) {
    return std::nullopt;
  }
  Bech32Words out{lower.substr(0, separator), {}};
  std::uint32_t state = feed_prefix(out.prefix);
  for (const char c : std::string_view(lower).substr(separator + 1)) {
    const std::size_t word = kAlphabet.find(c);
    if (word == std::string_view::npos) return std::nullopt;
    state = feed(state, static_cast<std::uint32_t>(word));
    out.words.push_back(static_cast<std::uint8_t>(word));
  }
  if (state != 1) return std::nullopt;
  out.words.resize(out.words.size() - kChecksumSize);
  return out;
}

std::optional<Bytes> bech32_words_to_bytes(ByteView words) {
  Bytes out;
  out.reserve(words.size() * 5 / 8);
  std::uint32_t held = 0;
  unsigned held_bits = 0;
  for (const std::uint8_t word : words) {
    if (word >= 32) return std::nullopt;
    held = (held << 5 | word) & 0xFFF;
    held_bits += 5;
    if (held_bits >= 8) {
      held_bits -= 8;
      out.push_back(static_cast<std::uint8_t>(held >> held_bits));
    }
  }
  const bool padding_is_zero = (held & ((1U << held_bits) - 1)) == 0;
  if (held_bits >= 5 || !padding_is_zero) return std::nullopt;
  return out;
}

std::optional<Bech32Data> bech32_decode(std::string_view text) {
  std::optional<Bech32Words> words = bech32_decode_words(text);
  if (!words) return std::nullopt;
  std::optional<Bytes> data = bech32_words_to_bytes(words->words);
  if (!data) return std::nullopt;
  return Bech32Data{std::move(words->prefix), std::move(*data)};
}

}  // namespace fog
