// Spool: a body on its way through, in memory while it is small, in an unnamed file when it is not.
// Knows its SHA-256. Not thread safe.
#pragma once

#include <span>
#include <string>

#include "chain/crypto/hash.h"
#include "executor/fd.h"

namespace fog::executor {

constexpr std::size_t kSpoolMemoryBytes = 256 * 1024;

class Spool {
 public:
  // Unnamed files are made in `folder`.
  explicit Spool(std::string folder) : folder_(std::move(folder)) {}

  ErrorOr<void> append(ByteView bytes);
  std::uint64_t size() const { return size_; }
  // Fills `out` from `offset` on; fewer bytes only at the end.
  ErrorOr<std::size_t> read(std::uint64_t offset, std::span<std::uint8_t> out) const;
  // Of the bytes from `offset` to the end.
  ErrorOr<Hash32> sha256_from(std::uint64_t offset) const;

 private:
  ErrorOr<void> open_file();

  std::string folder_;
  Bytes memory_;   // everything, while there is no file
  UniqueFd file_;  // everything, once there is one
  std::uint64_t size_ = 0;
};

}  // namespace fog::executor
