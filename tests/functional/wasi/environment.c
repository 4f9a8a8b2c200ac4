// environ_sizes_get and environ_get: NAME=value, all that was given and nothing of the computer's.
#include "check.h"

int main(void) {
  size_t count = 0, bytes = 0;
  CHECK(__wasi_environ_sizes_get(&count, &bytes) == 0);
  CHECK(count == 3 && bytes == sizeof "A=text" + sizeof "B=" + sizeof "C=x=y\n\"z\"");
  CHECK(strcmp(getenv("A"), "text") == 0 && strcmp(getenv("B"), "") == 0);
  CHECK(strcmp(getenv("C"), "x=y\n\"z\"") == 0);
  CHECK(getenv("PATH") == NULL && getenv("HOME") == NULL);
  return 0;
}
