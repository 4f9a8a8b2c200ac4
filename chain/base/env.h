// Env: the one door to the operating system's files, so that a test can own the disk and break it.
//
// Paths are plain; a directory must exist before files are made in it. Errors name the path and
// say what the system said: kExhausted when the disk or quota is full, kNotFound, kPermission, else
// kIo. What a file holds is on disk for sure only after sync(); that a file exists (was made,
// renamed or removed), only after sync_dir() of its directory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "chain/base/bytes.h"
#include "chain/base/error.h"

namespace fog {

// A file that grows at its end. One writer; not thread safe.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  // Writes all bytes, or fails with an unknown prefix of them written: the caller then truncates.
  virtual ErrorOr<void> append(ByteView bytes) = 0;
  // After a failed sync nobody knows what is on disk: do not retry, stop.
  virtual ErrorOr<void> sync() = 0;
};

// Reads at any place, from any thread.
class ReadFile {
 public:
  virtual ~ReadFile() = default;
  // Fewer bytes than asked only at the end of the file.
  virtual ErrorOr<Bytes> read_at(std::uint64_t offset, std::size_t size) const = 0;
  virtual ErrorOr<std::uint64_t> size() const = 0;
};

// A small file written in place. One writer; not thread safe.
class SlotFile {
 public:
  virtual ~SlotFile() = default;
  virtual ErrorOr<void> write_at(std::uint64_t offset, ByteView bytes) = 0;
  virtual ErrorOr<void> sync() = 0;
};

// Held until destroyed; the system drops it when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class FileMode : std::uint8_t {
  kShared,   // rw-r--r--
  kPrivate,  // rw-------, for keys
};

// Safe from any thread.
class Env {
 public:
  virtual ~Env() = default;

  // Opens at the end; makes the file if there is none.
  virtual ErrorOr<std::unique_ptr<AppendFile>> open_append(const std::string& path) = 0;
  virtual ErrorOr<std::unique_ptr<ReadFile>> open_read(const std::string& path) = 0;
  // The file must exist.
  virtual ErrorOr<std::unique_ptr<SlotFile>> open_slots(const std::string& path) = 0;
  // Makes the file with these bytes, not yet synced as a directory entry; kAlreadyExists otherwise.
  virtual ErrorOr<void> create_file(const std::string& path, ByteView bytes, FileMode mode) = 0;

  virtual ErrorOr<void> truncate(const std::string& path, std::uint64_t size) = 0;
  // Replaces `to` if it exists, as one step.
  virtual ErrorOr<void> rename(const std::string& from, const std::string& to) = 0;
  virtual ErrorOr<void> remove(const std::string& path) = 0;
  virtual ErrorOr<bool> exists(const std::string& path) = 0;
  // Whether others than the owner may read or write it.
  virtual ErrorOr<bool> is_open_to_others(const std::string& path) = 0;

  // With its parents; no error if it exists.
  virtual ErrorOr<void> make_dir(const std::string& path) = 0;
  // The names in a directory, ascending, without "." and "..".
  virtual ErrorOr<std::vector<std::string>> list_dir(const std::string& path) = 0;
  virtual ErrorOr<void> sync_dir(const std::string& path) = 0;

  // kUnavailable when another process (or another lock of this one) holds it.
  virtual ErrorOr<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

// The operating system's (Linux).
Env& system_env();

// The whole file, refused with kExhausted when larger than size_max.
ErrorOr<Bytes> read_file(Env& env, const std::string& path, std::size_t size_max);
// Writes beside the path, syncs, renames: afterwards the path holds the old bytes or the new ones,
// whole, whatever happens in between.
ErrorOr<void> write_file_atomic(Env& env, const std::string& path, ByteView bytes, FileMode mode);
// "a/b" of "a/b/c"; "." when there is no slash.
std::string parent_dir(const std::string& path);

}  // namespace fog
