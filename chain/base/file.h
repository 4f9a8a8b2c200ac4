// Small files, whole: read with a bound, written so that a crash leaves the old or the new content.
#pragma once

#include <string>

#include "chain/base/bytes.h"
#include "chain/base/error.h"

namespace fog {

// kNotFound if there is no such file, kExhausted if it is larger than max_bytes, kPermission or kIo
// otherwise.
ErrorOr<Bytes> read_file(const std::string& path, std::size_t max_bytes);

// Writes to a temporary file beside `path`, syncs it, renames it over `path` and syncs the folder.
// On failure `path` is as it was. `mode` as in chmod, e.g. 0600.
ErrorOr<void> write_file_atomically(const std::string& path, ByteView content, unsigned mode);

// Creates the folder and its parents, mode 0700 for those it makes.
ErrorOr<void> make_folder(const std::string& path);

}  // namespace fog
