// Files that only their owner may read, written so that a crash leaves the old or the new contents,
// never a part.
#pragma once

#include <string>
#include <string_view>

#include "chain/base/error.h"
#include "wallet/secret.h"

namespace fog::wallet {

// Creates `path` with mode 0600. kAlreadyExists if there is anything at that name, which is then
// left alone; kIo if the disk refuses. On success the file and its name are on disk.
ErrorOr<void> create_private_file(const std::string& path, ByteView contents);
// Replaces the contents of `path` (mode 0600) if they are still `expected`. kUnavailable if another
// program has changed the file meanwhile; kNotFound if it is gone; kIo if the disk refuses. The old
// file stays on any failure. Programs that use this function exclude each other by a lock on the
// folder.
ErrorOr<void> replace_private_file(const std::string& path, ByteView expected, ByteView contents);
// Overwrites the file, takes it away, and waits for the disk. kNotFound, kPermission, kIo. The disk
// itself, or a backup of it, may still hold what was there.
ErrorOr<void> wipe_file(const std::string& path);
// The whole file. kNotFound; kPermission if it may not be read; kExhausted above `size_max` bytes.
ErrorOr<SecretBytes> read_secret_file(const std::string& path, std::size_t size_max);
// To the end of a file, pipe or terminal. kExhausted above `size_max` bytes, kIo on failure;
// nothing that was read stays in memory then.
ErrorOr<SecretBytes> read_secret(int descriptor, std::size_t size_max);

}  // namespace fog::wallet
