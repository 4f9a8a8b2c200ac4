#include "contrib/examples/markdown/text.h"

#include <algorithm>
#include <iterator>

namespace markdown {
namespace {

struct Entity {
  std::string_view name;
  std::string_view text;
};

// The entities that people type; the full list of HTML has over two thousand. Sorted by name.
constexpr Entity kEntities[] = {
    {"Auml", "Ä"},   {"Ouml", "Ö"},   {"Uuml", "Ü"},   {"aacute", "á"},    {"agrave", "à"},
    {"amp", "&"},    {"apos", "'"},   {"auml", "ä"},   {"bull", "•"},      {"ccedil", "ç"},
    {"cent", "¢"},   {"copy", "©"},   {"darr", "↓"},   {"deg", "°"},       {"divide", "÷"},
    {"eacute", "é"}, {"egrave", "è"}, {"euro", "€"},   {"ge", "≥"},        {"gt", ">"},
    {"hellip", "…"}, {"iexcl", "¡"},  {"iquest", "¿"}, {"laquo", "«"},     {"larr", "←"},
    {"ldquo", "“"},  {"le", "≤"},     {"lsquo", "‘"},  {"lt", "<"},        {"mdash", "—"},
    {"micro", "µ"},  {"middot", "·"}, {"minus", "−"},  {"nbsp", "\u00A0"}, {"ndash", "–"},
    {"ne", "≠"},     {"ntilde", "ñ"}, {"ouml", "ö"},   {"para", "¶"},      {"plusmn", "±"},
    {"pound", "£"},  {"quot", "\""},  {"raquo", "»"},  {"rarr", "→"},      {"rdquo", "”"},
    {"reg", "®"},    {"rsquo", "’"},  {"sect", "§"},   {"szlig", "ß"},     {"times", "×"},
    {"trade", "™"},  {"uarr", "↑"},   {"uuml", "ü"},   {"yen", "¥"},
};

constexpr size_t kEntityNameSizeMax = 6;
constexpr std::string_view kReplacement = "\uFFFD";

void append_code_point(uint32_t code, std::string* out) {
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code == 0 || code > 0x10FFFF || surrogate) {
    *out += kReplacement;
    return;
  }
  const auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// "&#" is at the front: at most 7 decimal or 6 hexadecimal digits may follow (CommonMark
// 0.31, 2.5).
size_t decode_numeric(std::string_view text, std::string* out) {
  size_t i = 2;
  const bool hex = i < text.size() && (text[i] == 'x' || text[i] == 'X');
  if (hex) ++i;
  const size_t digits_from = i;
  uint32_t code = 0;
  for (; i < text.size() && i - digits_from < (hex ? 6 : 7); ++i) {
    const int value = hex ? hex_value(text[i]) : is_digit(text[i]) ? text[i] - '0' : -1;
    if (value < 0) break;
    code = code * (hex ? 16 : 10) + static_cast<uint32_t>(value);
  }
  if (i == digits_from || i >= text.size() || text[i] != ';') return 0;
  append_code_point(code, out);
  return i + 1;
}

size_t decode_named(std::string_view text, std::string* out) {
  const size_t end = text.substr(0, kEntityNameSizeMax + 2).find(';');
  if (end == std::string_view::npos) return 0;
  const std::string_view name = text.substr(1, end - 1);
  const auto* const found = std::lower_bound(
      std::begin(kEntities), std::end(kEntities), name,
      [](const Entity& entity, std::string_view key) { return entity.name < key; });
  if (found == std::end(kEntities) || found->name != name) return 0;
  *out += found->text;
  return end + 1;
}

// Beyond ASCII: the blocks of spaces and of punctuation that text is likely to hold.
CharClass class_of(uint32_t code) {
  if (code < 0x80) {
    const char c = static_cast<char>(code);
    if (c == ' ' || (c >= '\t' && c <= '\r')) return CharClass::kSpace;
    return is_punctuation(c) ? CharClass::kPunctuation : CharClass::kOther;
  }
  if (code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x202F ||
      code == 0x205F || code == 0x3000) {
    return CharClass::kSpace;
  }
  const bool latin = code >= 0xA1 && code <= 0xBF && code != 0xAA && code != 0xB2 && code != 0xB3 &&
                     code != 0xB5 && code != 0xB9 && code != 0xBA &&
                     !(code >= 0xBC && code <= 0xBE);
  const bool general = code >= 0x2010 && code <= 0x205E;
  const bool currency_or_arrow =
      (code >= 0x20A0 && code <= 0x20C0) || (code >= 0x2190 && code <= 0x23FF);
  const bool cjk = code >= 0x3001 && code <= 0x3003;
  const bool cjk_brackets = code >= 0x3008 && code <= 0x3011;
  const bool any =
      latin || code == 0xD7 || code == 0xF7 || general || currency_or_arrow || cjk || cjk_brackets;
  return any ? CharClass::kPunctuation : CharClass::kOther;
}

// The character at `at` of valid UTF-8.
uint32_t code_point_at(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return lead;
  const size_t more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  uint32_t code = lead & (0x3FU >> more);
  for (size_t i = 1; i <= more && at + i < text.size(); ++i) {
    code = code << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3F);
  }
  return code;
}

// Bytes that may stand in an address as they are (RFC 3986), percent signs aside.
bool is_address_byte(char c) {
  static constexpr std::string_view kAllowed = ";/?:@&=+$,-_.!~*'()#";
  return is_letter(c) || is_digit(c) || kAllowed.find(c) != std::string_view::npos;
}

bool equals_lower(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
         });
}

}  // namespace

