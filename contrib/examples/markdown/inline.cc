// The inline phase, as CommonMark 0.31 describes it in its appendix "A parsing strategy": the text
// is cut into a list of nodes; runs of * and _ and opening brackets are remembered until what
// closes them is met, and tags are then put between the nodes.

#include "contrib/examples/markdown/inline.h"

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "contrib/examples/markdown/text.h"

namespace markdown {
namespace {

constexpr uint32_t kNone = UINT32_MAX;

enum class NodeKind : uint8_t {
  kText,        // of the source
  kDecoded,     // made text, to be escaped
  kCode,        // made text, to be escaped and shown as code
  kTag,         // made HTML, left out of an image's description
  kImageStart,  // made HTML, behind which the description comes as plain text
  kImageEnd,
  kSoftBreak,
  kHardBreak,
};

// A stretch of the source (kText) or of what was made (the others), in a doubly linked list.
struct Node {
  NodeKind kind;
  uint32_t begin;
  uint32_t end;
  uint32_t previous;
  uint32_t next;
};

// A run of * or _ that may still open or close emphasis, in a doubly linked list.
struct Delimiter {
  uint32_t node;
  uint32_t original_size;
  uint32_t previous;
  uint32_t next;
  char c;
  bool can_open;
  bool can_close;
};

// A [ or ![ that may still open a link or an image.
struct Bracket {
  uint32_t node;
  uint32_t delimiter;  // the newest one before it
  uint32_t text_begin;
  bool image;
  bool bracket_after;  // another one came behind it, so its text is no label
};

class InlineParser {
 public:
  InlineParser(std::string_view source, const References& references, size_t* expanded)
      : source_(source), references_(references), expanded_(expanded) {
    find_backtick_runs();
  }

  void parse() {
    while (at_ < source_.size()) {
      if (!parse_special()) parse_text();
    }
    process_emphasis(kNone);
  }

  void write_html(std::string* html) const;
  void write_plain(std::string* plain) const;

 private:
  // ---- The list of nodes

  uint32_t add_node(NodeKind kind, size_t begin, size_t end) {
    const auto id = static_cast<uint32_t>(nodes_.size());
    nodes_.push_back(
        {kind, static_cast<uint32_t>(begin), static_cast<uint32_t>(end), last_, kNone});
    if (last_ == kNone) {
      first_ = id;
    } else {
      nodes_[last_].next = id;
    }
    last_ = id;
    return id;
  }

  uint32_t add_made(NodeKind kind, std::string_view text) {
    const size_t begin = made_.size();
    made_ += text;
    return add_node(kind, begin, made_.size());
  }

  void add_text(size_t begin, size_t end) {
    if (begin < end) add_node(NodeKind::kText, begin, end);
  }

  // Makes a tag and puts it behind `node`, or at the front if that is kNone.
  void insert_tag_after(uint32_t node, std::string_view tag) {
    const auto id = static_cast<uint32_t>(nodes_.size());
    const size_t begin = made_.size();
    made_ += tag;
    const uint32_t next = node == kNone ? first_ : nodes_[node].next;
    nodes_.push_back({NodeKind::kTag, static_cast<uint32_t>(begin),
                      static_cast<uint32_t>(made_.size()), node, next});
    (node == kNone ? first_ : nodes_[node].next) = id;
    (next == kNone ? last_ : nodes_[next].previous) = id;
  }

  // ---- Reading

  static bool is_special(char c) {
    static constexpr std::string_view kSpecial = "\n\\`*_[]!<&";
    return kSpecial.find(c) != std::string_view::npos;
  }

  void parse_text() {
    const size_t begin = at_++;
    while (at_ < source_.size() && !is_special(source_[at_])) ++at_;
    add_text(begin, at_);
  }

