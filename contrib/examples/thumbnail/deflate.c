#include "contrib/examples/thumbnail/deflate.h"

#include <stdlib.h>
#include <string.h>

enum {
  kWindowSize = 32 * 1024,
  kHashSize = 32 * 1024,
  kMatchMin = 3,
  kMatchMax = 258,
  kChainMax = 32,      // candidates tried for a match: more is smaller but slower
  kTokensMax = 16384,  // tokens a block
  kLiterals = 286,
  kDistances = 30,
  kLengthSymbols = 19,
  kEndOfBlock = 256,
};

// A token is a literal byte, or kMatchFlag | length << 16 | distance - 1.
#define kMatchFlag 0x80000000U

typedef struct {
  uint8_t lengths[kLiterals];
  uint16_t codes[kLiterals];  // bits in the order in which they are sent
} Code;

typedef struct {
  Bytes* out;
  uint64_t bits;
  uint32_t bit_count;
  uint32_t head[kHashSize];      // newest position + 1 with this hash, 0 for none
  uint32_t before[kWindowSize];  // the position + 1 before this one with the same hash
  uint32_t token_count;
  uint32_t tokens[kTokensMax];
} Deflate;

static void put_bits(Deflate* deflate, uint32_t value, uint32_t count) {
  deflate->bits |= (uint64_t)value << deflate->bit_count;
  deflate->bit_count += count;
  while (deflate->bit_count >= 8) {
    bytes_append_byte(deflate->out, (uint8_t)deflate->bits);
    deflate->bits >>= 8;
    deflate->bit_count -= 8;
  }
}

// Symbols of lengths and distances (RFC 1951 section 3.2.5): a base value and some extra bits.
// Beyond the first few, every 2^`step_bits` symbols double the range that a symbol covers.
typedef struct {
  uint32_t symbol;
  uint32_t extra;
  uint32_t extra_bits;
} Range;

static Range range_of(uint32_t offset, uint32_t step_bits) {
  uint32_t top = 0;
  while (offset >> top > 1) ++top;
  if (offset < 2U << step_bits) return (Range){offset, 0, 0};
  const uint32_t extra_bits = top - step_bits;
  return (Range){(extra_bits << step_bits) + (offset >> extra_bits),
                 offset & ((1U << extra_bits) - 1), extra_bits};
}

static Range length_range(uint32_t length) {
  if (length == kMatchMax) return (Range){285, 0, 0};
  Range range = range_of(length - kMatchMin, 2);
  range.symbol += 257;
  return range;
}

static Range distance_range(uint32_t distance) {
  return range_of(distance - 1, 1);
}

static uint32_t token_length(uint32_t token) {
  return token >> 16 & 0x7FFF;
}
static uint32_t token_distance(uint32_t token) {
  return (token & 0xFFFF) + 1;
}

// Joins the two lightest trees again and again. `parent` has room for 2 * count nodes; a leaf's
// depth is the number of parents above it.
static uint32_t build_tree(const uint32_t* weights, uint32_t count, uint8_t* lengths) {
  uint32_t node_weights[2 * kLiterals];
  uint32_t parent[2 * kLiterals];
  bool is_root[2 * kLiterals];
  for (uint32_t i = 0; i < count; ++i) {
    node_weights[i] = weights[i];
    is_root[i] = weights[i] > 0;
  }
  uint32_t node_count = count;
  for (;;) {
    uint32_t first = UINT32_MAX;
    uint32_t second = UINT32_MAX;
    for (uint32_t i = 0; i < node_count; ++i) {
      if (!is_root[i]) continue;
      if (first == UINT32_MAX || node_weights[i] < node_weights[first]) {
        second = first;
        first = i;
      } else if (second == UINT32_MAX || node_weights[i] < node_weights[second]) {
        second = i;
      }
    }
    if (second == UINT32_MAX) break;
    node_weights[node_count] = node_weights[first] + node_weights[second];
    is_root[first] = is_root[second] = false;
    is_root[node_count] = true;
    parent[first] = parent[second] = node_count;
    parent[node_count] = UINT32_MAX;
    ++node_count;
  }
  uint32_t length_max = 0;
  for (uint32_t i = 0; i < count; ++i) {
    lengths[i] = 0;
    if (weights[i] == 0) continue;
    uint32_t length = 0;
    for (uint32_t node = i; parent[node] != UINT32_MAX; node = parent[node]) ++length;
    lengths[i] = (uint8_t)length;
    if (length > length_max) length_max = length;
  }
  return length_max;
}

