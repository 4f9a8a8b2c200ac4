// Scaler: shrinks or enlarges an image by area averaging while its rows arrive.
//
// Each thumbnail pixel is the mean of the source area it covers, weighted by exact overlap and by
// opacity, in integers. Averaging is on the stored (sRGB) values, as most thumbnailers do it.

#pragma once

#include "contrib/examples/thumbnail/image.h"

typedef enum {
  kFitStretch,  // exactly the width and height asked for
  kFitInside,   // the largest size of the source's shape within them
} Fit;

// What was asked for; 0 for a side that was not given, which then follows the source's shape. With
// neither side the thumbnail fits inside 160 * 160.
typedef struct {
  uint32_t width;
  uint32_t height;
  Fit fit;
  bool grey;
} ScaleRequest;

typedef struct {
  ScaleRequest request;
  Picture picture;  // rgba is the scaler's until scaler_take
  uint32_t source_width;
  uint32_t source_height;
  bool bottom_up;
  uint64_t* row_sums;   // the current source row, averaged horizontally
  uint64_t* area_sums;  // the current picture row, so far
  uint32_t picture_y;   // counted in order of arrival
  uint32_t filled;      // how much of the current picture row is filled, of source_height
} Scaler;

void scaler_init(Scaler* scaler, const ScaleRequest* request);

// The sink to give to a decoder. Faults: 400 if the thumbnail would be too large.
RowSink scaler_sink(Scaler* scaler);

// The finished picture, when all rows have arrived; the caller frees its rgba.
Picture scaler_take(Scaler* scaler);

// Frees what scaler_take has not given away. Also right after a fault at any point.
void scaler_free(Scaler* scaler);
