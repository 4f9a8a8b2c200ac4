#include "contrib/examples/thumbnail/encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contrib/examples/thumbnail/deflate.h"
#include "contrib/examples/thumbnail/png_chunks.h"

// ---- PNG

enum { kColour = 2, kAlpha = 4 };  // bits of the colour type in IHDR
enum { kFilters = 5, kFilteredPixelMax = 4 };

static uint8_t choose_colour_type(const Picture* picture) {
  const size_t count = (size_t)picture->width * picture->height;
  uint8_t type = 0;
  const uint8_t* rgba = picture->rgba;
  for (size_t i = 0; i < count; ++i, rgba += 4) {
    if (rgba[0] != rgba[1] || rgba[1] != rgba[2]) type |= kColour;
    if (rgba[3] != 255) type |= kAlpha;
  }
  return type;
}

// Keeps the channels that the colour type has.
static void pack_row(const uint8_t* rgba, uint32_t width, uint8_t type, uint8_t* packed) {
  for (uint32_t x = 0; x < width; ++x, rgba += 4) {
    *packed++ = rgba[0];
    if ((type & kColour) != 0) {
      *packed++ = rgba[1];
      *packed++ = rgba[2];
    }
    if ((type & kAlpha) != 0) *packed++ = rgba[3];
  }
}

static uint8_t predict(int filter, int left, int up, int corner) {
  switch (filter) {
    case 1:
      return (uint8_t)left;
    case 2:
      return (uint8_t)up;
    case 3:
      return (uint8_t)((left + up) / 2);
    case 4: {
      const int to_left = abs(up - corner);
      const int to_up = abs(left - corner);
      const int to_corner = abs(left + up - 2 * corner);
      if (to_left <= to_up && to_left <= to_corner) return (uint8_t)left;
      return (uint8_t)(to_up <= to_corner ? up : corner);
    }
    default:
      return 0;
  }
}

// Writes the filter byte and the filtered row; returns how far from zero its bytes are in sum,
// which tells well which filter will compress best.
static uint64_t filter_row(int filter, const uint8_t* row, const uint8_t* above, size_t size,
                           size_t step, uint8_t* filtered) {
  uint64_t cost = 0;
  *filtered++ = (uint8_t)filter;
  for (size_t i = 0; i < size; ++i) {
    const int left = i >= step ? row[i - step] : 0;
    const int corner = i >= step ? above[i - step] : 0;
    const uint8_t rest = (uint8_t)(row[i] - predict(filter, left, above[i], corner));
    filtered[i] = rest;
    cost += rest < 128 ? rest : 256U - rest;
  }
  return cost;
}

// Buffers for the rows of a picture: two packed rows and two filtered ones.
typedef struct {
  uint8_t* row;
  uint8_t* above;
  uint8_t* best;
  uint8_t* attempt;
} FilterRows;

static void swap_rows(uint8_t** a, uint8_t** b) {
  uint8_t* kept = *a;
  *a = *b;
  *b = kept;
}

static void filter_picture(const Picture* picture, uint8_t type, FilterRows* rows,
                           Bytes* filtered) {
  const size_t step = ((type & kColour) != 0 ? 3U : 1U) + ((type & kAlpha) != 0 ? 1U : 0U);
  const size_t size = picture->width * step;
  for (uint32_t y = 0; y < picture->height; ++y) {
    pack_row(picture->rgba + (size_t)y * picture->width * 4, picture->width, type, rows->row);
    uint64_t best_cost = UINT64_MAX;
    for (int filter = 0; filter < kFilters; ++filter) {
      const uint64_t cost = filter_row(filter, rows->row, rows->above, size, step, rows->attempt);
      if (cost >= best_cost) continue;
      best_cost = cost;
      swap_rows(&rows->attempt, &rows->best);
    }
    bytes_append(filtered, rows->best, size + 1);
    swap_rows(&rows->row, &rows->above);
  }
}

static void append_image_data(const Picture* picture, uint8_t type, Bytes* out) {
  const size_t row_size = (size_t)picture->width * kFilteredPixelMax + 1;
  uint8_t* memory = calloc(4, row_size);
  if (memory == NULL) {
    out->failed = true;
    return;
  }
  FilterRows rows = {memory, memory + row_size, memory + 2 * row_size, memory + 3 * row_size};
  Bytes filtered = {0};
  filter_picture(picture, type, &rows, &filtered);
  free(memory);
  if (filtered.failed) {
    out->failed = true;
  } else {
    deflate_zlib(filtered.data, filtered.size, out);
  }
  free(filtered.data);
}