static uint16_t reverse_bits(uint32_t code, uint32_t length) {
  uint32_t reversed = 0;
  for (uint32_t i = 0; i < length; ++i) reversed |= (code >> i & 1) << (length - 1 - i);
  return (uint16_t)reversed;
}

// Chooses a prefix code for these weights with no code longer than `length_limit`. The weights are
// changed: flattened until the code is short enough, and at least two are made positive, since
// some readers want a complete code.
static void choose_code(uint32_t* weights, uint32_t count, uint32_t length_limit, Code* code) {
  uint32_t used = 0;
  for (uint32_t i = 0; i < count; ++i) used += weights[i] > 0;
  for (uint32_t i = 0; used < 2; ++i) {
    if (weights[i] > 0) continue;
    weights[i] = 1;
    ++used;
  }
  while (build_tree(weights, count, code->lengths) > length_limit) {
    for (uint32_t i = 0; i < count; ++i) weights[i] = (weights[i] + 1) / 2;
  }
  uint32_t next_code = 0;
  for (uint32_t length = 1; length <= length_limit; ++length, next_code <<= 1) {
    for (uint32_t i = 0; i < count; ++i) {
      if (code->lengths[i] == length) code->codes[i] = reverse_bits(next_code++, length);
    }
  }
}

static void put_symbol(Deflate* deflate, const Code* code, uint32_t symbol) {
  put_bits(deflate, code->codes[symbol], code->lengths[symbol]);
}

// One run-length coded item of the code lengths (section 3.2.7).
typedef struct {
  uint8_t symbol;
  uint8_t extra;
  uint8_t extra_bits;
} LengthItem;

static uint32_t length_items(const uint8_t* lengths, uint32_t count, LengthItem* items) {
  uint32_t item_count = 0;
  uint32_t at = 0;
  while (at < count) {
    const uint8_t value = lengths[at];
    uint32_t run = 1;
    while (at + run < count && lengths[at + run] == value && run < 138) ++run;
    if (value == 0 && run >= 11) {
      items[item_count++] = (LengthItem){18, (uint8_t)(run - 11), 7};
    } else if (value == 0 && run >= 3) {
      items[item_count++] = (LengthItem){17, (uint8_t)(run - 3), 3};
    } else if (run >= 4 && value != 0) {
      // The value itself, then repetitions of it.
      run = run < 7 ? run : 7;
      items[item_count++] = (LengthItem){value, 0, 0};
      items[item_count++] = (LengthItem){16, (uint8_t)(run - 4), 2};
    } else {
      run = 1;
      items[item_count++] = (LengthItem){value, 0, 0};
    }
    at += run;
  }
  return item_count;
}

static void put_codes(Deflate* deflate, const Code* literals, const Code* distances) {
  static const uint8_t kOrder[kLengthSymbols] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                 11, 4,  12, 3, 13, 2, 14, 1, 15};
  uint8_t lengths[kLiterals + kDistances];
  memcpy(lengths, literals->lengths, kLiterals);
  memcpy(lengths + kLiterals, distances->lengths, kDistances);
  LengthItem items[kLiterals + kDistances];
  const uint32_t item_count = length_items(lengths, sizeof lengths, items);

  uint32_t weights[kLengthSymbols] = {0};
  for (uint32_t i = 0; i < item_count; ++i) ++weights[items[i].symbol];
  Code code;
  choose_code(weights, kLengthSymbols, 7, &code);

  put_bits(deflate, kLiterals - 257, 5);
  put_bits(deflate, kDistances - 1, 5);
  put_bits(deflate, kLengthSymbols - 4, 4);
  for (uint32_t i = 0; i < kLengthSymbols; ++i) put_bits(deflate, code.lengths[kOrder[i]], 3);
  for (uint32_t i = 0; i < item_count; ++i) {
    put_symbol(deflate, &code, items[i].symbol);
    put_bits(deflate, items[i].extra, items[i].extra_bits);
  }
}

static void put_tokens(Deflate* deflate, const Code* literals, const Code* distances) {
  for (uint32_t i = 0; i < deflate->token_count; ++i) {
    const uint32_t token = deflate->tokens[i];
    if ((token & kMatchFlag) == 0) {
      put_symbol(deflate, literals, token);
      continue;
    }
    const Range length = length_range(token_length(token));
    const Range distance = distance_range(token_distance(token));
    put_symbol(deflate, literals, length.symbol);
    put_bits(deflate, length.extra, length.extra_bits);
    put_symbol(deflate, distances, distance.symbol);
    put_bits(deflate, distance.extra, distance.extra_bits);
  }
  put_symbol(deflate, literals, kEndOfBlock);
}

