#include "contrib/examples/thermostat/json_reader.h"

namespace thermostat {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void append_utf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
    return;
  }
  if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (code >> 6)));
  } else {
    if (code < 0x10000) {
      out->push_back(static_cast<char>(0xE0 | (code >> 12)));
    } else {
      out->push_back(static_cast<char>(0xF0 | (code >> 18)));
      out->push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    }
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
  }
  out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
}

// Thousandths of a JSON number that is known to be well formed; false if too large.
bool to_milli(std::string_view token, int64_t* out) {
  constexpr int64_t kMilliMax = 1'000'000'000'000;
  const bool negative = token.front() == '-';
  size_t i = negative ? 1 : 0;
  // The value is 0.d1d2d3... * 10^point; leading zeros are dropped so that d1 is not zero.
  std::string digits;
  int64_t point = 0;
  bool after_point = false;
  for (; i < token.size() && token[i] != 'e' && token[i] != 'E'; ++i) {
    if (token[i] == '.') {
      after_point = true;
      continue;
    }
    const bool leading_zero = digits.empty() && token[i] == '0';
    if (!leading_zero) digits.push_back(token[i]);
    if (!after_point && !leading_zero) ++point;
    if (after_point && leading_zero) --point;
  }
  if (digits.empty()) {
    *out = 0;
    return true;
  }
  int64_t exponent = 0;
  if (i < token.size()) {
    ++i;
    const bool exponent_negative = token[i] == '-';
    if (token[i] == '-' || token[i] == '+') ++i;
    for (; i < token.size(); ++i) {
      if (exponent < 1000) exponent = exponent * 10 + (token[i] - '0');
    }
    if (exponent_negative) exponent = -exponent;
  }
  // Digits before the decimal point of the value in thousandths.
  const int64_t whole = point + exponent + 3;
  if (whole > 13) return false;
  int64_t value = 0;
  for (int64_t d = 0; d < whole; ++d) {
    const size_t index = static_cast<size_t>(d);
    value = value * 10 + (index < digits.size() ? digits[index] - '0' : 0);
  }
  const bool round_up = whole >= 0 && static_cast<size_t>(whole) < digits.size() &&
                        digits[static_cast<size_t>(whole)] >= '5';
  if (round_up) ++value;
  if (value > kMilliMax) return false;
  *out = negative ? -value : value;
  return true;
}

}  // namespace

JsonReader::JsonReader(std::string_view text) : text_(text) {
  if (!is_utf8(text)) fail("the text is not valid UTF-8");
}

bool JsonReader::fail(std::string_view what) {
  if (problem_.empty()) {
    problem_ = "not valid JSON at byte " + std::to_string(at_) + ": ";
    problem_ += what;
  }
  return false;
}

void JsonReader::skip_space() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
    ++at_;
  }
}

bool JsonReader::take(char c) {
  skip_space();
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

JsonKind JsonReader::peek() {
  skip_space();
  if (!ok() || at_ >= text_.size()) return JsonKind::kNone;
  const char c = text_[at_];
  if (c == '{') return JsonKind::kObject;
  if (c == '[') return JsonKind::kArray;
  if (c == '"') return JsonKind::kString;
  if (c == '-' || is_digit(c)) return JsonKind::kNumber;
  if (c == 't' || c == 'f') return JsonKind::kBoolean;
  if (c == 'n') return JsonKind::kNull;
  return JsonKind::kNone;
}

bool JsonReader::enter(JsonKind container) {
  if (!ok()) return false;
  const bool object = container == JsonKind::kObject;
  if (depth_ == kDepthMax) return fail("too many arrays and objects inside each other");
  if (!take(object ? '{' : '[')) return fail(object ? "expected an object" : "expected an array");
  first_[depth_++] = true;
  return true;
}

bool JsonReader::next_item(char close) {
  if (!ok()) return false;
  if (take(close)) {
    --depth_;
    return false;
  }
  bool& first = first_[depth_ - 1];
  if (!first && !take(',')) {
    return fail(close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
  }
  first = false;
  return true;
}

bool JsonReader::next_member(std::string* name, size_t size_max) {
  if (!next_item('}')) return false;
  if (peek() != JsonKind::kString) return fail("expected a member name in double quotes");
  if (!read_string(name, size_max)) return false;
  if (!take(':')) return fail("expected ':' after a member name");
  return true;
}

bool JsonReader::next_element() {
  if (!next_item(']')) return false;
  if (peek() == JsonKind::kNone) return fail("expected a value");
  return true;
}

bool JsonReader::read_hex4(uint32_t* out) {
  *out = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    uint32_t digit = 0;
    if (is_digit(c)) {
      digit = static_cast<uint32_t>(c - '0');
    } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
      digit = static_cast<uint32_t>((c | 0x20) - 'a' + 10);
    } else {
      return fail("expected four hexadecimal digits after \\u");
    }
    *out = *out * 16 + digit;
  }
  return true;
}

