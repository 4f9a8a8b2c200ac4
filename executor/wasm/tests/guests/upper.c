// Answers the request body in capitals, with a word about who asked.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
  const char* method = getenv("REQUEST_METHOD");
  printf("%s %d %s\n", argv[0], argc, method ? method : "-");
  int c;
  while ((c = getchar()) != EOF) putchar(toupper(c));
  fprintf(stderr, "done\n");
  return 0;
}
