// Block: a document's structure (CommonMark 0.31, sections 4 and 5): what stands inside what,
// before anybody looks at the text inside a line.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "contrib/examples/markdown/links.h"

namespace markdown {

enum class BlockKind : uint8_t {
  kDocument,
  kQuote,
  kList,
  kItem,
  kParagraph,
  kHeading,
  kCode,
  kBreak,
  kTable,
};

using BlockId = uint32_t;
inline constexpr BlockId kNoBlock = UINT32_MAX;

struct Block {
  BlockKind kind = BlockKind::kDocument;
  bool open = true;
  bool ends_with_blank_line = false;
  bool ordered = false;  // kList, kItem
  bool tight = true;     // kList: its paragraphs are shown without <p>
  bool fenced = false;   // kCode; the first line of its text is then the info string
  uint8_t level = 0;     // kHeading: 1 to 6
  char marker = '\0';    // kList, kItem: - + * . ) ; fenced kCode: ` ~
  uint8_t indent = 0;    // kItem: of the marker; fenced kCode: of the fence
  uint8_t padding = 0;   // kItem: from the marker to its content
  uint32_t number = 0;   // ordered kList, kItem: the first number; fenced kCode: the fence's length
  BlockId parent = kNoBlock;
  BlockId next = kNoBlock;
  BlockId first_child = kNoBlock;
  BlockId last_child = kNoBlock;
  std::string text;  // raw lines of the kinds that hold text
};

struct Document {
  // Element 0 is the document itself. A deque grows without ever needing twice the memory.
  std::deque<Block> blocks;
  References references;
};

// Containers inside each other; a marker that would open one more is text.
inline constexpr size_t kNestingMax = 64;

// `text` is valid UTF-8.
Document parse_blocks(std::string_view text);

}  // namespace markdown
