// random_get: fills exactly what it is asked for, 0 bytes too, and 64 KiB at once are not all
// alike.
#include "check.h"

static uint8_t buffer[65536 + 2];

int main(void) {
  buffer[0] = buffer[sizeof buffer - 1] = 0xaa;
  CHECK(__wasi_random_get(buffer + 1, 0) == 0 && buffer[1] == 0);
  CHECK(__wasi_random_get(buffer + 1, 65536) == 0);
  CHECK(buffer[0] == 0xaa && buffer[sizeof buffer - 1] == 0xaa);
  unsigned seen[256] = {0};
  for (size_t i = 1; i <= 65536; ++i) ++seen[buffer[i]];
  for (int i = 0; i < 256; ++i) CHECK(seen[i] > 128 && seen[i] < 512);
  return 0;
}
