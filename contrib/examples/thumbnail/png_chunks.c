#include "contrib/examples/thumbnail/png_chunks.h"

#include <string.h>

static Fault truncated(void) {
  return fault(400, "The PNG image is truncated.");
}

void png_crc_table(uint32_t table[256]) {
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? 0xEDB88320U ^ crc >> 1 : crc >> 1;
    table[byte] = crc;
  }
}

uint32_t png_crc(const uint32_t table[256], uint32_t crc, const uint8_t* data, size_t size) {
  crc = ~crc;
  for (size_t i = 0; i < size; ++i) crc = table[(crc ^ data[i]) & 255] ^ crc >> 8;
  return ~crc;
}

void png_chunks_begin(PngChunks* chunks, Source* source) {
  chunks->source = source;
  chunks->type[0] = '\0';
  chunks->left = 0;
  chunks->crc = 0;
  png_crc_table(chunks->crc_table);
}

static bool read_u32(Source* source, uint32_t* value) {
  uint8_t bytes[4];
  if (!source_read(source, bytes, sizeof bytes)) return false;
  *value = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
  return true;
}

Fault png_chunk_next(PngChunks* chunks) {
  uint8_t type[4];
  if (!read_u32(chunks->source, &chunks->left)) return truncated();
  if (!source_read(chunks->source, type, sizeof type)) return truncated();
  if (chunks->left > 0x7FFFFFFF) return fault(400, "A PNG chunk has an impossible length.");
  chunks->crc = png_crc(chunks->crc_table, 0, type, sizeof type);
  memcpy(chunks->type, type, sizeof type);
  chunks->type[4] = '\0';
  return no_fault();
}

bool png_chunk_is(const PngChunks* chunks, const char* type) {
  return memcmp(chunks->type, type, 5) == 0;
}

Fault png_chunk_read(PngChunks* chunks, uint8_t* out, uint32_t size) {
  if (!source_read(chunks->source, out, size)) return truncated();
  chunks->crc = png_crc(chunks->crc_table, chunks->crc, out, size);
  chunks->left -= size;
  return no_fault();
}

Fault png_chunk_end(PngChunks* chunks) {
  while (chunks->left > 0) {
    uint8_t dropped[256];
    const uint32_t part = chunks->left < sizeof dropped ? chunks->left : (uint32_t)sizeof dropped;
    TRY(png_chunk_read(chunks, dropped, part));
  }
  uint32_t stored = 0;
  if (!read_u32(chunks->source, &stored)) return truncated();
  if (stored != chunks->crc) return fault(400, "The PNG image is damaged: a checksum is wrong.");
  return no_fault();
}
