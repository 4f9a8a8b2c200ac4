#include "chain/base/fd.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace fog {
namespace {

ErrorCode code_of(int number) {
  switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
      return ErrorCode::kExhausted;
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::kNotFound;
    case EEXIST:
      return ErrorCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::kPermission;
    default:
      return ErrorCode::kIo;
  }
}

}  // namespace

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Fail<Error> fail_errno(std::string_view doing, std::string_view path) {
  const int number = errno;
  std::array<char, 128> buffer{};
  // The GNU strerror_r: the text may or may not stand in the buffer.
  const char* text = strerror_r(number, buffer.data(), buffer.size());
  std::string context(doing);
  if (!path.empty()) context.append(" ").append(path);
  context.append(": ").append(text);
  if (number == ENOSPC || number == EDQUOT) context.append(kSpaceAdvice);
  return fail(code_of(number), context);
}

ErrorOr<void> write_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno("cannot write");
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

}  // namespace fog
