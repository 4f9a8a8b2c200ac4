// Giving a program's bytes to a gateway.
#pragma once

#include <string>

#include "chain/base/bytes.h"
#include "chain/base/error.h"

namespace fog::cli {

// PUT ENDPOINT/.fog/artifacts/DIGEST. kRejected with the gateway's own words if it refuses.
ErrorOr<void> upload_artifact(const std::string& endpoint, const Hash32& digest, ByteView content);

}  // namespace fog::cli
