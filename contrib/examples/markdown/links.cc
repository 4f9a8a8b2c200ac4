#include "contrib/examples/markdown/links.h"

#include "contrib/examples/markdown/text.h"

namespace markdown {
namespace {

constexpr size_t kLabelSizeMax = 999;
constexpr int kParenthesesMax = 32;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '\x7F';
}

bool is_escape(std::string_view text, size_t at) {
  return text[at] == '\\' && at + 1 < text.size() && is_punctuation(text[at + 1]);
}

bool scan_bracketed_address(std::string_view text, size_t* at, std::string* address) {
  const size_t start = *at + 1;
  for (size_t i = start; i < text.size() && text[i] != '\n' && text[i] != '<'; ++i) {
    if (text[i] == '>') {
      *address = unescape(text.substr(start, i - start));
      *at = i + 1;
      return true;
    }
    if (is_escape(text, i)) ++i;
  }
  return false;
}

std::string normalize_label(std::string_view label) {
  std::string normal;
  bool space_pending = false;
  for (const char c : label) {
    if (is_space(c)) {
      space_pending = !normal.empty();
      continue;
    }
    if (space_pending) normal += ' ';
    space_pending = false;
    normal += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return normal;
}

// Moves behind the line ending if nothing but white space comes before it.
bool skip_line_end(std::string_view text, size_t* at) {
  size_t i = *at;
  while (i < text.size() && is_space_or_tab(text[i])) ++i;
  if (i < text.size() && text[i] != '\n') return false;
  *at = i < text.size() ? i + 1 : i;
  return true;
}

}  // namespace

bool scan_address(std::string_view text, size_t* at, std::string* address) {
  if (*at < text.size() && text[*at] == '<') return scan_bracketed_address(text, at, address);
  int open = 0;
  size_t i = *at;
  for (; i < text.size() && text[i] != ' ' && !is_control(text[i]); ++i) {
    if (is_escape(text, i)) {
      ++i;
    } else if (text[i] == '(') {
      if (++open > kParenthesesMax) return false;
    } else if (text[i] == ')') {
      if (open == 0) break;
      --open;
    }
  }
  const bool only_closed = i < text.size() && text[i] == ')';
  if (open != 0 || (i == *at && !only_closed)) return false;
  *address = unescape(text.substr(*at, i - *at));
  *at = i;
  return true;
}

bool scan_title(std::string_view text, size_t* at, std::string* title) {
  if (*at >= text.size()) return false;
  const char open = text[*at];
  if (open != '"' && open != '\'' && open != '(') return false;
  const char close = open == '(' ? ')' : open;
  const size_t start = *at + 1;
  for (size_t i = start; i < text.size(); ++i) {
    if (is_escape(text, i)) {
      ++i;
    } else if (text[i] == close) {
      *title = unescape(text.substr(start, i - start));
      *at = i + 1;
      return true;
    } else if (text[i] == '(' && open == '(') {
      return false;
    }
  }
  return false;
}

bool scan_label(std::string_view text, size_t* at, std::string_view* label) {
  if (*at >= text.size() || text[*at] != '[') return false;
  const size_t start = *at + 1;
  for (size_t i = start; i < text.size() && i - start <= kLabelSizeMax; ++i) {
    if (text[i] == '[') return false;
    if (text[i] == ']') {
      *label = text.substr(start, i - start);
      *at = i + 1;
      return true;
    }
    if (is_escape(text, i)) ++i;
  }
  return false;
}

void skip_space_and_line(std::string_view text, size_t* at) {
  bool line_seen = false;
  for (; *at < text.size() && is_space(text[*at]); ++*at) {
    if (text[*at] != '\n') continue;
    if (line_seen) return;
    line_seen = true;
  }
}

bool References::take_one(std::string_view text, size_t* at) {
  size_t i = *at;
  std::string_view label;
  if (!scan_label(text, &i, &label) || i >= text.size() || text[i] != ':') return false;
  ++i;
  std::string name = normalize_label(label);
  if (name.empty()) return false;
  Link link;
  skip_space_and_line(text, &i);
  // Only an address in brackets may be empty.
  if (i < text.size() && text[i] == ')') return false;
  if (!scan_address(text, &i, &link.address)) return false;
  const size_t address_end = i;
  skip_space_and_line(text, &i);
  const bool has_title = i != address_end && scan_title(text, &i, &link.title);
  if (!has_title || !skip_line_end(text, &i)) {
    // What looked like a title may be the next line's text, as long as the address ends its line.
    link.title.clear();
    i = address_end;
    if (!skip_line_end(text, &i)) return false;
  }
  // The first definition of a label counts.
  links_.emplace(std::move(name), std::move(link));
  *at = i;
  return true;
}

size_t References::take_definitions(std::string_view paragraph) {
  size_t at = 0;
  while (at < paragraph.size() && paragraph[at] == '[' && take_one(paragraph, &at)) {
  }
  return at;
}

const Link* References::find(std::string_view label) const {
  if (label.size() > kLabelSizeMax) return nullptr;
  const auto found = links_.find(normalize_label(label));
  return found == links_.end() ? nullptr : &found->second;
}

}  // namespace markdown
