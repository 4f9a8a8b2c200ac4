// poll_oneoff: output is ready at once, before any timer; timers are due in their order and the
// clock shows it; an unknown descriptor is an event with EBADF; no subscription at all is EINVAL.
#include "check.h"

static __wasi_subscription_t timer(uint64_t name, uint64_t ns) {
  __wasi_subscription_t s = {.userdata = name};
  s.u.tag = __WASI_EVENTTYPE_CLOCK;
  s.u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
  s.u.u.clock.timeout = ns;
  return s;
}

static __wasi_subscription_t stream(uint64_t name, __wasi_fd_t fd, uint8_t type) {
  __wasi_subscription_t s = {.userdata = name};
  s.u.tag = type;
  s.u.u.fd_write.file_descriptor = fd;
  return s;
}

int main(void) {
  __wasi_event_t events[4];
  size_t count = 0;
  __wasi_subscription_t all[] = {timer(1, 5000000000), stream(2, 1, __WASI_EVENTTYPE_FD_WRITE),
                                 stream(3, 2, __WASI_EVENTTYPE_FD_WRITE),
                                 stream(4, 77, __WASI_EVENTTYPE_FD_READ)};
  CHECK(__wasi_poll_oneoff(all, events, 4, &count) == 0 && count == 3);
  for (size_t i = 0; i < count; ++i) {
    CHECK(events[i].userdata == i + 2);
    CHECK(events[i].error == (i == 2 ? __WASI_ERRNO_BADF : 0));
    CHECK(events[i].type == all[i + 1].u.tag);
  }
  __wasi_timestamp_t before = 0, after = 0;
  CHECK(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 0, &before) == 0);
  __wasi_subscription_t timers[] = {timer(7, 3600000000000), timer(8, 2000000000)};
  CHECK(__wasi_poll_oneoff(timers, events, 2, &count) == 0 && count == 1);
  CHECK(events[0].userdata == 8 && events[0].error == 0 &&
        events[0].type == __WASI_EVENTTYPE_CLOCK);
  CHECK(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 0, &after) == 0);
  CHECK(after - before >= 2000000000 && after - before < 3600000000000);
  CHECK(__wasi_poll_oneoff(timers, events, 0, &count) == __WASI_ERRNO_INVAL);
  return 0;
}
