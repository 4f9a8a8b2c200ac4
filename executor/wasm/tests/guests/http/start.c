// A reactor whose _initialize never ends.
#include "http.h"

__attribute__((export_name("_initialize"))) void initialize(void) {
  for (volatile int i = 0;; i++) {
  }
}

__attribute__((export_name("wasi:http/incoming-handler@0.2.3#handle"))) void handler(
    handle request, handle outparam) {
  handle body;
  (void)request;
  const handle out = respond(outparam, 200, "text/plain", 0, &body);
  finish(out, body);
}
