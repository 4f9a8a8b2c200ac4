// MappedFile: a file's bytes without memory for all of them.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "chain/base/bytes.h"
#include "chain/base/error.h"

namespace fog {

// Read-only. If somebody cuts the file shorter meanwhile, reading what is gone ends the process
// (SIGBUS): for files of one's own.
class MappedFile {
 public:
  // kNotFound, kPermission, kIo.
  static ErrorOr<MappedFile> open(const std::string& path);
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~MappedFile();

  ByteView bytes() const { return {data_, size_}; }

 private:
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace fog
