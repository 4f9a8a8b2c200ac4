// PngChunks: walks through the chunks of a PNG file (PNG third edition, section 5) and checks their
// CRCs.

#pragma once

#include "contrib/examples/thumbnail/image.h"
#include "contrib/examples/thumbnail/source.h"

typedef struct {
  Source* source;
  char type[5];   // of the current chunk, with a NUL
  uint32_t left;  // bytes of its data not taken yet
  uint32_t crc;   // of what was taken of it
  uint32_t crc_table[256];
} PngChunks;

// CRC-32 as PNG and zlib know it, over more data; start with 0. `table` from png_crc_table.
void png_crc_table(uint32_t table[256]);
uint32_t png_crc(const uint32_t table[256], uint32_t crc, const uint8_t* data, size_t size);

// `source` stands behind the signature.
void png_chunks_begin(PngChunks* chunks, Source* source);

// Reads the next chunk's length and type. The one before must have been ended.
Fault png_chunk_next(PngChunks* chunks);

bool png_chunk_is(const PngChunks* chunks, const char* type);

// Takes exactly `size` bytes of the chunk's data, which must have as many left.
Fault png_chunk_read(PngChunks* chunks, uint8_t* out, uint32_t size);

// Drops what is left of the chunk and checks its CRC.
Fault png_chunk_end(PngChunks* chunks);
