#include "contrib/examples/markdown/table.h"

namespace markdown {
namespace {

std::string_view trim(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t");
  if (start == text.npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

std::string trimmed(const std::string& text) {
  return std::string(trim(text));
}

}  // namespace

std::vector<std::string> split_cells(std::string_view row) {
  row = trim(row);
  if (!row.empty() && row.front() == '|') row.remove_prefix(1);
  std::vector<std::string> cells;
  std::string cell;
  bool closed = false;  // the row's last character was a pipe that ends a cell
  for (size_t i = 0; i < row.size(); ++i) {
    closed = row[i] == '|';
    if (closed) {
      cells.push_back(trimmed(cell));
      cell.clear();
      if (cells.size() > kColumnsMax) return cells;
      continue;
    }
    if (row[i] == '\\' && i + 1 < row.size()) {
      // The escape of a pipe is taken off here; others are left for the inline phase.
      if (row[i + 1] != '|') cell += '\\';
      ++i;
    }
    cell += row[i];
  }
  if (!closed) cells.push_back(trimmed(cell));
  return cells;
}

std::vector<Alignment> read_alignments(std::string_view delimiters) {
  if (delimiters.find_first_not_of("|-: \t") != delimiters.npos) return {};
  std::vector<Alignment> alignments;
  for (const std::string& cell : split_cells(delimiters)) {
    const bool left = !cell.empty() && cell.front() == ':';
    const bool right = cell.size() > 1 && cell.back() == ':';
    const size_t dashes = cell.size() - (left ? 1 : 0) - (right ? 1 : 0);
    const std::string_view middle = std::string_view(cell).substr(left ? 1 : 0, dashes);
    if (middle.empty() || middle.find_first_not_of('-') != middle.npos) return {};
    alignments.push_back(left && right ? Alignment::kCenter
                         : left        ? Alignment::kLeft
                         : right       ? Alignment::kRight
                                       : Alignment::kNone);
  }
  return alignments;
}

bool starts_table(std::string_view head, std::string_view delimiters) {
  if (delimiters.find('|') == delimiters.npos) return false;
  const size_t columns = read_alignments(delimiters).size();
  return columns > 0 && columns <= kColumnsMax && split_cells(head).size() == columns;
}

}  // namespace markdown
