#include "contrib/examples/thumbnail/scale.h"

#include <stdlib.h>
#include <string.h>

// Each pixel has four sums: red, green and blue times alpha, and alpha. With at most 2^24 source
// pixels a sum stays below 2^24 * 255 * 255 < 2^40.
enum { kSums = 4 };

void scaler_init(Scaler* scaler, const ScaleRequest* request) {
  memset(scaler, 0, sizeof *scaler);
  scaler->request = *request;
}

// `side` * numerator / denominator to the nearest, at least 1.
static uint64_t in_proportion(uint64_t side, uint64_t numerator, uint64_t denominator) {
  const uint64_t scaled = (side * numerator + denominator / 2) / denominator;
  return scaled > 0 ? scaled : 1;
}

static Fault choose_size(const ScaleRequest* request, uint64_t source_width, uint64_t source_height,
                         Picture* picture) {
  const bool none_given = request->width == 0 && request->height == 0;
  uint64_t width = none_given ? 160 : request->width;
  uint64_t height = none_given ? 160 : request->height;
  if (none_given || (width != 0 && height != 0 && request->fit == kFitInside)) {
    // The side that would stick out decides; the other one follows.
    if (width * source_height < height * source_width) {
      height = in_proportion(width, source_height, source_width);
    } else {
      width = in_proportion(height, source_width, source_height);
    }
  } else if (width == 0) {
    width = in_proportion(height, source_width, source_height);
  } else if (height == 0) {
    height = in_proportion(width, source_height, source_width);
  }
  if (width > kThumbnailSideMax || height > kThumbnailSideMax ||
      width * height > kThumbnailPixelsMax) {
    return fault(400, "The thumbnail would be too large: at most 1 Mpixel and 4096 pixels a side.");
  }
  picture->width = (uint32_t)width;
  picture->height = (uint32_t)height;
  return no_fault();
}

static Fault begin(void* context, uint32_t width, uint32_t height, bool bottom_up) {
  Scaler* scaler = context;
  Picture* picture = &scaler->picture;
  TRY(choose_size(&scaler->request, width, height, picture));
  scaler->source_width = width;
  scaler->source_height = height;
  scaler->bottom_up = bottom_up;
  scaler->row_sums = calloc(picture->width, kSums * sizeof(uint64_t));
  scaler->area_sums = calloc(picture->width, kSums * sizeof(uint64_t));
  picture->rgba = calloc((size_t)picture->width * picture->height, 4);
  if (scaler->row_sums == NULL || scaler->area_sums == NULL || picture->rgba == NULL) {
    return fault(500, "Out of memory.");
  }
  return no_fault();
}

// Adds one source pixel with a weight.
static void add_pixel(uint64_t* sums, const uint8_t* rgba, uint32_t length) {
  const uint64_t weight = (uint64_t)length * rgba[3];
  sums[0] += weight * rgba[0];
  sums[1] += weight * rgba[1];
  sums[2] += weight * rgba[2];
  sums[3] += weight;
}

// Adds `count` whole source pixels. This is where most of the time goes; a row's sums fit 32 bits
// (16384 * 255 * 255 < 2^31) and are weighted once, at the end.
static void add_pixels(uint64_t* sums, const uint8_t* rgba, uint32_t count, uint32_t length) {
  uint32_t red = 0;
  uint32_t green = 0;
  uint32_t blue = 0;
  uint32_t opacity = 0;
  for (const uint8_t* end = rgba + (size_t)count * 4; rgba != end; rgba += 4) {
    const uint32_t alpha = rgba[3];
    red += rgba[0] * alpha;
    green += rgba[1] * alpha;
    blue += rgba[2] * alpha;
    opacity += alpha;
  }
  sums[0] += (uint64_t)red * length;
  sums[1] += (uint64_t)green * length;
  sums[2] += (uint64_t)blue * length;
  sums[3] += (uint64_t)opacity * length;
}

