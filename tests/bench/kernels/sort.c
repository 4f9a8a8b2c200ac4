// Sorts a million numbers, others each time, as often as standard input says.
#include <stdint.h>
#include <stdio.h>

enum { kCount = 1000000, kShort = 16 };
static uint32_t numbers[kCount];

static void sort(uint32_t* from, uint32_t* to) {
  while (to - from > kShort) {
    const uint32_t x = *from, y = from[(to - from) / 2], z = to[-1];
    const uint32_t pivot = x < y ? (y < z ? y : x < z ? z : x) : (x < z ? x : y < z ? z : y);
    uint32_t *left = from, *right = to - 1;
    while (left <= right) {
      while (*left < pivot) ++left;
      while (*right > pivot) --right;
      if (left > right) break;
      const uint32_t held = *left;
      *left++ = *right;
      *right-- = held;
    }
    // The shorter part first, so that the stack stays small.
    if (right + 1 - from < to - left) {
      sort(from, right + 1);
      from = left;
    } else {
      sort(left, to);
      to = right + 1;
    }
  }
  for (uint32_t* at = from; at < to; ++at) {
    const uint32_t held = *at;
    uint32_t* place = at;
    for (; place > from && place[-1] > held; --place) *place = place[-1];
    *place = held;
  }
}

int main(void) {
  long rounds = 0;
  uint64_t state = 1, check = 0;
  if (scanf("%ld", &rounds) != 1) return 1;
  for (; rounds > 0; --rounds) {
    for (int i = 0; i < kCount; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      numbers[i] = (uint32_t)(state >> 32);
    }
    sort(numbers, numbers + kCount);
    for (int i = 1; i < kCount; ++i) {
      if (numbers[i - 1] > numbers[i]) return 2;
    }
    check = check * 31 + numbers[kCount / 3];
  }
  return printf("%llu\n", (unsigned long long)check) < 0;
}
