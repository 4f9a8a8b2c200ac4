// A container image's archive: nothing beyond its end is read, and what counts as one is long
// enough to be one.
#include "chain/base/check.h"
#include "market/types/image_archive.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto kind = fog::market::image_archive_kind({data, size});
  CHECK(!kind || (size >= 512 && (*kind == "oci-archive" || *kind == "docker-archive")));
  return 0;
}
