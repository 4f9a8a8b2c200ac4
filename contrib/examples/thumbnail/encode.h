// encode: finished pictures out, as PNG, BMP or PPM.

#pragma once

#include "contrib/examples/thumbnail/bytes.h"
#include "contrib/examples/thumbnail/image.h"

// Each appends a whole file to `out`; out->failed if memory runs out.

// Grey or colour, with or without an alpha channel, as the picture needs.
void encode_png(const Picture* picture, Bytes* out);

// 24 bits, and 8-bit P6. Neither knows transparency: the picture is laid upon white.
void encode_bmp(const Picture* picture, Bytes* out);
void encode_ppm(const Picture* picture, Bytes* out);
