#include "chain/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace fog {

void check_failed(const char* expr, const char* file, int line) {
  std::fprintf(stderr, "CHECK failed: %s at %s:%d\n", expr, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace fog
