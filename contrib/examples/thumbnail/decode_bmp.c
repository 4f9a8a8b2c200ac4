// Windows bitmap: 24 bits (BGR) and 32 bits (BGRX, or BGRA when a bit mask names the alpha
// channel), uncompressed, with a BITMAPINFOHEADER or one of its successors.

#include <stdlib.h>
#include <string.h>

#include "contrib/examples/thumbnail/decode.h"

enum { kFileHeaderSize = 14, kInfoHeaderSize = 40, kHeaderSizeMax = 124, kMasksSize = 16 };
enum { kCompressionNone = 0, kCompressionBitFields = 3 };

typedef struct {
  uint32_t width;
  uint32_t height;
  bool bottom_up;
  bool has_alpha;
  uint32_t bytes_per_pixel;
} BmpHeader;

static uint32_t u16(const uint8_t* p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}
static uint32_t u32(const uint8_t* p) {
  return u16(p) | u16(p + 2) << 16;
}

static Fault truncated(void) {
  return fault(400, "The BMP image is truncated.");
}

// The only masks that are read are those of bytes in the order blue, green, red, alpha.
static Fault check_masks(const uint8_t* masks, bool alpha_named, BmpHeader* header) {
  const uint32_t alpha = alpha_named ? u32(masks + 12) : 0;
  const bool usual = u32(masks) == 0x00FF0000 && u32(masks + 4) == 0x0000FF00 &&
                     u32(masks + 8) == 0x000000FF && (alpha == 0 || alpha == 0xFF000000);
  if (!usual) return fault(415, "BMP bit masks other than 8 bits of BGRA are not supported.");
  header->has_alpha = alpha != 0;
  return no_fault();
}

static Fault read_size(const uint8_t* info, BmpHeader* header) {
  const uint32_t height = u32(info + 8);
  const bool negative = (height & 0x80000000U) != 0;
  // In unsigned arithmetic even the most negative height has a magnitude; it is then too large.
  header->width = u32(info + 4);
  header->height = negative ? 0U - height : height;
  header->bottom_up = !negative;
  return check_source_size(header->width, header->height);
}

// Reads all headers and skips to the first pixel.
static Fault read_header(Source* source, BmpHeader* header) {
  uint8_t file_header[kFileHeaderSize];
  // The masks of a plain BITMAPINFOHEADER lie behind it, those of its successors at the same offset
  // inside it, so both are read from one place.
  uint8_t info[kHeaderSizeMax + kMasksSize];
  if (!source_read(source, file_header, sizeof file_header)) return truncated();
  if (!source_read(source, info, 4)) return truncated();
  const uint32_t info_size = u32(info);
  if (info_size < kInfoHeaderSize || info_size > kHeaderSizeMax) {
    return fault(415, "This kind of BMP header is not supported.");
  }
  if (!source_read(source, info + 4, info_size - 4)) return truncated();
  uint64_t consumed = (uint64_t)kFileHeaderSize + info_size;
  TRY(read_size(info, header));
  const uint32_t bits = u16(info + 14);
  const uint32_t compression = u32(info + 16);
  header->bytes_per_pixel = bits / 8;
  header->has_alpha = false;
  const bool plain = compression == kCompressionNone && (bits == 24 || bits == 32);
  if (!plain && !(compression == kCompressionBitFields && bits == 32)) {
    return fault(415, "Only uncompressed BMP images of 24 or 32 bits are supported.");
  }
  if (compression == kCompressionBitFields) {
    const bool masks_inside = info_size >= kInfoHeaderSize + 12;
    if (!masks_inside) {
      if (!source_read(source, info + kInfoHeaderSize, 12)) return truncated();
      consumed += 12;
    }
    TRY(check_masks(info + kInfoHeaderSize, info_size >= kInfoHeaderSize + 16, header));
  }
  const uint32_t pixels_at = u32(file_header + 10);
  if (pixels_at < consumed) return fault(400, "The BMP header is damaged.");
  return source_skip(source, pixels_at - consumed) ? no_fault() : truncated();
}

static void expand_row(const BmpHeader* header, const uint8_t* raw, uint8_t* rgba) {
  for (uint32_t x = 0; x < header->width; ++x, raw += header->bytes_per_pixel, rgba += 4) {
    rgba[0] = raw[2];
    rgba[1] = raw[1];
    rgba[2] = raw[0];
    rgba[3] = header->has_alpha ? raw[3] : 255;
  }
}

static Fault read_rows(Source* source, const RowSink* sink, const BmpHeader* header, uint8_t* raw,
                       uint8_t* rgba) {
  const size_t row_size = (size_t)header->width * header->bytes_per_pixel;
  const size_t padding = (4 - row_size % 4) % 4;
  for (uint32_t y = 0; y < header->height; ++y) {
    if (!source_read(source, raw, row_size)) return truncated();
    // Some writers leave the last row's padding out, and nothing is lost with it.
    if (!source_skip(source, padding) && y + 1 < header->height) return truncated();
    expand_row(header, raw, rgba);
    TRY(sink->row(sink->context, rgba));
  }
  return no_fault();
}

Fault decode_bmp(Source* source, const RowSink* sink) {
  BmpHeader header;
  TRY(read_header(source, &header));
  TRY(sink->begin(sink->context, header.width, header.height, header.bottom_up));
  uint8_t* raw = malloc((size_t)header.width * 4);
  uint8_t* rgba = malloc((size_t)header.width * 4);
  const Fault result = raw == NULL || rgba == NULL ? fault(500, "Out of memory.")
                                                   : read_rows(source, sink, &header, raw, rgba);
  free(raw);
  free(rgba);
  return result;
}
