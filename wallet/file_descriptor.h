// FileDescriptor: an open file that is closed when its owner goes away.
#pragma once

#include "chain/base/error.h"
#include "wallet/secret.h"

namespace fog::wallet {

class FileDescriptor {
 public:
  // Takes ownership; a negative number stands for "not open".
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  FileDescriptor(FileDescriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  FileDescriptor& operator=(FileDescriptor&&) = delete;
  ~FileDescriptor();
  int get() const { return number_; }

 private:
  int number_;
};

// Reads to the end of a file, pipe or terminal. kExhausted above `size_max` bytes, kIo on failure.
ErrorOr<SecretBytes> read_all(int descriptor, std::size_t size_max);

}  // namespace fog::wallet
