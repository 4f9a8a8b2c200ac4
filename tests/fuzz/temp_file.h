// A file of this process, for decoders that read files: made anew for each input, gone at the end.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <unistd.h>

#include "chain/base/check.h"

namespace fog::fuzz {

class TempFile {
 public:
  TempFile() {
    const int fd = ::mkstemp(path_.data());
    CHECK(fd >= 0);
    ::close(fd);
  }
  ~TempFile() { ::unlink(path_.c_str()); }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;

  const std::string& path() const { return path_; }
  // This is all that stands in it.
  void write(const std::uint8_t* data, std::size_t size) const {
    std::FILE* file = std::fopen(path_.c_str(), "wb");
    CHECK(file != nullptr);
    CHECK(size == 0 || std::fwrite(data, 1, size, file) == size);
    CHECK(std::fclose(file) == 0);
  }

 private:
  std::string path_ = "/tmp/fog_fuzz.XXXXXX";
};

}  // namespace fog::fuzz
