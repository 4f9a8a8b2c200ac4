// The block phase, line by line, as CommonMark 0.31 describes it in its appendix "A parsing
// strategy": see which open blocks the line continues, which new ones it starts, and give the rest
// to the last.

#include <string_view>

#include "contrib/examples/markdown/block.h"
#include "contrib/examples/markdown/line.h"
#include "contrib/examples/markdown/table.h"
#include "contrib/examples/markdown/text.h"

namespace markdown {
namespace {

// A list item's start, as read from a line.
struct ItemStart {
  bool ordered = false;
  char marker = '\0';
  uint32_t number = 0;
  uint8_t indent = 0;
  uint8_t padding = 0;
};

size_t count_run(std::string_view text, char c) {
  size_t size = 0;
  while (size < text.size() && text[size] == c) ++size;
  return size;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t") == text.npos;
}

bool is_thematic_break(std::string_view rest) {
  const char c = rest.empty() ? '\0' : rest[0];
  if (c != '*' && c != '-' && c != '_') return false;
  size_t count = 0;
  for (const char other : rest) {
    if (other != c && !is_space_or_tab(other)) return false;
    count += other == c ? 1 : 0;
  }
  return count >= 3;
}

// The level of a heading of one to six number signs, 0 if it is none.
size_t heading_level(std::string_view rest) {
  const size_t level = count_run(rest, '#');
  const bool ended = level == rest.size() || is_space_or_tab(rest[level]);
  return level <= 6 && ended ? level : 0;
}

// A heading's text without white space around it and without closing number signs.
std::string_view heading_text(std::string_view text) {
  const auto trim_end = [](std::string_view s) {
    return s.substr(0, s.find_last_not_of(" \t") + 1);
  };
  const size_t start = text.find_first_not_of(" \t");
  text = trim_end(text.substr(start == text.npos ? text.size() : start));
  const size_t before_signs = text.find_last_not_of('#') + 1;
  const bool closed = before_signs == 0 || is_space_or_tab(text[before_signs - 1]);
  return closed ? trim_end(text.substr(0, before_signs)) : text;
}

// The length of a code fence, 0 if there is none.
size_t fence_length(std::string_view rest) {
  const char c = rest.empty() ? '\0' : rest[0];
  if (c != '`' && c != '~') return 0;
  const size_t length = count_run(rest, c);
  if (length < 3) return 0;
  // A line with more backticks behind the fence is a code span, not a fence.
  return c == '`' && rest.find('`', length) != rest.npos ? 0 : length;
}

class BlockParser {
 public:
  BlockParser() { document_.blocks.emplace_back(); }

  void add_line(std::string_view text) {
    Line line(text);
    oldest_unmatched_ = tip_;
    BlockId container = 0;
    if (!continue_open_blocks(&line, &container)) return;
    last_matched_ = container;
    all_closed_ = container == tip_;
    const bool leaf_started = start_new_blocks(&line, &container);
    if (!leaf_started) add_text(&line, container);
  }

  Document finish() {
    while (tip_ != kNoBlock) close(tip_);
    return std::move(document_);
  }

 private:
  Block& at(BlockId id) { return document_.blocks[id]; }

  // ---- 1. Which open blocks go on?

  // Walks down the open blocks as far as the line continues them. False if the line was used up: it
  // closed a code fence.
  bool continue_open_blocks(Line* line, BlockId* container) {
    for (;;) {
      const BlockId child = at(*container).last_child;
      if (child == kNoBlock || !at(child).open) return true;
      if (closes_fence(*line, at(child))) {
        last_matched_ = child;
        close(child);
        return false;
      }
      if (!continues(line, at(child))) return true;
      *container = child;
    }
  }

  static bool closes_fence(const Line& line, const Block& block) {
    if (block.kind != BlockKind::kCode || !block.fenced || line.is_indented()) return false;
    const std::string_view rest = line.rest();
    const size_t length = count_run(rest, block.marker);
    return length >= block.number && is_blank(rest.substr(length));
  }

