// Portable Network Graphics (PNG third edition): all colour types and bit depths, transparency, not
// interlaced. Samples of 16 bits are rounded to 8; gamma and colour profiles are not applied.

#include <stdlib.h>
#include <string.h>

#include "contrib/examples/thumbnail/decode.h"
#include "contrib/examples/thumbnail/inflate.h"
#include "contrib/examples/thumbnail/png_chunks.h"

enum { kGrey = 0, kTrueColour = 2, kPalette = 3, kGreyAlpha = 4, kTrueColourAlpha = 6 };
enum { kIdatBufferSize = 4096 };

typedef struct {
  PngChunks chunks;
  Inflate inflate;
  // Compressed bytes of the current IDAT chunk that are read but not used yet.
  uint8_t idat[kIdatBufferSize];
  uint32_t idat_at;
  uint32_t idat_size;
  bool idat_over;  // all IDAT chunks are used up; the chunk behind them is current
  Fault idat_fault;

  uint32_t width;
  uint32_t height;
  uint32_t depth;
  uint32_t colour_type;
  uint32_t channels;

  uint32_t palette_size;
  uint8_t palette[256][4];
  bool has_key;  // pixels of exactly these samples are transparent
  uint32_t key[3];
} Png;

static Fault damaged(void) {
  return fault(400, "The PNG image is damaged.");
}

static uint32_t u16(const uint8_t* p) {
  return (uint32_t)p[0] << 8 | p[1];
}
static uint32_t u32(const uint8_t* p) {
  return u16(p) << 16 | u16(p + 2);
}

static uint32_t channels_of(uint32_t colour_type) {
  switch (colour_type) {
    case kGrey:
    case kPalette:
      return 1;
    case kGreyAlpha:
      return 2;
    case kTrueColour:
      return 3;
    case kTrueColourAlpha:
      return 4;
    default:
      return 0;
  }
}

// Section 11.2.1, table 11.1.
static bool depth_fits(uint32_t depth, uint32_t colour_type) {
  switch (depth) {
    case 1:
    case 2:
    case 4:
      return colour_type == kGrey || colour_type == kPalette;
    case 8:
      return true;
    case 16:
      return colour_type != kPalette;
    default:
      return false;
  }
}

static Fault read_header(Png* png) {
  uint8_t header[13];
  TRY(png_chunk_next(&png->chunks));
  if (!png_chunk_is(&png->chunks, "IHDR") || png->chunks.left != sizeof header) return damaged();
  TRY(png_chunk_read(&png->chunks, header, sizeof header));
  TRY(png_chunk_end(&png->chunks));
  png->width = u32(header);
  png->height = u32(header + 4);
  png->depth = header[8];
  png->colour_type = header[9];
  png->channels = channels_of(png->colour_type);
  TRY(check_source_size(png->width, png->height));
  if (png->channels == 0 || !depth_fits(png->depth, png->colour_type)) return damaged();
  if (header[10] != 0 || header[11] != 0 || header[12] > 1) return damaged();
  if (header[12] == 1) {
    return fault(415, "Interlaced PNG images are not supported; save it without interlacing.");
  }
  return no_fault();
}

static Fault read_palette(Png* png) {
  uint8_t colours[256 * 3];
  const uint32_t size = png->chunks.left;
  if (size == 0 || size % 3 != 0 || size > sizeof colours || png->palette_size != 0) {
    return damaged();
  }
  TRY(png_chunk_read(&png->chunks, colours, size));
  png->palette_size = size / 3;
  for (uint32_t i = 0; i < png->palette_size; ++i) {
    memcpy(png->palette[i], colours + (size_t)i * 3, 3);
    png->palette[i][3] = 255;
  }
  return no_fault();
}

static Fault read_transparency(Png* png) {
  uint8_t data[256];
  const uint32_t size = png->chunks.left;
  if (size > sizeof data) return damaged();
  TRY(png_chunk_read(&png->chunks, data, size));
  if (png->colour_type == kPalette) {
    if (size > png->palette_size) return damaged();
    for (uint32_t i = 0; i < size; ++i) png->palette[i][3] = data[i];
    return no_fault();
  }
  const bool may_have_key = png->colour_type == kGrey || png->colour_type == kTrueColour;
  if (!may_have_key || size != png->channels * 2) return damaged();
  for (uint32_t i = 0; i < png->channels; ++i) png->key[i] = u16(data + (size_t)i * 2);
  png->has_key = true;
  return no_fault();
}

// Reads the chunks up to the first IDAT, whose data comes next.
static Fault read_ancillary(Png* png) {
  for (;;) {
    TRY(png_chunk_next(&png->chunks));
    const bool critical = (png->chunks.type[0] & 0x20) == 0;
    if (png_chunk_is(&png->chunks, "IDAT")) break;
    if (png_chunk_is(&png->chunks, "PLTE")) {
      TRY(read_palette(png));
    } else if (png_chunk_is(&png->chunks, "tRNS")) {
      TRY(read_transparency(png));
    } else if (critical) {
      return damaged();
    }
    TRY(png_chunk_end(&png->chunks));
  }
  if (png->colour_type == kPalette && png->palette_size == 0) return damaged();
  return no_fault();
}

