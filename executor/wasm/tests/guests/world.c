// Looks at all there is to see: clocks, random, files, memory; prints what it found.
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(void) {
  unsigned char random[16];
  getentropy(random, sizeof random);
  for (size_t i = 0; i < sizeof random; i++) printf("%02x", random[i]);
  struct timespec now, later;
  clock_gettime(CLOCK_REALTIME, &now);
  sleep(3600);
  clock_gettime(CLOCK_REALTIME, &later);
  printf("\n%lld %ld\n", (long long)now.tv_sec, now.tv_nsec);
  printf("slept %lld s\n", (long long)(later.tv_sec - now.tv_sec));
  printf("open %d\n", open("/etc/passwd", O_RDONLY) < 0);
  printf("tty %d\n", isatty(1));
  size_t total = 0;
  for (void* volatile taken; (taken = malloc(1 << 20)) != NULL; total += 1 << 20) {
  }
  printf("memory %zu MiB\n", total >> 20);
  volatile double zero = 0;
  printf("nan %d %.17g\n", isnan(zero / zero), sin(1.0) / 3);
  return 3;
}
