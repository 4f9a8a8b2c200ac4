// Answers every request with a few bytes. With FOG_BALLAST code of that size stands beside, of
// which a request runs none: a service of the usual size runs little of what it has. With FOG_WORK
// it computes for so many rounds first.
#include "http.h"

#ifdef FOG_WORK
static uint64_t work(uint64_t x) {
  for (uint64_t i = 0; i < FOG_WORK; i++) x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u + i;
  return x;
}
#endif

#ifdef FOG_BALLAST
uint64_t fog_ballast(uint64_t number);
#endif

__attribute__((export_name("wasi:http/incoming-handler@0.2.3#handle"))) void handler(
    handle request, handle outparam) {
  handle body;
  (void)request;
  const handle out = respond(outparam, 200, "text/plain", 0, &body);
#ifdef FOG_WORK
  if (work((uint64_t)clock_now()) == 1) put(out, "never", 5);
#endif
  put(out, "hello\n", 6);
#ifdef FOG_BALLAST
  if (random_number() == 1) put_number(out, fog_ballast((uint64_t)clock_now()));
#endif
  finish(out, body);
}
