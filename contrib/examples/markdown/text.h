// text: characters, escaping and addresses: everything that stands between a stranger's Markdown
// and the HTML that a browser will trust.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace markdown {

// True if `text` is well-formed UTF-8 (RFC 3629).
bool is_utf8(std::string_view text);

inline bool is_space_or_tab(char c) {
  return c == ' ' || c == '\t';
}
inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
inline bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// ASCII punctuation: what a backslash can escape.
bool is_punctuation(char c);

// What emphasis asks about the characters around it.
enum class CharClass { kSpace, kPunctuation, kOther };

// The class of the character that ends at, or starts at, `at`; the text's ends count as space.
CharClass class_before(std::string_view text, size_t at);
CharClass class_after(std::string_view text, size_t at);

// Appends `text` with & < > " escaped, fit for element content and for quoted attribute values.
void append_escaped(std::string_view text, std::string* html);

// If an entity such as &amp; or &#x41; starts at `at`, appends what it stands for and returns its
// size; otherwise returns 0.
size_t decode_entity(std::string_view text, size_t at, std::string* out);

// `text` with backslash escapes and entities replaced.
std::string unescape(std::string_view text);

// True if an address leads nowhere dangerous: it has no scheme, or one of http, https, mailto, tel.
// A colon before any / ? or # counts as a scheme, however odd the characters before it are.
bool is_safe_address(std::string_view address);

// Appends an address as an attribute value: bytes that have no place in one percent-encoded, then
// escaped. What is already percent-encoded stays as it is.
void append_address(std::string_view address, std::string* html);

}  // namespace markdown