  char peek(size_t ahead) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  // False if what stands here is text after all.
  bool parse_special() {
    switch (source_[at_]) {
      case '\n':
        parse_line_end();
        return true;
      case '\\':
        parse_backslash();
        return true;
      case '`':
        parse_code();
        return true;
      case '*':
      case '_':
        parse_delimiters();
        return true;
      case '[':
        push_bracket(false);
        return true;
      case '!':
        if (peek(1) != '[') return false;
        push_bracket(true);
        return true;
      case ']':
        parse_closing_bracket();
        return true;
      case '<':
        return parse_autolink();
      case '&':
        return parse_entity();
      default:
        return false;
    }
  }

  void parse_line_end() {
    bool hard = false;
    if (last_ != kNone && nodes_[last_].kind == NodeKind::kText) {
      Node& before = nodes_[last_];
      const uint32_t end = before.end;
      while (before.end > before.begin && source_[before.end - 1] == ' ') --before.end;
      hard = end - before.end >= 2;
    }
    add_node(hard ? NodeKind::kHardBreak : NodeKind::kSoftBreak, 0, 0);
    ++at_;
    while (at_ < source_.size() && source_[at_] == ' ') ++at_;
  }

  void parse_backslash() {
    const char next = peek(1);
    if (next == '\n') {
      add_node(NodeKind::kHardBreak, 0, 0);
      at_ += 2;
      while (at_ < source_.size() && source_[at_] == ' ') ++at_;
    } else if (is_punctuation(next)) {
      add_text(at_ + 1, at_ + 2);
      at_ += 2;
    } else {
      add_text(at_, at_ + 1);
      ++at_;
    }
  }

  // Where the last run of each length of backticks starts, so that a run without a partner is known
  // as such at once, not by a search to the end of the text.
  void find_backtick_runs() {
    for (size_t i = source_.find('`'); i != source_.npos; i = source_.find('`', i)) {
      const size_t begin = i;
      i = end_of_run(begin);
      last_backticks_[i - begin] = begin;
    }
  }

  size_t end_of_run(size_t begin) const {
    const size_t end = source_.find_first_not_of(source_[begin], begin);
    return end == source_.npos ? source_.size() : end;
  }

  void parse_code() {
    const size_t begin = end_of_run(at_);
    const size_t length = begin - at_;
    const auto last = last_backticks_.find(length);
    if (last == last_backticks_.end() || last->second <= at_) {
      add_text(at_, begin);
      at_ = begin;
      return;
    }
    size_t close = source_.find('`', begin);
    while (end_of_run(close) - close != length) close = source_.find('`', end_of_run(close));
    add_code(source_.substr(begin, close - begin));
    at_ = close + length;
  }

  void add_code(std::string_view text) {
    std::string code(text);
    for (char& c : code) c = c == '\n' ? ' ' : c;
    // One space at each end is for texts that start or end with a backtick.
    const bool padded = code.size() >= 2 && code.front() == ' ' && code.back() == ' ' &&
                        code.find_first_not_of(' ') != std::string::npos;
    add_made(NodeKind::kCode,
             padded ? std::string_view(code).substr(1, code.size() - 2) : std::string_view(code));
  }

  bool parse_entity() {
    std::string decoded;
    const size_t size = decode_entity(source_, at_, &decoded);
    if (size == 0) return false;
    add_made(NodeKind::kDecoded, decoded);
    at_ += size;
    return true;
  }

  // <https://example.org> or <who@example.org>; any other < is text.
  bool parse_autolink() {
    const size_t end = source_.find_first_of("<> \n", at_ + 1);
    if (end == source_.npos || source_[end] != '>') return false;
    const std::string_view address = source_.substr(at_ + 1, end - at_ - 1);
    const bool mail = is_mail_address(address);
    if (!mail && !(has_scheme(address) && is_safe_address(address))) return false;
    std::string tag = mail ? "<a href=\"mailto:" : "<a href=\"";
    append_address(address, &tag);
    add_made(NodeKind::kTag, tag + "\">");
    add_text(at_ + 1, end);
    add_made(NodeKind::kTag, "</a>");
    at_ = end + 1;
    return true;
  }

  static bool has_scheme(std::string_view address) {
    const size_t colon = address.find(':');
    if (colon == address.npos || colon < 2 || colon > 32 || !is_letter(address[0])) return false;
    for (const char c : address.substr(0, colon)) {
      if (!is_letter(c) && !is_digit(c) && c != '+' && c != '.' && c != '-') return false;
    }
    return true;
  }