bool is_utf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead >= 0x80 && (lead < 0xC2 || lead > 0xF4)) return false;
    if (text.size() - i < size) return false;
    for (size_t k = 1; k < size; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    // Lead and continuation bytes are right; left to refuse are overlong forms, surrogates and
    // codes above the last one.
    const uint32_t code = code_point_at(text, i);
    if (size == 3 && (code < 0x800 || (code >= 0xD800 && code <= 0xDFFF))) return false;
    if (size == 4 && (code < 0x10000 || code > 0x10FFFF)) return false;
    i += size;
  }
  return true;
}

bool is_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

CharClass class_before(std::string_view text, size_t at) {
  if (at == 0) return CharClass::kSpace;
  size_t start = at - 1;
  while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
  return class_of(code_point_at(text, start));
}

CharClass class_after(std::string_view text, size_t at) {
  return at >= text.size() ? CharClass::kSpace : class_of(code_point_at(text, at));
}

void append_escaped(std::string_view text, std::string* html) {
  for (const char c : text) {
    switch (c) {
      case '&':
        *html += "&amp;";
        break;
      case '<':
        *html += "&lt;";
        break;
      case '>':
        *html += "&gt;";
        break;
      case '"':
        *html += "&quot;";
        break;
      default:
        *html += c;
    }
  }
}

size_t decode_entity(std::string_view text, size_t at, std::string* out) {
  const std::string_view rest = text.substr(at);
  if (rest.size() < 3 || rest[0] != '&') return 0;
  return rest[1] == '#' ? decode_numeric(rest, out) : decode_named(rest, out);
}

std::string unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '\\' && i + 1 < text.size() && is_punctuation(text[i + 1])) {
      out += text[i + 1];
      i += 2;
      continue;
    }
    const size_t entity_size = text[i] == '&' ? decode_entity(text, i, &out) : 0;
    if (entity_size == 0) out += text[i];
    i += entity_size == 0 ? 1 : entity_size;
  }
  return out;
}

bool is_safe_address(std::string_view address) {
  const size_t colon = address.find(':');
  if (colon == std::string_view::npos || address.find_first_of("/?#") < colon) return true;
  const std::string_view scheme = address.substr(0, colon);
  return equals_lower(scheme, "http") || equals_lower(scheme, "https") ||
         equals_lower(scheme, "mailto") || equals_lower(scheme, "tel");
}

void append_address(std::string_view address, std::string* html) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (size_t i = 0; i < address.size(); ++i) {
    const char c = address[i];
    const bool encoded_already = c == '%' && address.size() - i > 2 &&
                                 hex_value(address[i + 1]) >= 0 && hex_value(address[i + 2]) >= 0;
    if (encoded_already || is_address_byte(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kHex[byte >> 4];
    encoded += kHex[byte & 15];
  }
  append_escaped(encoded, html);
}

}  // namespace markdown