  // Whether the line belongs to the block; if so, moves behind the block's own marks.
  static bool continues(Line* line, const Block& block) {
    switch (block.kind) {
      case BlockKind::kDocument:
      case BlockKind::kList:
        return true;
      case BlockKind::kQuote:
        return take_quote_marker(line);
      case BlockKind::kItem:
        return continues_item(line, block);
      case BlockKind::kCode:
        return continues_code(line, block);
      case BlockKind::kParagraph:
        return !line->is_blank();
      case BlockKind::kTable:
        return !line->is_blank() && !line->is_indented();
      case BlockKind::kHeading:
      case BlockKind::kBreak:
        return false;
    }
    return false;
  }

  static bool take_quote_marker(Line* line) {
    if (line->is_indented() || line->next_nonspace() != '>') return false;
    line->skip_spaces();
    line->advance_bytes(1);
    line->skip_one_space();
    return true;
  }

  static bool continues_item(Line* line, const Block& item) {
    if (line->is_blank()) {
      // An item that starts with a blank line may not go on with another.
      if (item.first_child == kNoBlock) return false;
      line->skip_spaces();
      return true;
    }
    const size_t content = size_t{item.indent} + item.padding;
    if (line->indent() < content) return false;
    line->advance_columns(content);
    return true;
  }

  static bool continues_code(Line* line, const Block& code) {
    if (code.fenced) {
      for (size_t i = 0; i < code.indent; ++i) line->skip_one_space();
      return true;
    }
    if (line->is_indented()) {
      line->advance_columns(4);
      return true;
    }
    if (!line->is_blank()) return false;
    line->skip_spaces();
    return true;
  }

  // ---- 2. Which new blocks start?

  static bool holds_text(BlockKind kind) {
    return kind == BlockKind::kParagraph || kind == BlockKind::kCode || kind == BlockKind::kTable;
  }

  // Opens the blocks that the line starts. True if one of them took the whole line; otherwise the
  // line stands at the text for `container`.
  bool start_new_blocks(Line* line, BlockId* container) {
    if (at(*container).kind == BlockKind::kCode) return false;
    for (;;) {
      if (start_leaf(line, *container)) return true;
      if (!start_container(line, container)) break;
    }
    if (line->is_indented() && at(tip_).kind != BlockKind::kParagraph && !line->is_blank()) {
      line->advance_columns(4);
      *container = add_child(BlockKind::kCode);
      return false;
    }
    line->skip_spaces();
    return false;
  }

  bool start_leaf(Line* line, BlockId container) {
    if (line->is_indented()) return false;
    return start_heading(line) || start_fence(line) || underline_heading(line, container) ||
           start_table(line, container) || start_break(line);
  }

  bool start_heading(Line* line) {
    const std::string_view rest = line->rest();
    const size_t level = heading_level(rest);
    if (level == 0) return false;
    const BlockId heading = add_child(BlockKind::kHeading);
    at(heading).level = static_cast<uint8_t>(level);
    at(heading).text = heading_text(rest.substr(level));
    finish_line(line, heading);
    return true;
  }

  bool start_fence(Line* line) {
    const std::string_view rest = line->rest();
    const size_t length = fence_length(rest);
    if (length == 0) return false;
    const size_t indent = line->indent();
    const BlockId code = add_child(BlockKind::kCode);
    at(code).fenced = true;
    at(code).marker = rest[0];
    at(code).number = static_cast<uint32_t>(length);
    at(code).indent = static_cast<uint8_t>(indent);
    at(code).text = std::string(rest.substr(length)) + "\n";
    finish_line(line, code);
    return true;
  }

  // A line of = or - below a paragraph makes it a heading.
  bool underline_heading(Line* line, BlockId container) {
    if (at(container).kind != BlockKind::kParagraph) return false;
    const std::string_view rest = line->rest();
    const char c = line->next_nonspace();
    if ((c != '=' && c != '-') || !is_blank(rest.substr(count_run(rest, c)))) return false;
    take_definitions(container);
    if (at(container).text.empty()) return false;
    at(container).kind = BlockKind::kHeading;
    at(container).level = c == '=' ? 1 : 2;
    finish_line(line, container);
    return true;
  }

  // A delimiter row below a paragraph of one line makes that line a table's head.
  bool start_table(Line* line, BlockId container) {
    Block& paragraph = at(container);
    if (paragraph.kind != BlockKind::kParagraph || paragraph.text.empty()) return false;
    const std::string_view head(paragraph.text.data(), paragraph.text.size() - 1);
    if (head.find('\n') != head.npos || !starts_table(head, line->rest())) return false;
    paragraph.kind = BlockKind::kTable;
    paragraph.text += std::string(line->rest()) + "\n";
    finish_line(line, container);
    return true;
  }

