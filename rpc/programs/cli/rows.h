// Rows: a list as a table for a screen, wide or brief, or as CSV for other programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chain/base/bytes.h"

namespace fog::cli {

struct Cell {
  // NOLINTNEXTLINE(google-explicit-constructor): most cells are their text.
  Cell(std::string text) : full(text), brief(std::move(text)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Cell(const char* text) : Cell(std::string(text)) {}
  explicit Cell(std::string whole, std::string shortened)
      : full(std::move(whole)), brief(std::move(shortened)) {}
  // An id: "0x1234..abcd" where the screen is narrow.
  static Cell id(ByteView id);

  std::string full;
  std::string brief;
};
// The first row is the heading.
using Rows = std::vector<std::vector<Cell>>;

// Aligned columns. Text of strangers is printable there (wallet/describe.h).
std::string table(const Rows& rows, bool wide = false);
// RFC 4180, but with line feeds alone: headings in lower case, whole ids.
std::string csv(const Rows& rows);

// "0x1234..abcd", enough to tell ids apart on a screen.
std::string short_id(ByteView id);

}  // namespace fog::cli