  static bool is_mail_address(std::string_view address) {
    static constexpr std::string_view kLocal = ".!#$%&'*+/=?^_`{|}~-";
    const size_t sign = address.find('@');
    if (sign == address.npos || sign == 0 || sign + 1 == address.size()) return false;
    for (const char c : address.substr(0, sign)) {
      if (!is_letter(c) && !is_digit(c) && kLocal.find(c) == kLocal.npos) return false;
    }
    // Labels of letters, digits and inner hyphens, at most 63 long.
    size_t label_size = 0;
    char before = '.';
    for (const char c : address.substr(sign + 1)) {
      const bool plain = is_letter(c) || is_digit(c);
      if (!plain && (before == '.' || (c != '-' && c != '.') || (c == '.' && before == '-'))) {
        return false;
      }
      label_size = c == '.' ? 0 : label_size + 1;
      if (label_size > 63) return false;
      before = c;
    }
    return before != '.' && before != '-';
  }

  // ---- Emphasis

  void parse_delimiters() {
    const size_t begin = at_;
    const char c = source_[begin];
    at_ = end_of_run(begin);
    const CharClass before = class_before(source_, begin);
    const CharClass after = class_after(source_, at_);
    const bool left = after != CharClass::kSpace &&
                      (after != CharClass::kPunctuation || before != CharClass::kOther);
    const bool right = before != CharClass::kSpace &&
                       (before != CharClass::kPunctuation || after != CharClass::kOther);
    // Inside a word, underscores are only underscores.
    const bool word = c == '_';
    const bool can_open = left && (!word || !right || before == CharClass::kPunctuation);
    const bool can_close = right && (!word || !left || after == CharClass::kPunctuation);
    const uint32_t node = add_node(NodeKind::kText, begin, at_);
    if (!can_open && !can_close) return;
    const auto id = static_cast<uint32_t>(delimiters_.size());
    delimiters_.push_back(
        {node, static_cast<uint32_t>(at_ - begin), last_delimiter_, kNone, c, can_open, can_close});
    if (last_delimiter_ != kNone) delimiters_[last_delimiter_].next = id;
    last_delimiter_ = id;
  }

  void remove_delimiter(uint32_t id) {
    const Delimiter& gone = delimiters_[id];
    if (gone.previous != kNone) delimiters_[gone.previous].next = gone.next;
    if (gone.next != kNone) {
      delimiters_[gone.next].previous = gone.previous;
    } else {
      last_delimiter_ = gone.previous;
    }
  }

  uint32_t size_of(const Delimiter& delimiter) const {
    return nodes_[delimiter.node].end - nodes_[delimiter.node].begin;
  }

  // Rule 9 and 10: runs that both open and close do not match if their lengths add up to a multiple
  // of three, unless both are multiples of three.
  static bool odd_match(const Delimiter& opener, const Delimiter& closer) {
    return (closer.can_open || opener.can_close) && closer.original_size % 3 != 0 &&
           (opener.original_size + closer.original_size) % 3 == 0;
  }

  // Delimiters are numbered in order of place, so a bottom is the first number that may be tried.
  uint32_t find_opener(const Delimiter& closer, uint32_t bottom) const {
    for (uint32_t id = closer.previous; id != kNone && id >= bottom;
         id = delimiters_[id].previous) {
      const Delimiter& opener = delimiters_[id];
      if (opener.c == closer.c && opener.can_open && !odd_match(opener, closer)) return id;
    }
    return kNone;
  }

  // Makes emphasis of one character or strong emphasis of two at each side.
  void match(uint32_t opener_id, uint32_t closer_id) {
    const Delimiter& opener = delimiters_[opener_id];
    const Delimiter& closer = delimiters_[closer_id];
    const bool strong = size_of(opener) >= 2 && size_of(closer) >= 2;
    while (closer.previous != opener_id) remove_delimiter(closer.previous);
    nodes_[opener.node].end -= strong ? 2 : 1;
    nodes_[closer.node].begin += strong ? 2 : 1;
    insert_tag_after(opener.node, strong ? "<strong>" : "<em>");
    insert_tag_after(nodes_[closer.node].previous, strong ? "</strong>" : "</em>");
    if (size_of(opener) == 0) remove_delimiter(opener_id);
  }

