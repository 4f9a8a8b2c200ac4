#include "wallet/private_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/file.h>

#include "wallet/file_descriptor.h"

namespace fog::wallet {
namespace {

Fail<Error> system_error(std::string_view doing, const std::string& path) {
  const int number = errno;
  const ErrorCode code = number == ENOENT                      ? ErrorCode::kNotFound
                         : number == EACCES || number == EPERM ? ErrorCode::kPermission
                         : number == EEXIST                    ? ErrorCode::kAlreadyExists
                                                               : ErrorCode::kIo;
  return fail(code, fmt::format("cannot {} {}: {}", doing, path, std::strerror(number)));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

ErrorOr<FileDescriptor> open_folder(const std::string& path) {
  const std::string folder = folder_of(path);
  FileDescriptor out(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (out.get() < 0) return system_error("open the folder", folder);
  return out;
}

// A new file beside its destination; removed unless it was given its final name.
class TemporaryFile {
 public:
  static ErrorOr<TemporaryFile> write(const std::string& destination, ByteView contents) {
    std::string name = destination + ".tmp-XXXXXX";
    FileDescriptor file(::mkostemp(name.data(), O_CLOEXEC));  // mode 0600
    if (file.get() < 0) return system_error("create a file beside", destination);
    TemporaryFile out(std::move(name));
    while (!contents.empty()) {
      const ssize_t written = ::write(file.get(), contents.data(), contents.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return system_error("write", out.name_);
      contents = contents.subspan(static_cast<std::size_t>(written));
    }
    if (::fsync(file.get()) != 0) return system_error("sync", out.name_);
    return out;
  }
  TemporaryFile(TemporaryFile&& other) noexcept : name_(std::move(other.name_)) {
    other.name_.clear();
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  // Fails if there is anything at that name.
  bool link_to(const std::string& path) { return ::link(name_.c_str(), path.c_str()) == 0; }
  bool rename_to(const std::string& path) {
    if (::rename(name_.c_str(), path.c_str()) != 0) return false;
    name_.clear();
    return true;
  }

 private:
  explicit TemporaryFile(std::string name) : name_(std::move(name)) {}
  std::string name_;
};

}  // namespace

ErrorOr<void> create_private_file(const std::string& path, ByteView contents) {
  TRY(const FileDescriptor folder, open_folder(path));
  TRY(TemporaryFile temporary, TemporaryFile::write(path, contents));
  if (!temporary.link_to(path)) {
    if (errno == EEXIST) {
      return fail(ErrorCode::kAlreadyExists,
                  fmt::format("{} exists already and is left as it is; choose another name", path));
    }
    return system_error("create", path);
  }
  if (::fsync(folder.get()) != 0) return system_error("sync the folder of", path);
  return {};
}

ErrorOr<void> replace_private_file(const std::string& path, ByteView expected, ByteView contents) {
  TRY(const FileDescriptor folder, open_folder(path));
  while (::flock(folder.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return system_error("lock the folder of", path);
  }
  // A file that has grown beyond what was expected has changed as well.
  TRY(const SecretBytes present, read_file(path, std::max<std::size_t>(expected.size(), 1) * 2));
  if (!std::equal(present.get().begin(), present.get().end(), expected.begin(), expected.end())) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("{} was changed by another program meanwhile; try again", path));
  }
  TRY(TemporaryFile temporary, TemporaryFile::write(path, contents));
  if (!temporary.rename_to(path)) return system_error("replace", path);
  if (::fsync(folder.get()) != 0) return system_error("sync the folder of", path);
  return {};
}

ErrorOr<SecretBytes> read_file(const std::string& path, std::size_t size_max) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return system_error("open", path);
  auto contents = read_all(file.get(), size_max);
  if (!contents) return Fail{contents.error().within(path)};
  return contents;
}

}  // namespace fog::wallet
