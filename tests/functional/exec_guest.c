// A program that the tests run in a container with `fogcoin exec`: says where it is and what it
// may.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/ioctl.h>

static void show(const char* name) {
  char line[256];
  FILE* file = fopen("/proc/self/status", "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':') fputs(line, stdout);
  }
}

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  setvbuf(stdout, NULL, _IONBF, 0);
  if (strcmp(what, "copy") == 0) {
    char part[4096];
    for (ssize_t got; (got = read(0, part, sizeof part)) > 0;) {
      if (write(1, part, (size_t)got) != got) return 1;
    }
    fputs("that was all\n", stderr);
  } else if (strcmp(what, "status") == 0) {
    for (int i = 2; i < argc; ++i) show(argv[i]);
  } else if (strcmp(what, "env") == 0) {
    const char* value = getenv(argv[2]);
    puts(value == NULL ? "(none)" : value);
  } else if (strcmp(what, "exit") == 0) {
    return atoi(argv[2]);
  } else if (strcmp(what, "signal") == 0) {
    raise(atoi(argv[2]));
  } else if (strcmp(what, "memory") == 0) {
    for (size_t mib = 0;; ++mib) {
      char* block = malloc(1 << 20);
      if (block == NULL) return 3;
      memset(block, 7, 1 << 20);
    }
  } else if (strcmp(what, "terminal") == 0) {
    struct winsize size = {0};
    printf("%d %d ", isatty(0), isatty(1));
    ioctl(0, TIOCGWINSZ, &size);
    printf("%d %d\n", size.ws_row, size.ws_col);
    char line[64];
    printf("name? ");
    if (fgets(line, sizeof line, stdin) != NULL) printf("good day %s", line);
    return 7;
  } else if (strcmp(what, "sleep") == 0) {
    puts("sleeps");
    sleep(600);
  } else {
    for (int i = 1; i < argc; ++i) printf("[%s]", argv[i]);
    puts("");
  }
  return 0;
}
