#include "rpc/programs/cli/rows.h"

#include <algorithm>
#include <cctype>

#include "wallet/describe.h"

namespace fog::cli {
namespace {

// Characters, as far as a terminal gives each one column.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80;
  }));
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

}  // namespace

Cell Cell::id(ByteView id) {
  return Cell(to_hex0x(id), short_id(id));
}

std::string table(const Rows& rows, bool wide) {
  std::vector<std::vector<std::string>> shown;
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    shown.emplace_back();
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      shown.back().push_back(wallet::printable(wide ? row[i].full : row[i].brief));
      widths[i] = std::max(widths[i], columns(shown.back().back()));
    }
  }
  std::string out;
  for (const auto& row : shown) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - columns(row[i]) + 2, ' ');
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

std::string csv(const Rows& rows) {
  std::string out;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t k = 0; k < rows[i].size(); ++k) {
      std::string text = wallet::printable(rows[i][k].full);
      if (i == 0) {
        std::transform(text.begin(), text.end(), text.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      }
      out += (k == 0 ? "" : ",") + csv_field(text);
    }
    out += "\n";
  }
  return out;
}

std::string short_id(ByteView id) {
  const std::string hex = to_hex(id);
  return hex.size() <= 16 ? "0x" + hex
                          : "0x" + hex.substr(0, 8) + ".." + hex.substr(hex.size() - 4);
}

}  // namespace fog::cli
