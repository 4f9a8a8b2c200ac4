#include "contrib/examples/thumbnail/bytes.h"

#include <stdlib.h>
#include <string.h>

static bool reserve(Bytes* bytes, size_t more) {
  if (bytes->failed) return false;
  if (bytes->capacity - bytes->size >= more) return true;
  size_t capacity = bytes->capacity * 2 + 1024;
  if (capacity < bytes->size + more) capacity = bytes->size + more;
  uint8_t* data = realloc(bytes->data, capacity);
  if (data == NULL) {
    bytes->failed = true;
    return false;
  }
  bytes->data = data;
  bytes->capacity = capacity;
  return true;
}

void bytes_append(Bytes* bytes, const void* data, size_t size) {
  if (size == 0 || !reserve(bytes, size)) return;
  memcpy(bytes->data + bytes->size, data, size);
  bytes->size += size;
}

void bytes_append_byte(Bytes* bytes, uint8_t byte) {
  if (reserve(bytes, 1)) bytes->data[bytes->size++] = byte;
}

void bytes_append_u32_big(Bytes* bytes, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes_append_byte(bytes, (uint8_t)(value >> shift));
}

void bytes_append_u32_little(Bytes* bytes, uint32_t value) {
  for (int shift = 0; shift <= 24; shift += 8) bytes_append_byte(bytes, (uint8_t)(value >> shift));
}
