#include "wallet/private_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/file.h>

#include "chain/base/env.h"
#include "chain/base/fd.h"

namespace fog::wallet {
namespace {

ErrorOr<UniqueFd> open_folder(const std::string& path) {
  const std::string folder = parent_dir(path);
  UniqueFd out(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!out) return fail_errno("cannot open the folder", folder);
  return out;
}

// A new file beside its destination; removed unless it was given its final name.
class TemporaryFile {
 public:
  static ErrorOr<TemporaryFile> write(const std::string& destination, ByteView contents) {
    std::string name = destination + ".tmp-XXXXXX";
    UniqueFd file(::mkostemp(name.data(), O_CLOEXEC));  // mode 0600
    if (!file) return fail_errno("cannot create a file beside", destination);
    TemporaryFile out(std::move(name));
    if (auto written = write_all(file.get(), contents); !written)
      return Fail{written.error().within(out.name_)};
    if (::fsync(file.get()) != 0) return fail_errno("cannot sync", out.name_);
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
  TRY(const UniqueFd folder, open_folder(path));
  TRY(TemporaryFile temporary, TemporaryFile::write(path, contents));
  if (!temporary.link_to(path)) {
    if (errno == EEXIST) {
      return fail(ErrorCode::kAlreadyExists,
                  fmt::format("{} exists already and is left as it is; choose another name", path));
    }
    return fail_errno("cannot create", path);
  }
  if (::fsync(folder.get()) != 0) return fail_errno("cannot sync the folder of", path);
  return {};
}

ErrorOr<void> replace_private_file(const std::string& path, ByteView expected, ByteView contents) {
  TRY(const UniqueFd folder, open_folder(path));
  while (::flock(folder.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return fail_errno("cannot lock the folder of", path);
  }
  // A file that has grown beyond what was expected has changed as well.
  TRY(const SecretBytes present,
      read_secret_file(path, std::max<std::size_t>(expected.size(), 1) * 2));
  if (!std::equal(present.get().begin(), present.get().end(), expected.begin(), expected.end())) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("{} was changed by another program meanwhile; try again", path));
  }
  TRY(TemporaryFile temporary, TemporaryFile::write(path, contents));
  if (!temporary.rename_to(path)) return fail_errno("cannot replace", path);
  if (::fsync(folder.get()) != 0) return fail_errno("cannot sync the folder of", path);
  return {};
}

ErrorOr<void> wipe_file(const std::string& path) {
  TRY(const UniqueFd folder, open_folder(path));
  {
    // Not through a link: what it points to may be anybody's.
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file) return fail_errno("cannot open", path);
    const off_t size = ::lseek(file.get(), 0, SEEK_END);
    if (size < 0 || ::lseek(file.get(), 0, SEEK_SET) != 0) return fail_errno("cannot read", path);
    const Bytes zeros(4'096);
    for (auto left = static_cast<std::size_t>(size); left > 0;) {
      const std::size_t part = std::min(left, zeros.size());
      TRY_VOID(write_all(file.get(), ByteView(zeros).first(part)));
      left -= part;
    }
    if (::fsync(file.get()) != 0) return fail_errno("cannot sync", path);
  }
  if (::unlink(path.c_str()) != 0) return fail_errno("cannot take away", path);
  if (::fsync(folder.get()) != 0) return fail_errno("cannot sync the folder of", path);
  return {};
}

ErrorOr<SecretBytes> read_secret_file(const std::string& path, std::size_t size_max) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno("cannot open", path);
  auto contents = read_secret(file.get(), size_max);
  if (!contents) return Fail{contents.error().within(path)};
  return contents;
}

ErrorOr<SecretBytes> read_secret(int descriptor, std::size_t size_max) {
  // Reserved at once, so that no growth leaves copies of a secret behind.
  Bytes contents;
  contents.reserve(size_max + 1);
  contents.resize(size_max + 1);
  std::size_t size = 0;
  while (size <= size_max) {
    const ssize_t got = ::read(descriptor, contents.data() + size, contents.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      auto failed = fail_errno("cannot read");
      secure_wipe(contents.data(), size);
      return failed;
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
