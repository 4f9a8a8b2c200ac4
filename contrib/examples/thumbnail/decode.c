#include "contrib/examples/thumbnail/decode.h"

Fault check_source_size(uint64_t width, uint64_t height) {
  if (width == 0 || height == 0) return fault(400, "The image has no pixels.");
  if (width > kSourceSideMax || height > kSourceSideMax || width * height > kSourcePixelsMax) {
    return fault(400, "The image is too large: at most 16 Mpixel and 16384 pixels a side.");
  }
  return no_fault();
}

Fault decode_image(Source* source, const RowSink* sink) {
  if (source_starts_with(source, "\x89PNG\r\n\x1A\n", 8)) return decode_png(source, sink);
  if (source_starts_with(source, "BM", 2)) return decode_bmp(source, sink);
  if (source_starts_with(source, "P5", 2)) return decode_pnm(source, sink);
  if (source_starts_with(source, "P6", 2)) return decode_pnm(source, sink);
  if (source->next == source->end) {
    return fault(400, "The body is empty; send an image in it.");
  }
  return fault(415, "The body is not a PNG, BMP, PPM (P6) or PGM (P5) image.");
}