  // Matches the delimiters behind `stack_bottom` (kNone: all) and forgets them.
  void process_emphasis(uint32_t stack_bottom) {
    // For each kind of closer, where a search for an opener has failed before; further down it
    // would fail again. Without this the time would be quadratic.
    uint32_t bottoms[2][2][3];
    for (auto& by_kind : bottoms) {
      for (auto& by_open : by_kind) {
        for (uint32_t& bottom : by_open) bottom = stack_bottom == kNone ? 0 : stack_bottom + 1;
      }
    }
    uint32_t id = first_behind(stack_bottom);
    while (id != kNone) {
      const Delimiter& closer = delimiters_[id];
      if (!closer.can_close) {
        id = closer.next;
        continue;
      }
      uint32_t& bottom =
          bottoms[closer.c == '*' ? 0 : 1][closer.can_open ? 1 : 0][closer.original_size % 3];
      const uint32_t opener = find_opener(closer, bottom);
      if (opener != kNone) {
        match(opener, id);
        if (size_of(closer) > 0) continue;
        const uint32_t next = closer.next;
        remove_delimiter(id);
        id = next;
        continue;
      }
      const uint32_t next = closer.next;
      bottom = id;
      if (!closer.can_open) remove_delimiter(id);
      id = next;
    }
    while (last_delimiter_ != stack_bottom) remove_delimiter(last_delimiter_);
  }

  uint32_t first_behind(uint32_t stack_bottom) const {
    uint32_t id = last_delimiter_;
    if (id == stack_bottom) return kNone;
    while (delimiters_[id].previous != stack_bottom) id = delimiters_[id].previous;
    return id;
  }

  // ---- Links and images

  void push_bracket(bool image) {
    const size_t size = image ? 2 : 1;
    const uint32_t node = add_node(NodeKind::kText, at_, at_ + size);
    at_ += size;
    if (!brackets_.empty()) brackets_.back().bracket_after = true;
    brackets_.push_back({node, last_delimiter_, static_cast<uint32_t>(at_), image, false});
  }

  void pop_bracket() {
    brackets_.pop_back();
    if (inactive_below_ > brackets_.size()) inactive_below_ = brackets_.size();
  }

  void parse_closing_bracket() {
    const size_t close = at_++;
    if (!brackets_.empty()) {
      const Bracket opener = brackets_.back();
      // Links hold no links: all brackets before a link's are text, except those of images.
      const bool active = opener.image || brackets_.size() > inactive_below_;
      Link link;
      if (active && (read_destination(&link) || read_reference(opener, close, &link))) {
        make_link(opener, link);
        return;
      }
      pop_bracket();
    }
    add_text(close, close + 1);
  }

  // (address "title") right behind the closing bracket.
  bool read_destination(Link* link) {
    size_t i = at_;
    if (peek(0) != '(') return false;
    ++i;
    skip_space_and_line(source_, &i);
    if (!scan_address(source_, &i, &link->address)) return false;
    const size_t address_end = i;
    skip_space_and_line(source_, &i);
    if (i != address_end && scan_title(source_, &i, &link->title)) skip_space_and_line(source_, &i);
    if (i >= source_.size() || source_[i] != ')') return false;
    at_ = i + 1;
    return true;
  }

  // [label], [] or nothing behind the closing bracket; the last two take the text as the label.
  bool read_reference(const Bracket& opener, size_t close, Link* link) {
    size_t i = at_;
    std::string_view label;
    const bool bracketed = scan_label(source_, &i, &label);
    if (!bracketed || label.empty()) {
      if (opener.bracket_after) return false;
      label = source_.substr(opener.text_begin, close - opener.text_begin);
    }
    const Link* const found = references_.find(label);
    if (found == nullptr) return false;
    *expanded_ += found->address.size() + found->title.size();
    if (*expanded_ > References::kExpansionMax) return false;
    *link = *found;
    if (bracketed) at_ = i;
    return true;
  }

