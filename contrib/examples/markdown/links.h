// links: the pieces of link syntax that inline links and reference definitions share, and the
// definitions of a document (CommonMark 0.31, sections 4.7 and 6.3).

#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace markdown {

struct Link {
  std::string address;
  std::string title;
};

// Each scan_ function tries to read one piece at `*at`. It moves `*at` behind the piece and returns
// true, or leaves `*at` where it is and returns false.

// <in brackets> or without white space and with balanced parentheses.
bool scan_address(std::string_view text, size_t* at, std::string* address);

// "quoted", 'quoted' or (quoted).
bool scan_title(std::string_view text, size_t* at, std::string* title);

// [label], at most 999 bytes, without unescaped brackets inside; `label` is what stands between
// them.
bool scan_label(std::string_view text, size_t* at, std::string_view* label);

// Moves over spaces, tabs and at most one line ending.
void skip_space_and_line(std::string_view text, size_t* at);

class References {
 public:
  // Takes all definitions off the front of a paragraph and returns how many bytes they were.
  size_t take_definitions(std::string_view paragraph);

  // The link with this label, or nullptr. Labels match without regard to ASCII case and to the
  // amount of white space. The pointer holds as long as no definition is added.
  const Link* find(std::string_view label) const;

  // How many bytes all uses of definitions together may copy into the page. Without such a bound a
  // small document could name one long address a hundred thousand times.
  static constexpr size_t kExpansionMax = 1024 * 1024;

 private:
  bool take_one(std::string_view text, size_t* at);

  std::map<std::string, Link> links_;
};

}  // namespace markdown
