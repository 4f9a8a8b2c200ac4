// Inflate: decompresses a zlib stream (RFC 1950, RFC 1951) as far as the caller asks, pulling input
// byte by byte. It holds 32 KiB of history and some tables, whatever the stream says.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { kHuffmanLookupBits = 9, kHuffmanSymbolsMax = 288 };

// A canonical Huffman code: short codes by table, longer ones by counting (RFC 1951 section 3.2.2).
typedef struct {
  uint16_t lookup[1 << kHuffmanLookupBits];  // symbol << 4 | length, 0 where the code is longer
  uint16_t count[16];                        // codes of each length
  uint16_t symbols[kHuffmanSymbolsMax];      // in order of their codes
} HuffmanCode;

typedef enum {
  kInflateBlockHeader,
  kInflateStored,
  kInflateCoded,
  kInflateMatch,
  kInflateDone,
  kInflateDamaged,
} InflateState;

typedef struct {
  // The next compressed byte, or -1 when there is none.
  int (*next_byte)(void* context);
  void* context;

  InflateState state;
  bool last_block;
  uint64_t bits;  // bits read but not used yet, the next one lowest
  uint32_t bit_count;
  uint32_t padding_bits;  // how many of them were made up, since the input had ended
  uint32_t stored_left;
  uint32_t match_left;
  uint32_t match_distance;
  uint64_t produced;
  uint32_t checksum_a;
  uint32_t checksum_b;
  HuffmanCode literals;
  HuffmanCode distances;
  uint8_t window[32 * 1024];
} Inflate;

// Starts and reads the two bytes of the zlib header. False if they are not one.
bool inflate_begin(Inflate* inflate, int (*next_byte)(void* context), void* context);

// Writes exactly `size` bytes. False if the stream is damaged or ends before that.
bool inflate_read(Inflate* inflate, uint8_t* out, size_t size);

// True if the stream ends here, with the checksum of what was read.
bool inflate_finish(Inflate* inflate);
