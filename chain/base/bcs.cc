#include "chain/base/bcs.h"

namespace fog {

std::string_view bcs_error_text(BcsError error) {
  switch (error) {
    case BcsError::kTruncated:
      return "the input ends inside the value";
    case BcsError::kTrailing:
      return "bytes follow the value";
    case BcsError::kNonMinimal:
      return "a ULEB128 number is not in its shortest form";
    case BcsError::kTooLong:
      return "a length exceeds its bound";
    case BcsError::kUnsorted:
      return "map keys are not strictly ascending";
    case BcsError::kBadTag:
      return "a tag is out of range";
    case BcsError::kBadText:
      return "text is not UTF-8";
    case BcsError::kBadValue:
      return "a value is out of its range";
  }
  return "unknown";
}

bool BcsReader::uleb(std::uint32_t& value) {
  std::uint64_t sum = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    std::uint8_t byte = 0;
    if (!integer(byte)) return false;
    sum |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) != 0) continue;
    // The last byte may be zero only if it is the only one.
    if ((shift > 0 && byte == 0) || sum > 0xFFFFFFFFU) return fail_with(BcsError::kNonMinimal);
    value = static_cast<std::uint32_t>(sum);
    return true;
  }
  return fail_with(BcsError::kNonMinimal);
}

bool is_utf8(std::string_view text) {
  const auto continuation = [&](std::size_t at) {
    return at < text.size() && (static_cast<std::uint8_t>(text[at]) & 0xC0) == 0x80;
  };
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<std::uint8_t>(text[i]);
    if (lead < 0x80) {
      i += 1;
      continue;
    }
    const std::size_t extra = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4) return false;
    for (std::size_t k = 1; k <= extra; ++k) {
      if (!continuation(i + k)) return false;
    }
    const auto second = static_cast<std::uint8_t>(text[i + 1]);
    // Overlong forms, UTF-16 surrogates and code points above U+10FFFF (RFC 3629).
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
        (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) {
      return false;
    }
    i += extra + 1;
  }
  return true;
}

}  // namespace fog
