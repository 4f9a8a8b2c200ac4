// Small files, whole, on the system's disk: for programs and parts that own no Env
// (chain/base/env.h).
#pragma once

#include <string>

#include "chain/base/env.h"

namespace fog {

// kNotFound if there is no such file, kExhausted if it is larger than max_bytes, kPermission or kIo
// otherwise.
ErrorOr<Bytes> read_file(const std::string& path, std::size_t max_bytes);

// Afterwards `path` holds the old bytes or the new ones, whole, whatever happens in between.
ErrorOr<void> write_file_atomically(const std::string& path, ByteView content, FileMode mode);

// Creates the folder and its parents.
ErrorOr<void> make_folder(const std::string& path);

}  // namespace fog
