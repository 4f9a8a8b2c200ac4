// table: pipe tables, an extension that most renderers of Markdown share (GitHub Flavored Markdown,
// section 4.10): a head, a row of dashes with an optional colon at the sides to align to, and rows.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace markdown {

// A row of more columns makes no table.
inline constexpr size_t kColumnsMax = 64;

enum class Alignment { kNone, kLeft, kCenter, kRight };

// True if `delimiters` is a delimiter row with as many cells as `head` has.
bool starts_table(std::string_view head, std::string_view delimiters);

// The trimmed texts of a row's cells, at most kColumnsMax + 1. A pipe behind a backslash is text.
std::vector<std::string> split_cells(std::string_view row);

// The alignments in a delimiter row; empty if it is none.
std::vector<Alignment> read_alignments(std::string_view delimiters);

}  // namespace markdown
