// Bytes: a growing run of bytes for output. Running out of memory is remembered and asked for once,
// at the end, by whoever takes the bytes.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  uint8_t* data;  // to be freed by the owner
  size_t size;
  size_t capacity;
  bool failed;  // memory ran out: data is then incomplete
} Bytes;

void bytes_append(Bytes* bytes, const void* data, size_t size);
void bytes_append_byte(Bytes* bytes, uint8_t byte);
void bytes_append_u32_big(Bytes* bytes, uint32_t value);
void bytes_append_u32_little(Bytes* bytes, uint32_t value);