  bool start_break(Line* line) {
    if (!is_thematic_break(line->rest())) return false;
    finish_line(line, add_child(BlockKind::kBreak));
    return true;
  }

  // The line is used up by `leaf`, which was just started or changed.
  void finish_line(Line* line, BlockId leaf) {
    line->advance_to_end();
    set_blank_line(leaf, false);
  }

  bool start_container(Line* line, BlockId* container) {
    if (depth(*container) >= kNestingMax) return false;
    if (take_quote_marker(line)) {
      *container = add_child(BlockKind::kQuote);
      return true;
    }
    ItemStart start;
    if (!take_item_marker(line, at(*container).kind == BlockKind::kParagraph, &start)) return false;
    close_unmatched();
    const Block& tip = at(tip_);
    const bool same_list = tip.kind == BlockKind::kList && tip.marker == start.marker;
    if (!same_list) describe(add_child(BlockKind::kList), start);
    *container = add_child(BlockKind::kItem);
    describe(*container, start);
    return true;
  }

  void describe(BlockId id, const ItemStart& start) {
    Block& block = at(id);
    block.ordered = start.ordered;
    block.marker = start.marker;
    block.number = start.number;
    block.indent = start.indent;
    block.padding = start.padding;
  }

  // Reads "-" or "12." and the like. Returns the marker's size, 0 if there is none.
  static size_t read_marker(std::string_view rest, ItemStart* start) {
    if (rest.empty()) return 0;
    if (rest[0] == '-' || rest[0] == '+' || rest[0] == '*') {
      start->marker = rest[0];
      return 1;
    }
    size_t i = 0;
    for (; i < rest.size() && is_digit(rest[i]) && i < 9; ++i) {
      start->number = start->number * 10 + static_cast<uint32_t>(rest[i] - '0');
    }
    if (i == 0 || i >= rest.size() || (rest[i] != '.' && rest[i] != ')')) return 0;
    start->ordered = true;
    start->marker = rest[i];
    return i + 1;
  }

  // Takes an item's marker and the space behind it.
  static bool take_item_marker(Line* line, bool interrupts_paragraph, ItemStart* start) {
    if (line->is_indented()) return false;
    const std::string_view rest = line->rest();
    const size_t size = read_marker(rest, start);
    if (size == 0 || (size < rest.size() && !is_space_or_tab(rest[size]))) return false;
    // A paragraph is not cut by an empty item, nor by a number that happens to start a line.
    if (interrupts_paragraph && is_blank(rest.substr(size))) return false;
    if (interrupts_paragraph && start->ordered && start->number != 1) return false;
    start->indent = static_cast<uint8_t>(line->indent());
    line->skip_spaces();
    line->advance_bytes(size);
    const size_t space = line->is_blank() ? 0 : line->indent();
    if (space >= 1 && space <= 4) {
      line->advance_columns(space);
      start->padding = static_cast<uint8_t>(size + space);
      return true;
    }
    // Nothing follows, or indented code: one space belongs to the marker.
    line->skip_one_space();
    start->padding = static_cast<uint8_t>(size + 1);
    return true;
  }

  size_t depth(BlockId id) {
    size_t count = 0;
    for (; id != 0; id = at(id).parent) ++count;
    return count;
  }

  // ---- 3. Where does the text go?

  void add_text(Line* line, BlockId container) {
    const bool lazy = !all_closed_ && !line->is_blank() && at(tip_).kind == BlockKind::kParagraph;
    if (lazy) {
      line->append_rest(&at(tip_).text);
      return;
    }
    close_unmatched();
    note_blank_line(*line, container);
    if (holds_text(at(container).kind)) {
      line->append_rest(&at(container).text);
    } else if (!line->is_blank()) {
      const BlockId paragraph = add_child(BlockKind::kParagraph);
      line->skip_spaces();
      line->append_rest(&at(paragraph).text);
    }
  }

