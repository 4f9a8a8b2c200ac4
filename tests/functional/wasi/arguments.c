// args_sizes_get and args_get: what was given, in order, each with its closing zero and nothing
// else.
#include "check.h"

int main(int argc, char** argv) {
  size_t count = 0, bytes = 0;
  CHECK(__wasi_args_sizes_get(&count, &bytes) == 0);
  CHECK(count == 4 && argc == 4 && argv[4] == NULL);
  CHECK(strcmp(argv[1], "first") == 0 && strcmp(argv[2], "") == 0);
  CHECK(strcmp(argv[3], "a \"third\" one\n\xc3\xa9") == 0);
  size_t length = 0;
  for (int i = 0; i < argc; ++i) length += strlen(argv[i]) + 1;
  CHECK(bytes == length);
  return 0;
}
