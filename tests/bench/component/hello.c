// Answers every request with a few bytes. With FOG_BALLAST code of that size stands beside, of
// which a request runs none: a service of the usual size runs little of what it has.
#include "http.h"

#ifdef FOG_BALLAST
uint64_t fog_ballast(uint64_t number);
#endif

__attribute__((export_name("wasi:http/incoming-handler@0.2.3#handle"))) void handler(
    handle request, handle outparam) {
  handle body;
  (void)request;
  const handle out = respond(outparam, 200, "text/plain", 0, &body);
  put(out, "hello\n", 6);
#ifdef FOG_BALLAST
  if (random_number() == 1) put_number(out, fog_ballast((uint64_t)clock_now()));
#endif
  finish(out, body);
}