  void make_link(const Bracket& opener, const Link& link) {
    process_emphasis(opener.delimiter);
    std::string start = opener.image ? "<img src=\"" : "<a href=\"";
    const bool safe = is_safe_address(link.address);
    if (safe) append_address(link.address, &start);
    std::string title;
    if (!link.title.empty()) {
      title = " title=\"";
      append_escaped(link.title, &title);
      title += "\"";
    }
    start += opener.image ? "\" alt=\"" : "\"" + title + ">";

    // The opening bracket's node becomes the start.
    Node& node = nodes_[opener.node];
    node.kind = opener.image ? NodeKind::kImageStart : NodeKind::kTag;
    node.begin = static_cast<uint32_t>(made_.size());
    made_ += start;
    node.end = static_cast<uint32_t>(made_.size());
    if (opener.image) {
      add_made(NodeKind::kImageEnd, "\"" + title + " />");
    } else {
      add_made(NodeKind::kTag, "</a>");
    }
    pop_bracket();
    if (!opener.image) inactive_below_ = brackets_.size();
  }

  std::string_view text_of(const Node& node) const {
    const std::string_view from = node.kind == NodeKind::kText ? source_ : std::string_view(made_);
    return from.substr(node.begin, node.end - node.begin);
  }

  std::string_view source_;
  const References& references_;
  size_t* expanded_;
  size_t at_ = 0;
  std::string made_;
  std::vector<Node> nodes_;
  uint32_t first_ = kNone;
  uint32_t last_ = kNone;
  std::vector<Delimiter> delimiters_;
  uint32_t last_delimiter_ = kNone;
  std::vector<Bracket> brackets_;
  size_t inactive_below_ = 0;  // brackets_ below this open no links
  std::unordered_map<size_t, size_t> last_backticks_;
};

void InlineParser::write_html(std::string* html) const {
  size_t images_open = 0;
  for (uint32_t id = first_; id != kNone; id = nodes_[id].next) {
    const Node& node = nodes_[id];
    const bool tags = images_open == 0;
    switch (node.kind) {
      case NodeKind::kText:
      case NodeKind::kDecoded:
        append_escaped(text_of(node), html);
        break;
      case NodeKind::kCode:
        if (tags) *html += "<code>";
        append_escaped(text_of(node), html);
        if (tags) *html += "</code>";
        break;
      case NodeKind::kTag:
        if (tags) *html += text_of(node);
        break;
      case NodeKind::kImageStart:
        if (images_open++ == 0) *html += text_of(node);
        break;
      case NodeKind::kImageEnd:
        if (--images_open == 0) *html += text_of(node);
        break;
      case NodeKind::kSoftBreak:
        *html += '\n';
        break;
      case NodeKind::kHardBreak:
        *html += tags ? "<br />\n" : "\n";
        break;
    }
  }
}

void InlineParser::write_plain(std::string* plain) const {
  for (uint32_t id = first_; id != kNone; id = nodes_[id].next) {
    const Node& node = nodes_[id];
    switch (node.kind) {
      case NodeKind::kText:
      case NodeKind::kDecoded:
      case NodeKind::kCode:
        *plain += text_of(node);
        break;
      case NodeKind::kSoftBreak:
      case NodeKind::kHardBreak:
        *plain += ' ';
        break;
      case NodeKind::kTag:
      case NodeKind::kImageStart:
      case NodeKind::kImageEnd:
        break;
    }
  }
}

}  // namespace

void InlineRenderer::render(std::string_view text, std::string* html) {
  InlineParser parser(text, references_, &expanded_);
  parser.parse();
  parser.write_html(html);
}

void InlineRenderer::render_plain(std::string_view text, std::string* plain) {
  InlineParser parser(text, references_, &expanded_);
  parser.parse();
  parser.write_plain(plain);
}

}  // namespace markdown
