#include "chain/base/file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

namespace fog {
namespace {

// Closes on every way out.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

Fail<Error> os_error(const std::string& what, const std::string& path) {
  const int number = errno;
  const ErrorCode code = number == ENOENT                      ? ErrorCode::kNotFound
                         : number == EACCES || number == EPERM ? ErrorCode::kPermission
                                                               : ErrorCode::kIo;
  return fail(code, what + " " + path + ": " + std::strerror(number));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

ErrorOr<void> write_all(int fd, ByteView content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t wrote = ::write(fd, content.data(), content.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return os_error("cannot write", path);
    content = content.subspan(static_cast<std::size_t>(wrote));
  }
  return {};
}

}  // namespace

ErrorOr<Bytes> read_file(const std::string& path, std::size_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return os_error("cannot open", path);
  Bytes out;
  std::uint8_t buffer[65536];
  while (true) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error("cannot read", path);
    if (got == 0) return out;
    append(out, ByteView(buffer, static_cast<std::size_t>(got)));
    if (out.size() > max_bytes) {
      return fail(ErrorCode::kExhausted,
                  path + " is larger than " + std::to_string(max_bytes) + " bytes");
    }
  }
}

ErrorOr<void> write_file_atomically(const std::string& path, ByteView content, unsigned mode) {
  const std::string temporary = path + ".tmp";
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  Descriptor file(::open(temporary.c_str(), flags, static_cast<mode_t>(mode)));
  if (file.get() < 0) return os_error("cannot create", temporary);
  if (auto wrote = write_all(file.get(), content, temporary); !wrote) {
    ::unlink(temporary.c_str());
    return wrote;
  }
  if (::fchmod(file.get(), static_cast<mode_t>(mode)) != 0 || ::fsync(file.get()) != 0 ||
      ::close(file.release()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) {
    auto failure = os_error("cannot save", path);
    ::unlink(temporary.c_str());
    return failure;
  }
  const Descriptor folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || ::fsync(folder.get()) != 0) {
    return os_error("cannot sync the folder of", path);
  }
  return {};
}

ErrorOr<void> make_folder(const std::string& path) {
  for (std::size_t at = 1; at <= path.size(); ++at) {
    if (at != path.size() && path[at] != '/') continue;
    const std::string part = path.substr(0, at);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      return os_error("cannot create the folder", part);
    }
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return os_error("cannot use", path);
  if (!S_ISDIR(info.st_mode)) return fail(ErrorCode::kIo, path + " is not a folder");
  return {};
}

}  // namespace fog
