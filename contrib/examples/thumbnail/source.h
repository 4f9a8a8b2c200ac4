// Source: the bytes of the request body, read through a buffer from a file or taken from memory.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
  const uint8_t* next;
  const uint8_t* end;
  FILE* file;  // NULL when all there is lies between next and end
  uint8_t buffer[16 * 1024];
} Source;

void source_from_file(Source* source, FILE* file);
void source_from_memory(Source* source, const uint8_t* data, size_t size);

// The next byte, or -1 at the end.
int source_byte(Source* source);

// Both are false if the end comes first; what there was is then gone.
bool source_read(Source* source, uint8_t* out, size_t size);
bool source_skip(Source* source, uint64_t size);

// True if the source starts with these bytes. Only before anything was taken; `size` at most 64.
bool source_starts_with(const Source* source, const char* bytes, size_t size);