// Lengths are measured so that a source pixel is picture-width long and a picture pixel
// source-width long: then both rows are equally long and every overlap is a whole number.
static void average_row(Scaler* scaler, const uint8_t* rgba) {
  const uint32_t source_length = scaler->picture.width;
  const uint32_t picture_length = scaler->source_width;
  memset(scaler->row_sums, 0, (size_t)scaler->picture.width * kSums * sizeof(uint64_t));
  uint64_t* sums = scaler->row_sums;
  uint32_t left = source_length;  // of the current source pixel
  for (uint32_t x = 0; x < scaler->picture.width; ++x, sums += kSums) {
    uint32_t room = picture_length;
    if (left <= room && left < source_length) {
      add_pixel(sums, rgba, left);
      rgba += 4;
      room -= left;
      left = source_length;
    }
    if (left == source_length) {
      const uint32_t count = room / source_length;
      add_pixels(sums, rgba, count, source_length);
      rgba += (size_t)count * 4;
      room -= count * source_length;
    }
    if (room > 0) {
      add_pixel(sums, rgba, room);
      left -= room;
    }
  }
}

// The pixel whose sums these are, of a total weight of `area`.
static void write_pixel(const uint64_t* sums, uint64_t area, bool grey, uint8_t* rgba) {
  const uint64_t opacity = sums[3];
  if (opacity == 0) return;
  uint32_t colour[3];
  for (int i = 0; i < 3; ++i) colour[i] = (uint32_t)((sums[i] + opacity / 2) / opacity);
  if (grey) {
    // Luma of ITU-R BT.709.
    const uint32_t luma = (colour[0] * 2126 + colour[1] * 7152 + colour[2] * 722 + 5000) / 10000;
    colour[0] = colour[1] = colour[2] = luma;
  }
  for (int i = 0; i < 3; ++i) rgba[i] = (uint8_t)colour[i];
  rgba[3] = (uint8_t)((opacity + area / 2) / area);
}

static void finish_row(Scaler* scaler) {
  const Picture* picture = &scaler->picture;
  const uint64_t area = (uint64_t)scaler->source_width * scaler->source_height;
  const uint32_t y =
      scaler->bottom_up ? picture->height - 1 - scaler->picture_y : scaler->picture_y;
  uint8_t* rgba = picture->rgba + (size_t)y * picture->width * 4;
  for (uint32_t x = 0; x < picture->width; ++x) {
    write_pixel(scaler->area_sums + (size_t)x * kSums, area, scaler->request.grey,
                rgba + (size_t)x * 4);
  }
  memset(scaler->area_sums, 0, (size_t)picture->width * kSums * sizeof(uint64_t));
  scaler->filled = 0;
  ++scaler->picture_y;
}

static Fault row(void* context, const uint8_t* rgba) {
  Scaler* scaler = context;
  average_row(scaler, rgba);
  const size_t sum_count = (size_t)scaler->picture.width * kSums;
  uint32_t left = scaler->picture.height;
  while (left > 0) {
    const uint32_t room = scaler->source_height - scaler->filled;
    const uint32_t overlap = left < room ? left : room;
    for (size_t i = 0; i < sum_count; ++i) scaler->area_sums[i] += scaler->row_sums[i] * overlap;
    left -= overlap;
    scaler->filled += overlap;
    if (scaler->filled == scaler->source_height) finish_row(scaler);
  }
  return no_fault();
}

RowSink scaler_sink(Scaler* scaler) {
  return (RowSink){scaler, begin, row};
}

Picture scaler_take(Scaler* scaler) {
  const Picture picture = scaler->picture;
  scaler->picture.rgba = NULL;
  return picture;
}

void scaler_free(Scaler* scaler) {
  free(scaler->row_sums);
  free(scaler->area_sums);
  free(scaler->picture.rgba);
  memset(scaler, 0, sizeof *scaler);
}
