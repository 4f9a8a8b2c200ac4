// decode: images in, rows out. The format is told by the first bytes, never by Content-Type.

#pragma once

#include "contrib/examples/thumbnail/image.h"
#include "contrib/examples/thumbnail/source.h"

// Decodes the one image in `source`. Faults: 415 for a format (or a kind of a known format) that is
// not supported, 400 for damage, truncation and sizes out of bounds, those of the sink.
Fault decode_image(Source* source, const RowSink* sink);

// The formats, each to be called only when the source starts with its magic bytes.
Fault decode_pnm(Source* source, const RowSink* sink);
Fault decode_bmp(Source* source, const RowSink* sink);
Fault decode_png(Source* source, const RowSink* sink);

// A fault unless both sides are 1..kSourceSideMax and their product at most kSourcePixelsMax.
Fault check_source_size(uint64_t width, uint64_t height);
