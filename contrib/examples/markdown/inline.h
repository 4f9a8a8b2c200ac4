// inline: what is inside a line of text: emphasis, code, links, images (CommonMark 0.31, section
// 6). Raw HTML is text here, and so is a link to a dangerous address.

#pragma once

#include <string>
#include <string_view>

#include "contrib/examples/markdown/links.h"

namespace markdown {

class InlineRenderer {
 public:
  // `references` must outlive the renderer.
  explicit InlineRenderer(const References& references) : references_(references) {}

  // Appends the HTML for `text`, the lines of one block. All memory but the result's is given back.
  void render(std::string_view text, std::string* html);

  // Appends `text` as it reads without any markup, not escaped.
  void render_plain(std::string_view text, std::string* plain);

 private:
  const References& references_;
  size_t expanded_ = 0;  // bytes copied from definitions so far
};

}  // namespace markdown
