#include "contrib/examples/thumbnail/source.h"

#include <string.h>

static bool fill(Source* source) {
  if (source->file == NULL) return false;
  const size_t got = fread(source->buffer, 1, sizeof source->buffer, source->file);
  source->next = source->buffer;
  source->end = source->buffer + got;
  return got > 0;
}

void source_from_file(Source* source, FILE* file) {
  source->file = file;
  fill(source);
}

void source_from_memory(Source* source, const uint8_t* data, size_t size) {
  source->file = NULL;
  source->next = data;
  source->end = data + size;
}

int source_byte(Source* source) {
  if (source->next == source->end && !fill(source)) return -1;
  return *source->next++;
}

bool source_read(Source* source, uint8_t* out, size_t size) {
  while (size > 0) {
    if (source->next == source->end && !fill(source)) return false;
    const size_t there = (size_t)(source->end - source->next);
    const size_t part = there < size ? there : size;
    memcpy(out, source->next, part);
    source->next += part;
    out += part;
    size -= part;
  }
  return true;
}

bool source_skip(Source* source, uint64_t size) {
  while (size > 0) {
    if (source->next == source->end && !fill(source)) return false;
    const size_t there = (size_t)(source->end - source->next);
    const size_t part = there < size ? there : (size_t)size;
    source->next += part;
    size -= part;
  }
  return true;
}

bool source_starts_with(const Source* source, const char* bytes, size_t size) {
  return (size_t)(source->end - source->next) >= size && memcmp(source->next, bytes, size) == 0;
}
