// image: what the parts of the thumbnailer hand to each other.
//
// An image is read from the request as a stream of rows and scaled as it arrives, so that 16 Mpixel
// need no more memory than one source row and the finished thumbnail.

#pragma once

#include <stdbool.h>
#include <stdint.h>

// The answer's status and the sentence for the person who sent the image; status 0 is "no fault".
// Sentences are literals: nobody owns them.
typedef struct {
  int status;
  const char* sentence;
} Fault;

static inline Fault no_fault(void) {
  return (Fault){0, ""};
}
static inline Fault fault(int status, const char* sentence) {
  return (Fault){status, sentence};
}

// Leaves the function with the fault of `call`, if it has one.
#define TRY(call)                                \
  do {                                           \
    const Fault try_fault = (call);              \
    if (try_fault.status != 0) return try_fault; \
  } while (0)

enum {
  kSourcePixelsMax = 16 * 1024 * 1024,
  kSourceSideMax = 16 * 1024,
  kThumbnailPixelsMax = 1024 * 1024,
  kThumbnailSideMax = 4096,
};

// Where a decoder sends what it finds: `begin` once, when the size is known and within bounds, then
// `row` height times, each with width RGBA pixels of 8 bits a channel, colour not premultiplied.
// Rows come from the bottom if `bottom_up`. A fault from either ends the decoding with that fault.
typedef struct {
  void* context;
  Fault (*begin)(void* context, uint32_t width, uint32_t height, bool bottom_up);
  Fault (*row)(void* context, const uint8_t* rgba);
} RowSink;

// A finished picture, width * height RGBA pixels, top row first.
typedef struct {
  uint32_t width;
  uint32_t height;
  uint8_t* rgba;
} Picture;
