#include "chain/base/env.h"

#include <algorithm>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/file.h>
#include <sys/stat.h>

#include "chain/base/fd.h"

namespace fog {
namespace {

ErrorOr<UniqueFd> open_fd(const char* what, const std::string& path, int flags, mode_t mode = 0) {
  int fd = -1;
  do {
    fd = open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return fail_errno(what, path);
  return UniqueFd(fd);
}

ErrorOr<void> write_all_to(int fd, ByteView bytes, const std::string& path) {
  if (auto written = write_all(fd, bytes); !written) return Fail{written.error().within(path)};
  return {};
}

ErrorOr<void> sync_fd(int fd, const std::string& path) {
  if (fdatasync(fd) != 0) return fail_errno("cannot sync", path);
  return {};
}

class SystemAppendFile final : public AppendFile {
 public:
  SystemAppendFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  ErrorOr<void> append(ByteView bytes) override { return write_all_to(fd_.get(), bytes, path_); }
  ErrorOr<void> sync() override { return sync_fd(fd_.get(), path_); }

 private:
  UniqueFd fd_;
  std::string path_;
};

class SystemReadFile final : public ReadFile {
 public:
  SystemReadFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  ErrorOr<Bytes> read_at(std::uint64_t offset, std::size_t size) const override {
    Bytes out(size);
    std::size_t have = 0;
    while (have < size) {
      const ssize_t got =
          pread(fd_.get(), out.data() + have, size - have, static_cast<off_t>(offset + have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return fail_errno("cannot read", path_);
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    out.resize(have);
    return out;
  }
  ErrorOr<std::uint64_t> size() const override {
    struct stat info {};
    if (fstat(fd_.get(), &info) != 0) return fail_errno("cannot examine", path_);
    return static_cast<std::uint64_t>(info.st_size);
  }

 private:
  UniqueFd fd_;
  std::string path_;
};

class SystemSlotFile final : public SlotFile {
 public:
  SystemSlotFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  ErrorOr<void> write_at(std::uint64_t offset, ByteView bytes) override {
    while (!bytes.empty()) {
      const ssize_t written =
          pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return fail_errno("cannot write to", path_);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
      offset += static_cast<std::uint64_t>(written);
    }
    return {};
  }
  ErrorOr<void> sync() override { return sync_fd(fd_.get(), path_); }

 private:
  UniqueFd fd_;
  std::string path_;
};

class SystemFileLock final : public FileLock {
 public:
  explicit SystemFileLock(UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  UniqueFd fd_;
};

class SystemEnv final : public Env {
 public:
  ErrorOr<std::unique_ptr<AppendFile>> open_append(const std::string& path) override {
    TRY(UniqueFd fd, open_fd("cannot open", path, O_WRONLY | O_APPEND | O_CREAT, 0644));
    return std::unique_ptr<AppendFile>(new SystemAppendFile(std::move(fd), path));
  }
  ErrorOr<std::unique_ptr<ReadFile>> open_read(const std::string& path) override {
    TRY(UniqueFd fd, open_fd("cannot open", path, O_RDONLY));
    return std::unique_ptr<ReadFile>(new SystemReadFile(std::move(fd), path));
  }
  ErrorOr<std::unique_ptr<SlotFile>> open_slots(const std::string& path) override {
    TRY(UniqueFd fd, open_fd("cannot open", path, O_WRONLY));
    return std::unique_ptr<SlotFile>(new SystemSlotFile(std::move(fd), path));
  }
  ErrorOr<void> create_file(const std::string& path, ByteView bytes, FileMode mode) override {
    const mode_t bits = mode == FileMode::kPrivate ? 0600 : 0644;
    TRY(const UniqueFd fd, open_fd("cannot create", path, O_WRONLY | O_CREAT | O_EXCL, bits));
    TRY_VOID(write_all_to(fd.get(), bytes, path));
    return sync_fd(fd.get(), path);
  }
  ErrorOr<void> truncate(const std::string& path, std::uint64_t size) override {
    TRY(const UniqueFd fd, open_fd("cannot open", path, O_WRONLY));
    if (ftruncate(fd.get(), static_cast<off_t>(size)) != 0)
      return fail_errno("cannot truncate", path);
    return sync_fd(fd.get(), path);
  }
  ErrorOr<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno("cannot rename", from);
    return {};
  }
  ErrorOr<void> remove(const std::string& path) override {
    if (unlink(path.c_str()) != 0) return fail_errno("cannot remove", path);
    return {};
  }
  ErrorOr<bool> exists(const std::string& path) override {
    if (access(path.c_str(), F_OK) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return fail_errno("cannot examine", path);
  }
  ErrorOr<bool> is_open_to_others(const std::string& path) override {
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) return fail_errno("cannot examine", path);
    return (info.st_mode & 077) != 0;
  }
  ErrorOr<void> make_dir(const std::string& path) override {
    // Each prefix in turn: "a", "a/b", "a/b/c".
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
      const std::string prefix = path.substr(0, end);
      if (mkdir(prefix.c_str(), 0755) != 0 && errno != EEXIST)
        return fail_errno("cannot make the directory", prefix);
      if (end == std::string::npos) break;
    }
    struct stat info {};
    if (stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
      return fail(ErrorCode::kAlreadyExists, path + " exists and is not a directory");
    return {};
  }
  ErrorOr<std::vector<std::string>> list_dir(const std::string& path) override {
    DIR* dir = opendir(path.c_str());
    if (dir == nullptr) return fail_errno("cannot list", path);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(dir)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    const int error = errno;
    closedir(dir);
    errno = error;
    if (error != 0) return fail_errno("cannot list", path);
    std::sort(names.begin(), names.end());
    return names;
  }
  ErrorOr<void> sync_dir(const std::string& path) override {
    TRY(const UniqueFd fd, open_fd("cannot open", path, O_RDONLY | O_DIRECTORY));
    if (fsync(fd.get()) != 0) return fail_errno("cannot sync", path);
    return {};
  }
  ErrorOr<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    TRY(UniqueFd fd, open_fd("cannot open", path, O_RDWR | O_CREAT, 0644));
    if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK)
        return fail(ErrorCode::kUnavailable, path + " is locked: another process uses it");
      return fail_errno("cannot lock", path);
    }
    return std::unique_ptr<FileLock>(new SystemFileLock(std::move(fd)));
  }
};

}  // namespace

Env& system_env() {
  static SystemEnv env;
  return env;
}

ErrorOr<Bytes> read_file(Env& env, const std::string& path, std::size_t size_max) {
  TRY(const auto file, env.open_read(path));
  TRY(const std::uint64_t size, file->size());
  if (size > size_max) {
    return fail(ErrorCode::kExhausted, path + " has " + std::to_string(size) + " bytes; at most " +
                                           std::to_string(size_max) + " are expected");
  }
  return file->read_at(0, static_cast<std::size_t>(size));
}

ErrorOr<void> write_file_atomic(Env& env, const std::string& path, ByteView bytes, FileMode mode) {
  const std::string beside = path + ".new";
  TRY(const bool left_over, env.exists(beside));
  if (left_over) TRY_VOID(env.remove(beside));
  if (auto written = env.create_file(beside, bytes, mode); !written) {
    // A half-written file helps nobody; that it cannot be removed changes nothing for the caller.
    (void)env.remove(beside).has_value();
    return written;
  }
  TRY_VOID(env.rename(beside, path));
  return env.sync_dir(parent_dir(path));
}

std::string parent_dir(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace fog
