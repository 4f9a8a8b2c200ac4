// render: a parsed document as HTML.

#pragma once

#include <cstddef>
#include <string>

#include "contrib/examples/markdown/block.h"

namespace markdown {

// Appends the document as HTML, without <html> or <body>. False if it grows beyond `html_size_max`
// bytes; what was written is then useless.
bool render_document(const Document& document, size_t html_size_max, std::string* html);

// The first heading as plain text; "" if there is none.
std::string first_heading(const Document& document);

}  // namespace markdown