// Refills the buffer from the current IDAT chunk or the next one. The first chunk of another type
// is left open for finish().
static Fault refill_idat(Png* png) {
  while (png_chunk_is(&png->chunks, "IDAT") && png->chunks.left == 0) {
    TRY(png_chunk_end(&png->chunks));
    TRY(png_chunk_next(&png->chunks));
  }
  if (!png_chunk_is(&png->chunks, "IDAT")) {
    png->idat_over = true;
    return no_fault();
  }
  const uint32_t left = png->chunks.left;
  png->idat_at = 0;
  png->idat_size = left < kIdatBufferSize ? left : kIdatBufferSize;
  return png_chunk_read(&png->chunks, png->idat, png->idat_size);
}

// The next byte of the concatenated IDAT chunks, -1 behind them. The inflater reads a few bytes
// ahead, so running out is no fault yet; what breaks on the way is kept for compressed_fault().
static int next_idat_byte(void* context) {
  Png* png = context;
  if (png->idat_at == png->idat_size) {
    if (png->idat_over || png->idat_fault.status != 0) return -1;
    png->idat_fault = refill_idat(png);
    if (png->idat_over || png->idat_fault.status != 0) return -1;
  }
  return png->idat[png->idat_at++];
}

// Why the inflater could not go on: the file's fault if there is one, else the compressed data's.
static Fault compressed_fault(const Png* png) {
  return png->idat_fault.status != 0 ? png->idat_fault : damaged();
}

static uint8_t paeth(int left, int up, int corner) {
  const int estimate = left + up - corner;
  const int to_left = abs(estimate - left);
  const int to_up = abs(estimate - up);
  const int to_corner = abs(estimate - corner);
  if (to_left <= to_up && to_left <= to_corner) return (uint8_t)left;
  return (uint8_t)(to_up <= to_corner ? up : corner);
}

static void unfilter_average(uint8_t* row, const uint8_t* above, size_t size, size_t step) {
  for (size_t i = 0; i < step; ++i) row[i] = (uint8_t)(row[i] + above[i] / 2);
  for (size_t i = step; i < size; ++i) row[i] = (uint8_t)(row[i] + (row[i - step] + above[i]) / 2);
}

static void unfilter_paeth(uint8_t* row, const uint8_t* above, size_t size, size_t step) {
  for (size_t i = 0; i < step; ++i) row[i] = (uint8_t)(row[i] + above[i]);
  for (size_t i = step; i < size; ++i) {
    row[i] = (uint8_t)(row[i] + paeth(row[i - step], above[i], above[i - step]));
  }
}

// Undoes a row's filter in place (section 9.2). `step` is the distance to the pixel at the left,
// where the first pixel has zeros. Never more than `size`, since a row has at least one pixel.
static bool unfilter(uint32_t filter, uint8_t* row, const uint8_t* above, size_t size,
                     size_t step) {
  switch (filter) {
    case 0:
      return true;
    case 1:
      for (size_t i = step; i < size; ++i) row[i] = (uint8_t)(row[i] + row[i - step]);
      return true;
    case 2:
      for (size_t i = 0; i < size; ++i) row[i] = (uint8_t)(row[i] + above[i]);
      return true;
    case 3:
      unfilter_average(row, above, size, step);
      return true;
    case 4:
      unfilter_paeth(row, above, size, step);
      return true;
    default:
      return false;
  }
}

static uint32_t sample_at(const uint8_t* row, size_t index, uint32_t depth) {
  if (depth == 8) return row[index];
  if (depth == 16) return u16(row + index * 2);
  const size_t bit = index * depth;
  return row[bit / 8] >> (8 - depth - bit % 8) & ((1U << depth) - 1);
}

static bool expand_palette_row(const Png* png, const uint8_t* row, uint8_t* rgba) {
  for (uint32_t x = 0; x < png->width; ++x, rgba += 4) {
    const uint32_t index = sample_at(row, x, png->depth);
    if (index >= png->palette_size) return false;
    memcpy(rgba, png->palette[index], 4);
  }
  return true;
}

// Rows of 8 bits a sample without a transparent key need no arithmetic: the usual case.
static void expand_byte_row(const Png* png, const uint8_t* row, uint8_t* rgba) {
  const size_t step = png->channels;
  const size_t green = step >= 3 ? 1 : 0;
  const size_t blue = step >= 3 ? 2 : 0;
  const bool alpha = step == 2 || step == 4;
  for (uint32_t x = 0; x < png->width; ++x, row += step, rgba += 4) {
    rgba[0] = row[0];
    rgba[1] = row[green];
    rgba[2] = row[blue];
    rgba[3] = alpha ? row[step - 1] : 255;
  }
}

