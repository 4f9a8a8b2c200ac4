#include "wallet/base58.h"

#include <algorithm>

#include "chain/base/check.h"
#include "chain/crypto/aead.h"
#include "chain/crypto/hash.h"

namespace fog::wallet {
namespace {

constexpr std::string_view kAlphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::size_t kChecksumSize = 4;
// log(256) / log(58) < 1.37.
constexpr std::size_t kTextSizeMax = (kBase58SizeMax + kChecksumSize) * 137 / 100 + 1;

// number = number * from + digit, digits in base `to`, least significant first.
void push_digit(Bytes& number, unsigned from, unsigned to, unsigned digit) {
  unsigned carry = digit;
  for (std::uint8_t& place : number) {
    carry += place * from;
    place = static_cast<std::uint8_t>(carry % to);
    carry /= to;
  }
  for (; carry != 0; carry /= to) number.push_back(static_cast<std::uint8_t>(carry % to));
}

Hash32 double_sha256(ByteView data) {
  return sha256(sha256(data));
}

}  // namespace

std::string base58check_encode(ByteView data) {
  CHECK(data.size() <= kBase58SizeMax);
  const Hash32 checksum = double_sha256(data);
  Bytes all;
  all.reserve(data.size() + kChecksumSize);
  append(all, data);
  append(all, ByteView(checksum).first(kChecksumSize));
  Bytes digits;
  digits.reserve(kTextSizeMax);
  for (const std::uint8_t byte : all) push_digit(digits, 256, 58, byte);
  // Each leading zero byte is a leading 1.
  const auto zeros = static_cast<std::size_t>(
      std::find_if(all.begin(), all.end(), [](std::uint8_t b) { return b != 0; }) - all.begin());
  std::string out(zeros, '1');
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) out += kAlphabet[*digit];
  secure_wipe(all.data(), all.size());
  secure_wipe(digits.data(), digits.size());
  return out;
}

std::optional<Bytes> base58check_decode(std::string_view text) {
  if (text.size() > kTextSizeMax) return std::nullopt;
  const std::size_t ones = std::min(text.find_first_not_of('1'), text.size());
  Bytes number;
  number.reserve(kTextSizeMax);
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    push_digit(number, 58, 256, static_cast<unsigned>(digit));
  }
  Bytes out(ones, 0);
  out.insert(out.end(), number.rbegin(), number.rend());
  secure_wipe(number.data(), number.size());
  if (out.size() < kChecksumSize || out.size() - kChecksumSize > kBase58SizeMax) {
    return std::nullopt;
  }
  const std::size_t size = out.size() - kChecksumSize;
  const Hash32 checksum = double_sha256(ByteView(out).first(size));
  if (!std::equal(out.end() - kChecksumSize, out.end(), checksum.data.begin())) return std::nullopt;
  out.resize(size);
  return out;
}

}  // namespace fog::wallet
