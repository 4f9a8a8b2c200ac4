// The product of two matrices of doubles, 256 by 256, as often as standard input says.
#include <stdio.h>

enum { kSize = 256 };
static double a[kSize][kSize], b[kSize][kSize], c[kSize][kSize];

int main(void) {
  long rounds = 0;
  if (scanf("%ld", &rounds) != 1) return 1;
  for (int i = 0; i < kSize; ++i) {
    for (int k = 0; k < kSize; ++k) {
      a[i][k] = (double)((i * 7 + k) % 13) / 13;
      b[i][k] = (double)((i + k * 5) % 11) / 11;
    }
  }
  for (; rounds > 0; --rounds) {
    for (int i = 0; i < kSize; ++i) {
      for (int k = 0; k < kSize; ++k) {
        const double left = a[i][k];
        for (int j = 0; j < kSize; ++j) c[i][j] += left * b[k][j];
      }
    }
    a[rounds % kSize][3] += 1;
  }
  double sum = 0;
  for (int i = 0; i < kSize; ++i) sum += c[i][i];
  return printf("%.6f\n", sum) < 0;
}
