// One download of an artifact over HTTP/1.1, in the clear or by TLS, into a file, resumed where the
// file ends.
#pragma once

#include <functional>
#include <string>

#include "chain/base/error.h"

namespace fog::executor {

struct FetchPlan {
  std::string endpoint;         // "http://host:port" or https
  std::string target;           // "/.fog/artifacts/<hex>"
  std::string file;             // written to; may hold the beginning
  std::uint64_t bytes_max = 0;  // more is refused and not written
  std::uint64_t step_timeout_ms = 20'000;
};

// Returns when the body has ended; the file may still be short or wrong, which its hash tells. A
// server that does not know ranges sends all of it, and the file begins anew. kNotFound for a 404,
// kRejected for another status, kExhausted for too many bytes, kNetwork, kTimeout, kInvalidInput
// for an endpoint that is none.
ErrorOr<void> fetch_file(const FetchPlan& plan, const std::function<bool()>& go_on);

}  // namespace fog::executor
