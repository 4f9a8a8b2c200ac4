// Container images as artifacts: a tar file, as `skopeo copy ... oci-archive:FILE` (OCI image
// layout 1.0) or `docker save` write it.
#pragma once

#include <optional>
#include <string_view>

#include "chain/base/bytes.h"

namespace fog::market {

// What the archive is called among skopeo's transports, "oci-archive" or "docker-archive"; nothing
// when it is neither. Looks at the names only.
std::optional<std::string_view> image_archive_kind(ByteView archive);

}  // namespace fog::market
