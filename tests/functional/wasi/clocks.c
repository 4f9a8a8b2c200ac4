// clock_res_get and clock_time_get: all four clocks go forward, by no less than their resolution; a
// fifth is EINVAL.
#include "check.h"

int main(void) {
  for (__wasi_clockid_t clock = 0; clock < 4; ++clock) {
    __wasi_timestamp_t resolution = 0, first = 0, second = 0;
    CHECK(__wasi_clock_res_get(clock, &resolution) == 0 && resolution > 0);
    CHECK(__wasi_clock_time_get(clock, 0, &first) == 0);
    CHECK(__wasi_clock_time_get(clock, 1, &second) == 0);
    CHECK(second >= first + resolution);
  }
  __wasi_timestamp_t time = 0;
  CHECK(__wasi_clock_time_get(4, 0, &time) == __WASI_ERRNO_INVAL);
  CHECK(__wasi_clock_res_get(4, &time) == __WASI_ERRNO_INVAL);
  return 0;
}
