#include "contrib/examples/thumbnail/inflate.h"

#include <string.h>

enum { kWindowMask = 32 * 1024 - 1, kMatchMax = 258 };

static const uint16_t kLengthBase[29] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                         15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                         67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t kLengthExtra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                         2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint16_t kDistanceBase[30] = {
    1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
    193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
static const uint8_t kDistanceExtra[30] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                           6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

static void refill(Inflate* inflate) {
  while (inflate->bit_count <= 56) {
    int byte = inflate->next_byte(inflate->context);
    if (byte < 0) {
      // Zeros stand in for what is missing, so that the last codes can be looked up; using one of
      // them is found out in take_bits.
      byte = 0;
      inflate->padding_bits += 8;
    }
    inflate->bits |= (uint64_t)byte << inflate->bit_count;
    inflate->bit_count += 8;
  }
}

static void damage(Inflate* inflate) {
  inflate->state = kInflateDamaged;
}

static void drop_bits(Inflate* inflate, uint32_t count) {
  inflate->bits >>= count;
  inflate->bit_count -= count;
  if (inflate->bit_count < inflate->padding_bits) damage(inflate);
}

// At most 16 bits.
static uint32_t take_bits(Inflate* inflate, uint32_t count) {
  if (inflate->bit_count < count) refill(inflate);
  const uint32_t value = (uint32_t)inflate->bits & ((1U << count) - 1);
  drop_bits(inflate, count);
  return value;
}

static uint32_t reverse_bits(uint32_t code, uint32_t length) {
  uint32_t reversed = 0;
  for (uint32_t i = 0; i < length; ++i) reversed |= (code >> i & 1) << (length - 1 - i);
  return reversed;
}

static void fill_lookup(HuffmanCode* huffman, uint32_t code, uint32_t length, uint32_t symbol) {
  const uint16_t entry = (uint16_t)(symbol << 4 | length);
  for (uint32_t i = reverse_bits(code, length); i < 1U << kHuffmanLookupBits; i += 1U << length) {
    huffman->lookup[i] = entry;
  }
}

// Builds a code from its lengths. False if more codes are asked for than fit, or fewer than fill
// the code space, unless there is at most one (a stream without matches has such a distance code).
static bool build_code(HuffmanCode* huffman, const uint8_t* lengths, uint32_t symbol_count) {
  memset(huffman, 0, sizeof *huffman);
  for (uint32_t symbol = 0; symbol < symbol_count; ++symbol) ++huffman->count[lengths[symbol]];
  const uint32_t used = symbol_count - huffman->count[0];
  huffman->count[0] = 0;

  uint16_t next_index[16] = {0};
  uint32_t next_code[16] = {0};
  int32_t space = 1;
  for (uint32_t length = 1; length < 16; ++length) {
    space = space * 2 - huffman->count[length];
    if (space < 0) return false;
    next_index[length] = (uint16_t)(next_index[length - 1] + huffman->count[length - 1]);
    next_code[length] = (next_code[length - 1] + huffman->count[length - 1]) << 1;
  }
  if (space > 0 && used > 1) return false;

  for (uint32_t symbol = 0; symbol < symbol_count; ++symbol) {
    const uint32_t length = lengths[symbol];
    if (length == 0) continue;
    huffman->symbols[next_index[length]++] = (uint16_t)symbol;
    const uint32_t code = next_code[length]++;
    if (length <= kHuffmanLookupBits) fill_lookup(huffman, code, length, symbol);
  }
  return true;
}

// The next symbol; 0 and a damaged state if no code matches.
static uint32_t take_symbol(Inflate* inflate, const HuffmanCode* huffman) {
  if (inflate->bit_count < 15) refill(inflate);
  const uint32_t entry = huffman->lookup[inflate->bits & ((1U << kHuffmanLookupBits) - 1)];
  if (entry != 0) {
    drop_bits(inflate, entry & 15);
    return entry >> 4;
  }
  // `code` is the bits so far, `first` the first code of this length, `index` its place in symbols.
  uint32_t code = 0;
  uint32_t first = 0;
  uint32_t index = 0;
  for (uint32_t length = 1; length < 16; ++length) {
    code = code << 1 | (uint32_t)(inflate->bits >> (length - 1) & 1);
    const uint32_t count = huffman->count[length];
    if (code - first < count) {
      drop_bits(inflate, length);
      return huffman->symbols[index + (code - first)];
    }
    index += count;
    first = (first + count) << 1;
  }
  damage(inflate);
  return 0;
}

static void begin_stored(Inflate* inflate) {
  drop_bits(inflate, inflate->bit_count & 7);
  const uint32_t size = take_bits(inflate, 16);
  const uint32_t complement = take_bits(inflate, 16);
  if (inflate->state == kInflateDamaged) return;
  if ((size ^ complement) != 0xFFFF) {
    damage(inflate);
    return;
  }
  inflate->stored_left = size;
  inflate->state = kInflateStored;
}

static void begin_fixed(Inflate* inflate) {
  uint8_t lengths[288];
  memset(lengths, 8, 144);
  memset(lengths + 144, 9, 112);
  memset(lengths + 256, 7, 24);
  memset(lengths + 280, 8, 8);
  build_code(&inflate->literals, lengths, 288);
  // 30 and 31 never occur in valid data, but their codes exist.
  memset(lengths, 5, 32);
  build_code(&inflate->distances, lengths, 32);
  inflate->state = kInflateCoded;
}

// Reads `count` code lengths, run-length coded by `code` (RFC 1951 section 3.2.7).
static bool read_lengths(Inflate* inflate, const HuffmanCode* code, uint8_t* lengths,
                         uint32_t count) {
  uint32_t at = 0;
  while (at < count) {
    const uint32_t symbol = take_symbol(inflate, code);
    if (inflate->state == kInflateDamaged) return false;
    if (symbol < 16) {
      lengths[at++] = (uint8_t)symbol;
      continue;
    }
    if (symbol == 16 && at == 0) return false;
    const uint8_t value = symbol == 16 ? lengths[at - 1] : 0;
    const uint32_t repeat = symbol == 16   ? 3 + take_bits(inflate, 2)
                            : symbol == 17 ? 3 + take_bits(inflate, 3)
                                           : 11 + take_bits(inflate, 7);
    if (repeat > count - at) return false;
    memset(lengths + at, value, repeat);
    at += repeat;
  }
  return inflate->state != kInflateDamaged;
}

static void begin_dynamic(Inflate* inflate) {
  static const uint8_t kOrder[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                     11, 4,  12, 3, 13, 2, 14, 1, 15};
  const uint32_t literal_count = 257 + take_bits(inflate, 5);
  const uint32_t distance_count = 1 + take_bits(inflate, 5);
  const uint32_t order_count = 4 + take_bits(inflate, 4);
  uint8_t lengths[286 + 30] = {0};
  for (uint32_t i = 0; i < order_count; ++i) lengths[kOrder[i]] = (uint8_t)take_bits(inflate, 3);
  // The code of the lengths is needed only here, so it borrows the place of the distances' code.
  HuffmanCode* length_code = &inflate->distances;
  bool fine = literal_count <= 286 && distance_count <= 30 &&
              build_code(length_code, lengths, 19) &&
              read_lengths(inflate, length_code, lengths, literal_count + distance_count);
  // Without an end-of-block symbol the block could never end.
  fine = fine && lengths[256] != 0 && build_code(&inflate->literals, lengths, literal_count) &&
         build_code(&inflate->distances, lengths + literal_count, distance_count);
  if (fine) {
    inflate->state = kInflateCoded;
  } else {
    damage(inflate);
  }
}

static void begin_block(Inflate* inflate) {
  if (inflate->last_block) {
    inflate->state = kInflateDone;
    return;
  }
  inflate->last_block = take_bits(inflate, 1) != 0;
  switch (take_bits(inflate, 2)) {
    case 0:
      begin_stored(inflate);
      break;
    case 1:
      begin_fixed(inflate);
      break;
    case 2:
      begin_dynamic(inflate);
      break;
    default:
      damage(inflate);
  }
}

static void begin_match(Inflate* inflate, uint32_t length_symbol) {
  if (length_symbol > 28) {
    damage(inflate);
    return;
  }
  inflate->match_left =
      kLengthBase[length_symbol] + take_bits(inflate, kLengthExtra[length_symbol]);
  const uint32_t distance_symbol = take_symbol(inflate, &inflate->distances);
  if (distance_symbol > 29) {
    damage(inflate);
    return;
  }
  inflate->match_distance =
      kDistanceBase[distance_symbol] + take_bits(inflate, kDistanceExtra[distance_symbol]);
  if (inflate->match_distance > inflate->produced) damage(inflate);
  if (inflate->state != kInflateDamaged) inflate->state = kInflateMatch;
}

static void emit(Inflate* inflate, uint8_t byte, uint8_t** out) {
  inflate->window[inflate->produced++ & kWindowMask] = byte;
  *(*out)++ = byte;
}

// One step of a coded block: a literal, the start of a match, or the end of the block.
static void step_coded(Inflate* inflate, uint8_t** out) {
  const uint32_t symbol = take_symbol(inflate, &inflate->literals);
  if (inflate->state == kInflateDamaged) return;
  if (symbol < 256) {
    emit(inflate, (uint8_t)symbol, out);
  } else if (symbol == 256) {
    inflate->state = kInflateBlockHeader;
  } else {
    begin_match(inflate, symbol - 257);
  }
}

// The loop's state is kept in local variables: through `inflate` and `out`, which may point at the
// same bytes for all the compiler knows, each would be loaded and stored again for every byte.
static void step_match(Inflate* inflate, uint8_t** out, const uint8_t* end) {
  const uint32_t there = (uint32_t)(end - *out < kMatchMax ? end - *out : kMatchMax);
  const uint32_t count = inflate->match_left < there ? inflate->match_left : there;
  uint8_t* window = inflate->window;
  uint8_t* at = *out;
  uint32_t to = (uint32_t)inflate->produced & kWindowMask;
  uint32_t from = (to - inflate->match_distance) & kWindowMask;
  for (uint8_t* stop = at + count; at != stop; ++at) {
    const uint8_t byte = window[from];
    window[to] = byte;
    *at = byte;
    from = (from + 1) & kWindowMask;
    to = (to + 1) & kWindowMask;
  }
  *out = at;
  inflate->produced += count;
  inflate->match_left -= count;
  if (inflate->match_left == 0) inflate->state = kInflateCoded;
}

static void step_stored(Inflate* inflate, uint8_t** out, const uint8_t* end) {
  while (inflate->stored_left > 0 && *out < end) {
    const uint8_t byte = (uint8_t)take_bits(inflate, 8);
    if (inflate->state == kInflateDamaged) return;
    emit(inflate, byte, out);
    --inflate->stored_left;
  }
  if (inflate->stored_left == 0) inflate->state = kInflateBlockHeader;
}

// Adler-32 (RFC 1950 section 8.2). 5552 is the most bytes for which 32 bits hold the sums.
static void update_checksum(Inflate* inflate, const uint8_t* data, size_t size) {
  uint32_t a = inflate->checksum_a;
  uint32_t b = inflate->checksum_b;
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
  inflate->checksum_a = a;
  inflate->checksum_b = b;
}

bool inflate_begin(Inflate* inflate, int (*next_byte)(void* context), void* context) {
  memset(inflate, 0, sizeof *inflate);
  inflate->next_byte = next_byte;
  inflate->context = context;
  inflate->checksum_a = 1;
  const uint32_t method = take_bits(inflate, 8);
  const uint32_t flags = take_bits(inflate, 8);
  const bool preset_dictionary = (flags & 0x20) != 0;
  return inflate->state != kInflateDamaged && (method & 15) == 8 && method >> 4 <= 7 &&
         (method << 8 | flags) % 31 == 0 && !preset_dictionary;
}

// Works until `out` has reached `end` or nothing more will come.
static void run(Inflate* inflate, uint8_t** out, const uint8_t* end) {
  while (*out < end) {
    switch (inflate->state) {
      case kInflateBlockHeader:
        begin_block(inflate);
        break;
      case kInflateStored:
        step_stored(inflate, out, end);
        break;
      case kInflateCoded:
        step_coded(inflate, out);
        break;
      case kInflateMatch:
        step_match(inflate, out, end);
        break;
      case kInflateDone:
      case kInflateDamaged:
        return;
    }
  }
}

bool inflate_read(Inflate* inflate, uint8_t* out, size_t size) {
  uint8_t* at = out;
  run(inflate, &at, out + size);
  update_checksum(inflate, out, (size_t)(at - out));
  return at == out + size;
}

bool inflate_finish(Inflate* inflate) {
  uint8_t surplus[1];
  if (inflate_read(inflate, surplus, 1) || inflate->state != kInflateDone) return false;
  drop_bits(inflate, inflate->bit_count & 7);
  uint32_t stored = 0;
  for (int i = 0; i < 4; ++i) stored = stored << 8 | take_bits(inflate, 8);
  return inflate->state == kInflateDone &&
         stored == (inflate->checksum_b << 16 | inflate->checksum_a);
}
