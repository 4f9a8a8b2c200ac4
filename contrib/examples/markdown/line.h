// Line: a position in one line of the source, counting columns as if tabs reached to the next
// multiple of four, of which a block marker may take only a part (CommonMark 0.31, section 2.2).

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace markdown {

class Line {
 public:
  explicit Line(std::string_view text) : text_(text) { find_next_nonspace(); }

  std::string_view text() const { return text_; }
  size_t offset() const { return offset_; }
  size_t column() const { return column_; }
  size_t indent() const { return next_nonspace_column_ - column_; }
  bool is_blank() const { return next_nonspace_ == text_.size(); }
  // Four columns in, nothing but code begins.
  bool is_indented() const { return indent() >= 4; }

  // The character at the position, and behind the white space that follows; NUL at the end.
  char here() const { return offset_ < text_.size() ? text_[offset_] : '\0'; }
  char next_nonspace() const { return is_blank() ? '\0' : text_[next_nonspace_]; }

  // What is left behind that white space.
  std::string_view rest() const { return text_.substr(next_nonspace_); }

  void skip_spaces() {
    offset_ = next_nonspace_;
    column_ = next_nonspace_column_;
    partial_tab_ = false;
  }

  void advance_bytes(size_t count) {
    for (; count > 0 && offset_ < text_.size(); --count) {
      column_ += text_[offset_] == '\t' ? 4 - column_ % 4 : 1;
      ++offset_;
    }
    partial_tab_ = false;
    find_next_nonspace();
  }

  void advance_columns(size_t count) {
    while (count > 0 && offset_ < text_.size()) {
      if (text_[offset_] != '\t') {
        ++column_;
        ++offset_;
        --count;
        partial_tab_ = false;
        continue;
      }
      const size_t to_tab_stop = 4 - column_ % 4;
      partial_tab_ = to_tab_stop > count;
      const size_t step = partial_tab_ ? count : to_tab_stop;
      column_ += step;
      offset_ += partial_tab_ ? 0 : 1;
      count -= step;
    }
    find_next_nonspace();
  }

  void advance_to_end() { advance_bytes(text_.size() - offset_); }

  // Takes one space or tab column, if there is one.
  void skip_one_space() {
    if (here() == ' ' || here() == '\t') advance_columns(1);
  }

  // Appends what is left, with a line ending. The untaken part of a tab counts as spaces.
  void append_rest(std::string* out) const {
    size_t from = offset_;
    if (partial_tab_) {
      ++from;
      out->append(4 - column_ % 4, ' ');
    }
    out->append(text_.substr(from));
    out->push_back('\n');
  }

 private:
  void find_next_nonspace() {
    next_nonspace_ = offset_;
    next_nonspace_column_ = column_;
    for (; next_nonspace_ < text_.size(); ++next_nonspace_) {
      if (text_[next_nonspace_] == ' ') {
        ++next_nonspace_column_;
      } else if (text_[next_nonspace_] == '\t') {
        next_nonspace_column_ += 4 - next_nonspace_column_ % 4;
      } else {
        break;
      }
    }
  }

  std::string_view text_;
  size_t offset_ = 0;
  size_t column_ = 0;
  size_t next_nonspace_ = 0;
  size_t next_nonspace_column_ = 0;
  bool partial_tab_ = false;
};

}  // namespace markdown
