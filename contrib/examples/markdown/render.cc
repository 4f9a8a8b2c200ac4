#include "contrib/examples/markdown/render.h"

#include <algorithm>

#include "contrib/examples/markdown/inline.h"
#include "contrib/examples/markdown/table.h"
#include "contrib/examples/markdown/text.h"

namespace markdown {
namespace {

std::string_view trim(std::string_view text) {
  const size_t start = text.find_first_not_of(" \t\n");
  if (start == text.npos) return {};
  return text.substr(start, text.find_last_not_of(" \t\n") - start + 1);
}

// Takes the first line, without its ending, off the front.
std::string_view take_line(std::string_view* text) {
  const size_t end = std::min(text->find('\n'), text->size());
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  return line;
}

class Renderer {
 public:
  Renderer(const Document& document, size_t html_size_max, std::string* html)
      : document_(document),
        inlines_(document.references),
        html_size_max_(html_size_max),
        html_(*html) {}

  // Walks the tree without recursion: down to the first child, else to the next one, else up.
  bool run() {
    BlockId id = 0;
    for (;;) {
      enter(at(id));
      if (!fits()) return false;
      if (at(id).first_child != kNoBlock) {
        id = at(id).first_child;
        continue;
      }
      leave(at(id));
      while (at(id).next == kNoBlock) {
        id = at(id).parent;
        if (id == kNoBlock) return fits();
        leave(at(id));
      }
      id = at(id).next;
    }
  }

 private:
  const Block& at(BlockId id) const { return document_.blocks[id]; }

  bool fits() const { return html_.size() <= html_size_max_; }

  // Starts a new line unless one has just been started.
  void start_line() {
    if (!html_.empty() && html_.back() != '\n') html_ += '\n';
  }

  void enter(const Block& block) {
    switch (block.kind) {
      case BlockKind::kDocument:
        return;
      case BlockKind::kQuote:
        start_line();
        html_ += "<blockquote>\n";
        return;
      case BlockKind::kList:
        start_line();
        enter_list(block);
        return;
      case BlockKind::kItem:
        start_line();
        html_ += "<li>";
        return;
      case BlockKind::kParagraph:
        write_paragraph(block);
        return;
      case BlockKind::kHeading:
        start_line();
        write_heading(block);
        return;
      case BlockKind::kCode:
        start_line();
        write_code(block);
        return;
      case BlockKind::kBreak:
        start_line();
        html_ += "<hr />\n";
        return;
      case BlockKind::kTable:
        start_line();
        write_table(block);
        return;
    }
  }

  void leave(const Block& block) {
    switch (block.kind) {
      case BlockKind::kQuote:
        start_line();
        html_ += "</blockquote>\n";
        return;
      case BlockKind::kList:
        start_line();
        html_ += block.ordered ? "</ol>\n" : "</ul>\n";
        return;
      case BlockKind::kItem:
        html_ += "</li>\n";
        return;
      case BlockKind::kDocument:
      case BlockKind::kParagraph:
      case BlockKind::kHeading:
      case BlockKind::kCode:
      case BlockKind::kBreak:
      case BlockKind::kTable:
        return;
    }
  }

  void enter_list(const Block& list) {
    if (!list.ordered) {
      html_ += "<ul>\n";
    } else if (list.number == 1) {
      html_ += "<ol>\n";
    } else {
      html_ += "<ol start=\"" + std::to_string(list.number) + "\">\n";
    }
  }

  bool in_tight_list(const Block& block) const {
    const Block& parent = at(block.parent);
    return parent.kind == BlockKind::kItem && at(parent.parent).tight;
  }

  void write_paragraph(const Block& paragraph) {
    const std::string_view text = trim(paragraph.text);
    // Nothing is left of a paragraph of link definitions.
    if (text.empty()) return;
    if (in_tight_list(paragraph)) {
      // The first block of an item stays on the line of its <li>.
      if (!html_.ends_with("<li>")) start_line();
      inlines_.render(text, &html_);
      if (paragraph.next != kNoBlock) start_line();
      return;
    }
    start_line();
    html_ += "<p>";
    inlines_.render(text, &html_);
    html_ += "</p>\n";
  }

  void write_heading(const Block& heading) {
    const char level = static_cast<char>('0' + heading.level);
    html_ += "<h";
    html_ += level;
    html_ += '>';
    inlines_.render(trim(heading.text), &html_);
    html_ += "</h";
    html_ += level;
    html_ += ">\n";
  }

  void write_code(const Block& code) {
    std::string_view text = code.text;
    html_ += "<pre><code";
    if (code.fenced) {
      const std::string info = unescape(trim(take_line(&text)));
      const std::string_view language = std::string_view(info).substr(0, info.find_first_of(" \t"));
      if (!language.empty()) {
        html_ += " class=\"language-";
        append_escaped(language, &html_);
        html_ += '"';
      }
    }
    html_ += '>';
    append_escaped(text, &html_);
    html_ += "</code></pre>\n";
  }

  void write_table(const Block& table) {
    std::string_view text = table.text;
    const std::string_view head = take_line(&text);
    const std::vector<Alignment> alignments = read_alignments(take_line(&text));
    html_ += "<table>\n<thead>\n";
    write_row(head, "th", alignments);
    html_ += "</thead>\n";
    const bool has_body = !text.empty();
    if (has_body) html_ += "<tbody>\n";
    // A short row is filled up with empty cells, so rows can be much longer than their source.
    while (!text.empty() && fits()) write_row(take_line(&text), "td", alignments);
    if (has_body) html_ += "</tbody>\n";
    html_ += "</table>\n";
  }

  void write_row(std::string_view row, std::string_view tag,
                 const std::vector<Alignment>& alignments) {
    const std::vector<std::string> cells = split_cells(row);
    html_ += "<tr>\n";
    for (size_t i = 0; i < alignments.size(); ++i) {
      html_ += '<';
      html_ += tag;
      html_ += attribute(alignments[i]);
      html_ += '>';
      if (i < cells.size()) inlines_.render(cells[i], &html_);
      html_ += "</";
      html_ += tag;
      html_ += ">\n";
    }
    html_ += "</tr>\n";
  }

  static std::string_view attribute(Alignment alignment) {
    switch (alignment) {
      case Alignment::kNone:
        return "";
      case Alignment::kLeft:
        return " align=\"left\"";
      case Alignment::kCenter:
        return " align=\"center\"";
      case Alignment::kRight:
        return " align=\"right\"";
    }
    return "";
  }

  const Document& document_;
  InlineRenderer inlines_;
  size_t html_size_max_;
  std::string& html_;
};

}  // namespace

bool render_document(const Document& document, size_t html_size_max, std::string* html) {
  return Renderer(document, html_size_max, html).run();
}

std::string first_heading(const Document& document) {
  std::string title;
  for (const Block& block : document.blocks) {
    if (block.kind != BlockKind::kHeading) continue;
    InlineRenderer(document.references).render_plain(trim(block.text), &title);
    if (!title.empty()) break;
  }
  return title;
}

}  // namespace markdown
