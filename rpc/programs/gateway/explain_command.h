// `foggate explain`: how a running gateway judges a service's load, in words.
#pragma once

#include <string>

#include "chain/base/error.h"

namespace fog {

// `gateway`: its URL. `json`: prints what it says as it is.
ErrorOr<void> explain_service(const std::string& gateway, const std::string& service, bool json);

}  // namespace fog
