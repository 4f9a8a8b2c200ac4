// Trace: the thread that one request can be followed by, from an End User's program through
// gateway, Host and service to what the service asks. As W3C Trace Context has it (level 1,
// `traceparent`).
#pragma once

#include <string>
#include <string_view>

#include "chain/base/clock.h"

namespace fog::gateway {

struct Trace {
  std::string id;           // 32 hexadecimal digits
  std::string traceparent;  // for whoever is asked next
};
// Goes on with the caller's trace where `traceparent` is one, else begins its own. This gateway's
// part of it gets a new id (3.2.2.3); whether it is sampled stays as the caller has it.
Trace continue_trace(std::string_view traceparent, Rng& rng);

}  // namespace fog::gateway
