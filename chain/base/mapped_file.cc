#include "chain/base/mapped_file.h"

#include <fcntl.h>

#include <sys/mman.h>
#include <sys/stat.h>

#include "chain/base/fd.h"

namespace fog {

ErrorOr<MappedFile> MappedFile::open(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno("cannot open", path);
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) return fail_errno("cannot read", path);
  MappedFile out;
  if (about.st_size == 0) return out;
  const auto size = static_cast<std::size_t>(about.st_size);
  void* const data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) return fail_errno("cannot map", path);
  out.data_ = static_cast<const std::uint8_t*>(data);
  out.size_ = size;
  return out;
}

MappedFile::~MappedFile() {
  // The pointer came from mmap, which gives what may be written elsewhere.
  if (data_ != nullptr) ::munmap(const_cast<std::uint8_t*>(data_), size_);
}

}  // namespace fog