// The same for 16 bits a sample. Multiplied and shifted like this, every 16-bit value comes out as
// it does from the division by 65535 with rounding.
static void expand_wide_row(const Png* png, const uint8_t* row, uint8_t* rgba) {
  const size_t step = png->channels;
  const bool grey = step < 3;
  const bool alpha = step == 2 || step == 4;
  for (uint32_t x = 0; x < png->width; ++x, row += step * 2, rgba += 4) {
    uint8_t value[4];
    for (size_t i = 0; i < step; ++i) value[i] = (uint8_t)((u16(row + i * 2) * 255 + 32895) >> 16);
    rgba[0] = value[0];
    rgba[1] = grey ? value[0] : value[1];
    rgba[2] = grey ? value[0] : value[2];
    rgba[3] = alpha ? value[step - 1] : 255;
  }
}

static void expand_sample_row(const Png* png, const uint8_t* row, uint8_t* rgba) {
  const uint32_t sample_max = (1U << png->depth) - 1;
  const uint32_t channels = png->channels;
  const bool grey = channels < 3;
  const bool alpha = channels == 2 || channels == 4;
  for (uint32_t x = 0; x < png->width; ++x, rgba += 4) {
    uint8_t value[4];
    bool is_key = png->has_key;
    for (uint32_t i = 0; i < channels; ++i) {
      const uint32_t sample = sample_at(row, (size_t)x * channels + i, png->depth);
      is_key = is_key && sample == png->key[i];
      value[i] = (uint8_t)(png->depth == 8 ? sample : (sample * 255 + sample_max / 2) / sample_max);
    }
    rgba[0] = value[0];
    rgba[1] = grey ? value[0] : value[1];
    rgba[2] = grey ? value[0] : value[2];
    rgba[3] = alpha ? value[channels - 1] : is_key ? 0 : 255;
  }
}

// False if a pixel is not in the palette.
static bool expand_row(const Png* png, const uint8_t* row, uint8_t* rgba) {
  if (png->colour_type == kPalette) return expand_palette_row(png, row, rgba);
  if (png->depth == 8 && !png->has_key) {
    expand_byte_row(png, row, rgba);
  } else if (png->depth == 16 && !png->has_key) {
    expand_wide_row(png, row, rgba);
  } else {
    expand_sample_row(png, row, rgba);
  }
  return true;
}

// `rows` has room for two rows of raw bytes, each behind its filter byte.
static Fault read_rows(Png* png, const RowSink* sink, uint8_t* rows, uint8_t* rgba) {
  const size_t row_size = ((size_t)png->width * png->channels * png->depth + 7) / 8;
  const size_t step = (png->channels * png->depth + 7) / 8;
  uint8_t* row = rows;
  uint8_t* above = rows + row_size + 1;
  memset(above, 0, row_size + 1);
  for (uint32_t y = 0; y < png->height; ++y) {
    if (!inflate_read(&png->inflate, row, row_size + 1)) return compressed_fault(png);
    if (!unfilter(row[0], row + 1, above + 1, row_size, step)) return damaged();
    if (!expand_row(png, row + 1, rgba)) return damaged();
    TRY(sink->row(sink->context, rgba));
    uint8_t* swap = row;
    row = above;
    above = swap;
  }
  return no_fault();
}

// Checks that the compressed data and the file end as they should.
static Fault finish(Png* png) {
  if (!inflate_finish(&png->inflate)) return compressed_fault(png);
  TRY(png->idat_fault);
  while (!png_chunk_is(&png->chunks, "IEND")) {
    TRY(png_chunk_end(&png->chunks));
    TRY(png_chunk_next(&png->chunks));
  }
  return png_chunk_end(&png->chunks);
}

static Fault decode(Png* png, Source* source, const RowSink* sink) {
  source_skip(source, 8);
  png_chunks_begin(&png->chunks, source);
  TRY(read_header(png));
  TRY(read_ancillary(png));
  if (!inflate_begin(&png->inflate, next_idat_byte, png)) return compressed_fault(png);
  TRY(sink->begin(sink->context, png->width, png->height, false));
  uint8_t* rows = malloc(((size_t)png->width * 8 + 1) * 2);
  uint8_t* rgba = malloc((size_t)png->width * 4);
  const Fault result = rows == NULL || rgba == NULL ? fault(500, "Out of memory.")
                                                    : read_rows(png, sink, rows, rgba);
  free(rows);
  free(rgba);
  if (result.status != 0) return result;
  return finish(png);
}

Fault decode_png(Source* source, const RowSink* sink) {
  Png* png = calloc(1, sizeof *png);
  if (png == NULL) return fault(500, "Out of memory.");
  const Fault result = decode(png, source, sink);
  free(png);
  return result;
}
