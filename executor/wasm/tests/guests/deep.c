// Recursion without an end, and without a variable that the optimizer could keep in one place.
#include <stdio.h>

__attribute__((noinline)) static int deeper(volatile int* above) {
  volatile int mine = *above + 1;
  return deeper(&mine) + mine;
}

int main(void) {
  volatile int start = 0;
  printf("%d\n", deeper(&start));
  return 0;
}
