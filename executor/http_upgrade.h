// The asking side of an HTTP/1.1 upgrade: a POST, after whose answer with status 101 the connection
// is something else's.
#pragma once

#include <string>

#include "executor/fd.h"

namespace fog::executor {

struct UpgradePlan {
  std::string url;     // "http://HOST:PORT[/PREFIX]"
  std::string target;  // what is asked for, below the prefix
  std::string protocol;
  Bytes body;
  std::uint64_t timeout_ms = 15'000;
};
// A blocking socket; none of what follows the answer's head has been read. kRejected (kNotFound for
// a 404) with the other side's sentence; kNetwork, kTimeout, kProtocol; kInvalidInput for the URL.
ErrorOr<UniqueFd> upgrade(const UpgradePlan& plan);

}  // namespace fog::executor