  // Remembers blank lines, on which hangs whether a list is tight.
  void note_blank_line(const Line& line, BlockId container) {
    const Block& block = at(container);
    if (line.is_blank() && block.last_child != kNoBlock) {
      at(block.last_child).ends_with_blank_line = true;
    }
    // Blank lines in a quote or in fenced code are inside, and the one that an empty item starts
    // with is its own.
    const bool inside = block.kind == BlockKind::kQuote ||
                        (block.kind == BlockKind::kCode && block.fenced) ||
                        (block.kind == BlockKind::kItem && block.first_child == kNoBlock);
    set_blank_line(container, line.is_blank() && !inside);
  }

  void set_blank_line(BlockId id, bool blank) {
    for (; id != kNoBlock; id = at(id).parent) at(id).ends_with_blank_line = blank;
  }

  // ---- Opening and closing

  static bool can_hold(BlockKind parent, BlockKind child) {
    if (parent == BlockKind::kList) return child == BlockKind::kItem;
    const bool is_container =
        parent == BlockKind::kDocument || parent == BlockKind::kQuote || parent == BlockKind::kItem;
    return is_container && child != BlockKind::kItem;
  }

  BlockId add_child(BlockKind kind) {
    close_unmatched();
    while (!can_hold(at(tip_).kind, kind)) close(tip_);
    const auto id = static_cast<BlockId>(document_.blocks.size());
    Block& block = document_.blocks.emplace_back();
    block.kind = kind;
    block.parent = tip_;
    Block& parent = at(tip_);
    if (parent.last_child == kNoBlock) {
      parent.first_child = id;
    } else {
      at(parent.last_child).next = id;
    }
    parent.last_child = id;
    tip_ = id;
    return id;
  }

  void close_unmatched() {
    if (all_closed_) return;
    while (oldest_unmatched_ != last_matched_) {
      const BlockId parent = at(oldest_unmatched_).parent;
      close(oldest_unmatched_);
      oldest_unmatched_ = parent;
    }
    all_closed_ = true;
  }

  // Closes a block; the tip is then its parent.
  void close(BlockId id) {
    Block& block = at(id);
    block.open = false;
    if (block.kind == BlockKind::kParagraph) take_definitions(id);
    if (block.kind == BlockKind::kCode && !block.fenced) {
      // Blank lines at the end of indented code are not part of it.
      const size_t last = block.text.find_last_not_of(" \t\n");
      if (last != std::string::npos) block.text.erase(block.text.find('\n', last) + 1);
    }
    if (block.kind == BlockKind::kList) block.tight = is_tight(block);
    tip_ = block.parent;
  }

  // Moves link reference definitions from the front of a paragraph to the document's.
  void take_definitions(BlockId id) {
    std::string& text = at(id).text;
    text.erase(0, document_.references.take_definitions(text));
  }

  // A list is loose if a blank line stands between two items, or between two blocks of one item.
  bool is_tight(const Block& list) {
    for (BlockId item = list.first_child; item != kNoBlock; item = at(item).next) {
      const bool last_item = at(item).next == kNoBlock;
      if (ends_with_blank_line(item) && !last_item) return false;
      for (BlockId child = at(item).first_child; child != kNoBlock; child = at(child).next) {
        const bool last = last_item && at(child).next == kNoBlock;
        if (!last && ends_with_blank_line(child)) return false;
      }
    }
    return true;
  }

  // Looks through the last children of lists and items, at most kNestingMax deep.
  bool ends_with_blank_line(BlockId id) {
    for (; id != kNoBlock; id = at(id).last_child) {
      const Block& block = at(id);
      if (block.ends_with_blank_line) return true;
      if (block.kind != BlockKind::kList && block.kind != BlockKind::kItem) return false;
    }
    return false;
  }

  Document document_;
  BlockId tip_ = 0;
  BlockId oldest_unmatched_ = 0;
  BlockId last_matched_ = 0;
  bool all_closed_ = true;
};

}  // namespace

Document parse_blocks(std::string_view text) {
  BlockParser parser;
  while (!text.empty()) {
    const size_t end = text.find_first_of("\r\n");
    parser.add_line(text.substr(0, end));
    if (end == text.npos) break;
    const bool two_bytes = text.substr(end, 2) == "\r\n";
    text.remove_prefix(end + (two_bytes ? 2 : 1));
  }
  return parser.finish();
}

}  // namespace markdown
