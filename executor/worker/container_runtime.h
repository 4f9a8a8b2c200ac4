// The runtime for a container: it runs already, beside this process, and listens on a port of the
// loopback interface that the two share. A request is passed on by HTTP/1.1.
#pragma once

#include "executor/runtime.h"

namespace fog::executor {

// Its load() takes the port in decimal digits and waits until somebody listens there (kUnavailable
// after 50 s). It cannot compile.
std::unique_ptr<Runtime> make_container_runtime();

}  // namespace fog::executor
