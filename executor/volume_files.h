// Volumes of containers: each a file system in a file of its own, whose size is what the manifest
// says and no more, however much is written. The container's process mounts them
// (worker/container_main.h).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "chain/base/error.h"
#include "market/types/objects.h"

namespace fog::executor {

// The files of the manifest's volumes in its order, `folder`/<number>.img: those that are there,
// and new, empty ones. Their space is taken from the disk at once, so that it is there when it is
// written to. kExhausted when the disk has none, kRejected when this computer cannot make them
// (what to install is said), kUnavailable when `go_on` says so.
ErrorOr<std::vector<std::string>> make_volume_files(const std::string& folder,
                                                    const market::Manifest& manifest,
                                                    const std::function<bool()>& go_on);

}  // namespace fog::executor
