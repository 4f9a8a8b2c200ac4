// proc_exit: its code arrives, and nothing after it runs.
#include "check.h"

int main(void) {
  fputs("before", stdout);
  fflush(stdout);
  _Exit(33);
  fputs("after", stdout);
}
