// CHECK: an assertion that stays on in every build. A node that has found itself wrong stops.
#pragma once

namespace fog {

// Prints the broken assertion and where it stands to stderr, then aborts.
[[noreturn]] void check_failed(const char* expr, const char* file, int line);

}  // namespace fog

#define CHECK(expr)        \
  if ((expr)) [[likely]] { \
  } else                   \
    ::fog::check_failed(#expr, __FILE__, __LINE__)