bool JsonReader::read_escape(std::string* out) {
  const char c = at_ < text_.size() ? text_[at_] : '\0';
  static constexpr std::string_view kLetters = "\"\\/bfnrt";
  static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const size_t letter = kLetters.find(c);
  if (letter != std::string_view::npos) {
    ++at_;
    out->push_back(kMeanings[letter]);
    return true;
  }
  if (c != 'u') return fail("unknown escape in a string");
  ++at_;
  uint32_t code = 0;
  if (!read_hex4(&code)) return false;
  if (code >= 0xDC00 && code <= 0xDFFF) return fail("a lone low surrogate");
  if (code >= 0xD800 && code <= 0xDBFF) {
    uint32_t low = 0;
    if (text_.substr(at_, 2) != "\\u") return fail("a lone high surrogate");
    at_ += 2;
    if (!read_hex4(&low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return fail("a lone high surrogate");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  append_utf8(code, out);
  return true;
}

bool JsonReader::read_string(std::string* out, size_t size_max) {
  out->clear();
  if (!ok()) return false;
  if (!take('"')) return fail("expected a string");
  while (at_ < text_.size()) {
    const char c = text_[at_++];
    if (c == '"') return true;
    if (static_cast<unsigned char>(c) < 0x20) return fail("a control character in a string");
    if (c != '\\') {
      out->push_back(c);
    } else if (!read_escape(out)) {
      return false;
    }
    if (out->size() > size_max) return fail("a string that is too long");
  }
  return fail("a string that does not end");
}

bool JsonReader::scan_number(std::string_view* token) {
  skip_space();
  const size_t start = at_;
  const auto here = [this] { return at_ < text_.size() ? text_[at_] : '\0'; };
  const auto digits = [&] {
    const size_t from = at_;
    while (is_digit(here())) ++at_;
    return at_ > from;
  };
  if (here() == '-') ++at_;
  if (here() == '0') {
    ++at_;
    if (is_digit(here())) return fail("a number with a leading zero");
  } else if (!digits()) {
    return fail("expected a number");
  }
  if (here() == '.') {
    ++at_;
    if (!digits()) return fail("expected digits after the decimal point");
  }
  if (here() == 'e' || here() == 'E') {
    ++at_;
    if (here() == '-' || here() == '+') ++at_;
    if (!digits()) return fail("expected digits in the exponent");
  }
  *token = text_.substr(start, at_ - start);
  if (token->size() > kNumberSizeMax) return fail("a number that is too long");
  return true;
}

bool JsonReader::read_milli(int64_t* out) {
  if (!ok()) return false;
  std::string_view token;
  if (!scan_number(&token)) return false;
  return to_milli(token, out) || fail("a number that is too large");
}

bool JsonReader::skip_literal() {
  for (const std::string_view word : {"true", "false", "null"}) {
    if (text_.substr(at_, word.size()) == word) {
      at_ += word.size();
      return true;
    }
  }
  return fail("expected a value");
}

bool JsonReader::skip_scalar() {
  std::string_view token;
  std::string dropped;
  switch (peek()) {
    case JsonKind::kString:
      return read_string(&dropped, text_.size());
    case JsonKind::kNumber:
      return scan_number(&token);
    case JsonKind::kBoolean:
    case JsonKind::kNull:
      return skip_literal();
    case JsonKind::kObject:
    case JsonKind::kArray:
    case JsonKind::kNone:
      break;
  }
  return fail("expected a value");
}

bool JsonReader::skip_value() {
  // Open containers are tracked on an explicit stack: input must not choose how deep we recurse.
  JsonKind open[kDepthMax] = {};
  const size_t depth_before = depth_;
  std::string name;
  for (;;) {
    const JsonKind kind = peek();
    if (kind == JsonKind::kObject || kind == JsonKind::kArray) {
      if (!enter(kind)) return false;
      open[depth_ - 1] = kind;
    } else if (!skip_scalar()) {
      return false;
    }
    // Leave every container that ends here, then stand at the next value.
    for (;;) {
      if (depth_ == depth_before) return true;
      const bool object = open[depth_ - 1] == JsonKind::kObject;
      if (object ? next_member(&name, text_.size()) : next_element()) break;
      if (!ok()) return false;
    }
  }
}

bool JsonReader::finish() {
  if (!ok()) return false;
  skip_space();
  return at_ == text_.size() || fail("something follows the value");
}

bool is_utf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    if (lead < 0x80) continue;
    // The second byte's range is narrower for the leads that could start an overlong form, a
    // surrogate or a code above U+10FFFF (RFC 3629 section 4).
    unsigned low = 0x80;
    unsigned high = 0xBF;
    size_t more = 0;
    if (lead >= 0xC2 && lead <= 0xDF) {
      more = 1;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      more = 2;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      more = 3;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    for (; more > 0; --more, ++i) {
      const unsigned byte = i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
      if (byte < low || byte > high) return false;
      low = 0x80;
      high = 0xBF;
    }
  }
  return true;
}

}  // namespace thermostat