static void put_block(Deflate* deflate, bool last) {
  uint32_t literal_weights[kLiterals] = {0};
  uint32_t distance_weights[kDistances] = {0};
  literal_weights[kEndOfBlock] = 1;
  for (uint32_t i = 0; i < deflate->token_count; ++i) {
    const uint32_t token = deflate->tokens[i];
    if ((token & kMatchFlag) == 0) {
      ++literal_weights[token];
    } else {
      ++literal_weights[length_range(token_length(token)).symbol];
      ++distance_weights[distance_range(token_distance(token)).symbol];
    }
  }
  Code literals;
  Code distances;
  choose_code(literal_weights, kLiterals, 15, &literals);
  choose_code(distance_weights, kDistances, 15, &distances);
  put_bits(deflate, last ? 1 : 0, 1);
  put_bits(deflate, 2, 2);
  put_codes(deflate, &literals, &distances);
  put_tokens(deflate, &literals, &distances);
  deflate->token_count = 0;
}

static uint32_t hash_at(const uint8_t* p) {
  const uint32_t three = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
  return (three * 0x9E3779B1U) >> 17;
}

static void remember(Deflate* deflate, const uint8_t* data, size_t size, size_t at) {
  if (size - at < kMatchMin) return;
  const uint32_t hash = hash_at(data + at);
  deflate->before[at % kWindowSize] = deflate->head[hash];
  deflate->head[hash] = (uint32_t)at + 1;
}

static uint32_t common_length(const uint8_t* a, const uint8_t* b, size_t length_max) {
  uint32_t length = 0;
  while (length < length_max && a[length] == b[length]) ++length;
  return length;
}

// The longest match that ends the search soonest; length 0 if there is none.
static uint32_t find_match(const Deflate* deflate, const uint8_t* data, size_t size, size_t at,
                           uint32_t* distance) {
  const size_t length_max = size - at < kMatchMax ? size - at : kMatchMax;
  uint32_t best = 0;
  if (length_max < kMatchMin) return 0;
  uint32_t candidate = deflate->head[hash_at(data + at)];
  for (int tries = 0; candidate != 0 && tries < kChainMax; ++tries) {
    const size_t from = candidate - 1;
    // A ring entry that was overwritten leads to a position that is too far back or not behind us.
    if (from >= at || at - from > kWindowSize) break;
    const uint32_t length = common_length(data + from, data + at, length_max);
    if (length > best) {
      best = length;
      *distance = (uint32_t)(at - from);
      if (best == length_max) break;
    }
    const uint32_t older = deflate->before[from % kWindowSize];
    if (older >= candidate) break;
    candidate = older;
  }
  return best >= kMatchMin ? best : 0;
}

static void compress(Deflate* deflate, const uint8_t* data, size_t size) {
  size_t at = 0;
  while (at < size) {
    uint32_t distance = 0;
    const uint32_t length = find_match(deflate, data, size, at, &distance);
    if (length == 0) {
      deflate->tokens[deflate->token_count++] = data[at];
      remember(deflate, data, size, at++);
    } else {
      deflate->tokens[deflate->token_count++] = kMatchFlag | length << 16 | (distance - 1);
      for (uint32_t i = 0; i < length; ++i) remember(deflate, data, size, at++);
    }
    if (deflate->token_count == kTokensMax) put_block(deflate, false);
  }
  put_block(deflate, true);
  if (deflate->bit_count > 0) put_bits(deflate, 0, 8 - deflate->bit_count);
}

// RFC 1950 section 8.2. 5552 is the most bytes for which 32 bits hold the sums.
static uint32_t adler32(const uint8_t* data, size_t size) {
  uint32_t a = 1;
  uint32_t b = 0;
  while (size > 0) {
    size_t part = size < 5552 ? size : 5552;
    size -= part;
    for (; part > 0; --part) {
      a += *data++;
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return b << 16 | a;
}

void deflate_zlib(const uint8_t* data, size_t size, Bytes* out) {
  Deflate* deflate = calloc(1, sizeof *deflate);
  if (deflate == NULL) {
    out->failed = true;
    return;
  }
  deflate->out = out;
  // Deflate with a 32 KiB window, the default level, and check bits that make it divisible by 31.
  bytes_append(out, "\x78\x9C", 2);
  compress(deflate, data, size);
  bytes_append_u32_big(out, adler32(data, size));
  free(deflate);
}
