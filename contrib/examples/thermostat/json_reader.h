// JsonReader: reads one JSON text (RFC 8259) front to back, strictly, without building a tree.
//
// Strict: UTF-8 only, no trailing commas, no comments, no leading zeros, no lone surrogates,
// nothing after the value. Bounded: kDepthMax containers inside each other, kNumberSizeMax
// characters a number; strings as long as the caller allows. The first problem stays; every later
// call fails.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace thermostat {

enum class JsonKind { kObject, kArray, kString, kNumber, kBoolean, kNull, kNone };

class JsonReader {
 public:
  static constexpr size_t kDepthMax = 16;
  static constexpr size_t kNumberSizeMax = 40;

  // `text` must outlive the reader.
  explicit JsonReader(std::string_view text);

  bool ok() const { return problem_.empty(); }

  // What is wrong and where, for the person who wrote the text; empty when all is well.
  const std::string& problem() const { return problem_; }

  // The kind of the value that comes next, by its first character; kNone if there is none.
  JsonKind peek();

  // Steps into the object or array that comes next.
  bool enter(JsonKind container);

  // The next member's name (at most `size_max` bytes), leaving its value to be read. False at the
  // end of the object, which is then left behind, and on a problem: ask ok() which of the two it
  // was.
  bool next_member(std::string* name, size_t size_max);

  // True if the array has one more element, which is to be read next; otherwise as next_member.
  bool next_element();

  bool read_string(std::string* out, size_t size_max);

  // A number in thousandths, rounded half away from zero. Fails beyond +-10^12 thousandths.
  bool read_milli(int64_t* out);

  // Checks and drops the value that comes next, whatever it is.
  bool skip_value();

  // True if only white space is left.
  bool finish();

 private:
  bool fail(std::string_view what);
  void skip_space();
  bool take(char c);
  // The separator work that next_member and next_element share; false at the end of the container.
  bool next_item(char close);
  bool skip_scalar();
  bool skip_literal();
  bool read_escape(std::string* out);
  bool read_hex4(uint32_t* out);
  bool scan_number(std::string_view* token);

  std::string_view text_;
  size_t at_ = 0;
  size_t depth_ = 0;
  // Whether the container at each depth has had no item yet.
  bool first_[kDepthMax] = {};
  std::string problem_;
};

// True if `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most
// U+10FFFF).
bool is_utf8(std::string_view text);

}  // namespace thermostat
