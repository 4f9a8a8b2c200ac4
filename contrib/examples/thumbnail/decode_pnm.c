// Portable anymap, the binary kinds: P5 (grey) and P6 (colour), 8 or 16 bits a sample. Only the
// first image of a stream of several is read.

#include <stdlib.h>

#include "contrib/examples/thumbnail/decode.h"

typedef struct {
  uint32_t width;
  uint32_t height;
  uint32_t sample_max;
  uint32_t channels;
} PnmHeader;

static bool is_space(int c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Reads one decimal number and the single byte after it. White space and '#' comments may precede
// it.
static Fault read_number(Source* source, uint32_t* value) {
  const Fault bad = fault(400, "The PNM header is damaged.");
  int c = source_byte(source);
  while (is_space(c) || c == '#') {
    if (c == '#') {
      while (c != '\n' && c != '\r' && c != -1) c = source_byte(source);
    } else {
      c = source_byte(source);
    }
  }
  if (c < '0' || c > '9') return bad;
  *value = 0;
  for (; c >= '0' && c <= '9'; c = source_byte(source)) {
    if (*value > 10 * 1000 * 1000) return bad;
    *value = *value * 10 + (uint32_t)(c - '0');
  }
  return is_space(c) ? no_fault() : bad;
}

static Fault read_header(Source* source, PnmHeader* header) {
  source_byte(source);
  header->channels = source_byte(source) == '6' ? 3 : 1;
  TRY(read_number(source, &header->width));
  TRY(read_number(source, &header->height));
  TRY(read_number(source, &header->sample_max));
  TRY(check_source_size(header->width, header->height));
  if (header->sample_max == 0 || header->sample_max > 65535) {
    return fault(400, "The PNM header's greatest sample must lie between 1 and 65535.");
  }
  return no_fault();
}

// As expand_row for samples of 0 to 255, which need no arithmetic: the usual case.
static void expand_row_of_bytes(const PnmHeader* header, const uint8_t* raw, uint8_t* rgba) {
  const size_t step = header->channels;
  const size_t green = step == 3 ? 1 : 0;
  const size_t blue = step == 3 ? 2 : 0;
  for (uint32_t x = 0; x < header->width; ++x, raw += step, rgba += 4) {
    rgba[0] = raw[0];
    rgba[1] = raw[green];
    rgba[2] = raw[blue];
    rgba[3] = 255;
  }
}

// Turns one row of samples into RGBA. False if a sample exceeds the greatest one.
static bool expand_row(const PnmHeader* header, const uint8_t* raw, uint8_t* rgba) {
  const uint32_t sample_max = header->sample_max;
  for (uint32_t x = 0; x < header->width; ++x, rgba += 4) {
    for (uint32_t channel = 0; channel < header->channels; ++channel) {
      uint32_t sample = *raw++;
      if (sample_max > 255) sample = sample << 8 | *raw++;
      if (sample > sample_max) return false;
      rgba[channel] = (uint8_t)((sample * 255 + sample_max / 2) / sample_max);
    }
    if (header->channels == 1) rgba[1] = rgba[2] = rgba[0];
    rgba[3] = 255;
  }
  return true;
}

static Fault read_rows(Source* source, const RowSink* sink, const PnmHeader* header, uint8_t* raw,
                       uint8_t* rgba) {
  const size_t sample_size = header->sample_max > 255 ? 2 : 1;
  const size_t raw_size = (size_t)header->width * header->channels * sample_size;
  for (uint32_t y = 0; y < header->height; ++y) {
    if (!source_read(source, raw, raw_size)) return fault(400, "The PNM image is truncated.");
    if (header->sample_max == 255) {
      expand_row_of_bytes(header, raw, rgba);
    } else if (!expand_row(header, raw, rgba)) {
      return fault(400, "A PNM sample is greater than the header allows.");
    }
    TRY(sink->row(sink->context, rgba));
  }
  return no_fault();
}

Fault decode_pnm(Source* source, const RowSink* sink) {
  PnmHeader header;
  TRY(read_header(source, &header));
  TRY(sink->begin(sink->context, header.width, header.height, false));
  uint8_t* raw = malloc((size_t)header.width * 6);
  uint8_t* rgba = malloc((size_t)header.width * 4);
  const Fault result = raw == NULL || rgba == NULL ? fault(500, "Out of memory.")
                                                   : read_rows(source, sink, &header, raw, rgba);
  free(raw);
  free(rgba);
  return result;
}
