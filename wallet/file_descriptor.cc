#include "wallet/file_descriptor.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace fog::wallet {

FileDescriptor::~FileDescriptor() {
  if (number_ >= 0) ::close(number_);
}

ErrorOr<SecretBytes> read_all(int descriptor, std::size_t size_max) {
  // Reserved at once, so that no growth leaves copies of a secret behind.
  Bytes contents;
  contents.reserve(size_max + 1);
  contents.resize(size_max + 1);
  std::size_t size = 0;
  while (size <= size_max) {
    const ssize_t got = ::read(descriptor, contents.data() + size, contents.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const std::string why = std::strerror(errno);
      secure_wipe(contents.data(), size);
      return fail(ErrorCode::kIo, "cannot read: " + why);
    }
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > size_max) {
    secure_wipe(contents.data(), size);
    return fail(ErrorCode::kExhausted,
                "more than the " + std::to_string(size_max) + " bytes that are allowed");
  }
  contents.resize(size);
  return SecretBytes(std::move(contents));
}

}  // namespace fog::wallet
