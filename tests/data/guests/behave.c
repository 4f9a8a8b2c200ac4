// A guest that behaves as its request's path asks, well or badly. Built by tests with clang's
// wasm32-wasi target.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile uint64_t sink;

static int recurse(volatile int depth) {
  volatile char frame[1024];
  frame[0] = (char)depth;
  return recurse(depth + 1) + frame[0];
}

static void head(void) {
  printf("Content-Type: text/plain\r\n\r\n");
}

static int echo(void) {
  char chunk[4096];
  size_t got;
  printf("Status: 201 Created\nContent-Type: application/octet-stream\nX-Method: %s\n\n",
         getenv("REQUEST_METHOD"));
  while ((got = fread(chunk, 1, sizeof chunk, stdin)) > 0) fwrite(chunk, 1, got, stdout);
  return 0;
}

static int print_environment(void) {
  extern char** environ;
  head();
  for (char** entry = environ; entry && *entry; ++entry) puts(*entry);
  return 0;
}

static int clock_and_random(void) {
  unsigned char bytes[16];
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  getentropy(bytes, sizeof bytes);
  head();
  printf("%lld\n", (long long)now.tv_sec);
  for (size_t i = 0; i < sizeof bytes; ++i) printf("%02x", bytes[i]);
  return 0;
}

static int eat_memory(void) {
  for (;;) {
    char* block = malloc(1 << 20);
    if (block == NULL) abort();
    memset(block, 1, 1 << 20);
    sink += (uint64_t)(uintptr_t)block;
  }
}

static int write_for_ever(void) {
  char line[4096];
  memset(line, 'x', sizeof line);
  head();
  for (;;) fwrite(line, 1, sizeof line, stdout);
}

static int log_for_ever(void) {
  for (int i = 0; i < 100000; ++i) fprintf(stderr, "line %d of noise\n", i);
  head();
  puts("done");
  return 0;
}

static int compute(void) {
  uint64_t x = 88172645463325252ULL;
  for (int i = 0; i < 200000; ++i) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
  }
  head();
  printf("%llu\n", (unsigned long long)x);
  return 0;
}

int main(void) {
  const char* path = getenv("PATH_INFO");
  if (path == NULL) path = "";
  if (!strcmp(path, "/hello")) return head(), puts("hello"), 0;
  if (!strcmp(path, "/echo")) return echo();
  if (!strcmp(path, "/env")) return print_environment();
  if (!strcmp(path, "/clock")) return clock_and_random();
  if (!strcmp(path, "/compute")) return compute();
  if (!strcmp(path, "/noise")) return log_for_ever();
  if (!strcmp(path, "/log")) return fprintf(stderr, "a word to the publisher\n"), head(), 0;
  if (!strcmp(path, "/loop")) {
    for (;;) sink++;
  }
  if (!strcmp(path, "/eat")) return eat_memory();
  if (!strcmp(path, "/flood")) return write_for_ever();
  if (!strcmp(path, "/trap")) __builtin_trap();
  if (!strcmp(path, "/exit3")) return head(), puts("half"), 3;
  if (!strcmp(path, "/garbage")) return puts("this is no header"), 0;
  if (!strcmp(path, "/nothing")) return 0;
  if (!strcmp(path, "/deep")) return recurse(0);
  if (!strcmp(path, "/forged")) return printf("Fog-Fuel: 1\nContent-Type: a/b\n\n"), 0;
  printf("Status: 404 Not Found\r\nContent-Type: text/plain\r\n\r\nno such behaviour\n");
  return 0;
}
