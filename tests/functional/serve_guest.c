// A service for serve_test.py: says what it was asked, or misbehaves as the query demands.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char* variable(const char* name) {
  const char* value = getenv(name);
  return value == NULL ? "(unset)" : value;
}

static int echo(void) {
  static char chunk[65536];
  size_t got;
  printf("Status: 200\r\nContent-Type: application/octet-stream\r\n");
  printf("X-Method: %s\r\nX-Path: %s\r\nX-Query: %s\r\n", variable("REQUEST_METHOD"),
         variable("PATH_INFO"), variable("QUERY_STRING"));
  printf("X-Type: %s\r\nX-Accept: %s\r\nX-Length: %s\r\nX-Env: %s\r\n\r\n",
         variable("CONTENT_TYPE"), variable("HTTP_ACCEPT"), variable("CONTENT_LENGTH"),
         variable("GREETING"));
  while ((got = fread(chunk, 1, sizeof chunk, stdin)) > 0) fwrite(chunk, 1, got, stdout);
  return 0;
}

static void loop(void) {
  for (volatile unsigned n = 0;; ++n) continue;
}

static void eat_memory(void) {
  for (;;) {
    char* volatile block = malloc(1 << 20);
    if (block == NULL) abort();
    memset(block, 1, 1 << 20);
  }
}

static void write_without_end(void) {
  printf("Content-Type: text/plain\n\n");
  for (;;) puts("and another line of the answer that never ends");
}

static void log_without_end(void) {
  for (;;) fputs("and another line of the log that never ends\n", stderr);
}

// An answer that comes byte by byte, and slowly.
static void drip(void) {
  printf("Content-Type: text/plain\n\n");
  for (;;) {
    putchar('.');
    fflush(stdout);
    for (volatile unsigned n = 0; n < 1000000; ++n) continue;
  }
}

// An answer that goes out as it is written: two lines, and then it ends as `how` says.
static int stream(const char* how) {
  printf("Content-Type: text/event-stream\n\ndata: one\n\n");
  fflush(stdout);
  for (volatile unsigned n = 0; n < 30000000; ++n) continue;
  printf("data: two\n\n");
  fflush(stdout);
  if (strcmp(how, "loop") == 0) loop();
  if (strcmp(how, "trap") == 0) __builtin_trap();
  return 0;
}

static int recurse(volatile int depth) {
  volatile char frame[4096];
  frame[0] = (char)depth;
  return recurse(depth + 1) + frame[0];
}

int main(void) {
  const char* how = variable("QUERY_STRING");
  if (strncmp(how, "work=", 5) == 0) {
    for (volatile long left = atol(how + 5); left > 0; --left) continue;
  }
  if (strcmp(how, "loop") == 0) loop();
  if (strcmp(how, "memory") == 0) eat_memory();
  if (strcmp(how, "endless") == 0) write_without_end();
  if (strcmp(how, "logs") == 0) log_without_end();
  if (strncmp(how, "stream-", 7) == 0) return stream(how + 7);
  if (strcmp(how, "drip") == 0) drip();
  if (strcmp(how, "trap") == 0) __builtin_trap();
  if (strcmp(how, "deep") == 0) return recurse(0);
  if (strcmp(how, "exit") == 0) return 3;
  if (strcmp(how, "nothing") == 0) return 0;
  if (strcmp(how, "garbage") == 0) return puts("this is no head\x01 of an answer") < 0;
  if (strcmp(how, "half") == 0) return puts("Content-Type: text/plain") < 0;
  if (strcmp(how, "teapot") == 0)
    return puts("Status: 418\nContent-Type: text/plain\n\nshort and stout") < 0;
  if (strcmp(how, "move") == 0) return puts("Status: 303\nLocation: /elsewhere\n") < 0;
  if (strcmp(how, "log") == 0) fputs("a line for the log\n", stderr);
  return echo();
}