// Starts a chunk whose length is not known yet; returns where it starts.
static size_t begin_chunk(Bytes* out, const char* type) {
  const size_t start = out->size;
  bytes_append_u32_big(out, 0);
  bytes_append(out, type, 4);
  return start;
}

static void end_chunk(Bytes* out, size_t start, const uint32_t* crc_table) {
  if (out->failed) return;
  const size_t data_size = out->size - start - 8;
  for (size_t i = 0; i < 4; ++i) out->data[start + i] = (uint8_t)(data_size >> (24 - 8 * i));
  bytes_append_u32_big(out, png_crc(crc_table, 0, out->data + start + 4, data_size + 4));
}

void encode_png(const Picture* picture, Bytes* out) {
  uint32_t crc_table[256];
  png_crc_table(crc_table);
  const uint8_t type = choose_colour_type(picture);
  bytes_append(out, "\x89PNG\r\n\x1A\n", 8);

  size_t start = begin_chunk(out, "IHDR");
  bytes_append_u32_big(out, picture->width);
  bytes_append_u32_big(out, picture->height);
  const uint8_t rest[5] = {8, type, 0, 0, 0};
  bytes_append(out, rest, sizeof rest);
  end_chunk(out, start, crc_table);

  start = begin_chunk(out, "IDAT");
  append_image_data(picture, type, out);
  end_chunk(out, start, crc_table);

  start = begin_chunk(out, "IEND");
  end_chunk(out, start, crc_table);
}

// ---- BMP and PPM

static uint8_t upon_white(uint8_t value, uint8_t alpha) {
  return (uint8_t)(((uint32_t)value * alpha + 255U * (255U - alpha) + 127) / 255);
}

void encode_ppm(const Picture* picture, Bytes* out) {
  char header[32];
  const int size = snprintf(header, sizeof header, "P6\n%u %u\n255\n", (unsigned)picture->width,
                            (unsigned)picture->height);
  bytes_append(out, header, (size_t)size);
  const size_t count = (size_t)picture->width * picture->height;
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* rgba = picture->rgba + i * 4;
    for (int channel = 0; channel < 3; ++channel) {
      bytes_append_byte(out, upon_white(rgba[channel], rgba[3]));
    }
  }
}

static void append_bmp_header(uint32_t width, uint32_t height, uint32_t pixels_size, Bytes* out) {
  enum { kFileHeaderSize = 14, kInfoHeaderSize = 40, kPixelsPerMetre = 2835 };
  bytes_append(out, "BM", 2);
  bytes_append_u32_little(out, kFileHeaderSize + kInfoHeaderSize + pixels_size);
  bytes_append_u32_little(out, 0);
  bytes_append_u32_little(out, kFileHeaderSize + kInfoHeaderSize);
  bytes_append_u32_little(out, kInfoHeaderSize);
  bytes_append_u32_little(out, width);
  bytes_append_u32_little(out, height);
  bytes_append(out, "\x01\x00\x18\x00", 4);  // one plane, 24 bits
  bytes_append_u32_little(out, 0);           // not compressed
  bytes_append_u32_little(out, pixels_size);
  bytes_append_u32_little(out, kPixelsPerMetre);
  bytes_append_u32_little(out, kPixelsPerMetre);
  bytes_append_u32_little(out, 0);
  bytes_append_u32_little(out, 0);
}

void encode_bmp(const Picture* picture, Bytes* out) {
  const uint32_t padding = (4 - picture->width * 3 % 4) % 4;
  const uint32_t row_size = picture->width * 3 + padding;
  append_bmp_header(picture->width, picture->height, row_size * picture->height, out);
  for (uint32_t y = picture->height; y-- > 0;) {
    const uint8_t* rgba = picture->rgba + (size_t)y * picture->width * 4;
    for (uint32_t x = 0; x < picture->width; ++x, rgba += 4) {
      for (int channel = 2; channel >= 0; --channel) {
        bytes_append_byte(out, upon_white(rgba[channel], rgba[3]));
      }
    }
    bytes_append(out, "\0\0\0", padding);
  }
}
