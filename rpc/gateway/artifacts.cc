#include "rpc/gateway/artifacts.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <vector>

#include "chain/base/clock.h"
#include "chain/base/file.h"

namespace fog::gateway {
namespace {

constexpr std::string_view kPartSuffix = ".part";

Fail<Error> os_error(const std::string& what, const std::string& path) {
  return fail(ErrorCode::kIo, what + " " + path + ": " + std::strerror(errno));
}

}  // namespace

ErrorOr<std::unique_ptr<ArtifactFolder>> ArtifactFolder::open(const std::string& folder,
                                                              std::uint64_t quota_bytes) {
  TRY_VOID(make_folder(folder));
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().string().ends_with(kPartSuffix)) std::filesystem::remove(entry.path(), error);
  }
  if (error) return fail(ErrorCode::kIo, "cannot list " + folder + ": " + error.message());
  return std::unique_ptr<ArtifactFolder>(new ArtifactFolder(folder, quota_bytes));
}

std::optional<std::string> ArtifactFolder::find(const Hash32& digest) const {
  const std::string path = folder_ + "/" + to_hex(digest);
  if (::access(path.c_str(), R_OK) != 0) return std::nullopt;
  // Whoever asks for it keeps it.
  std::error_code ignored;
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now(), ignored);
  return path;
}

void ArtifactFolder::make_room(std::uint64_t bytes) const {
  namespace fs = std::filesystem;
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  std::uint64_t sum = bytes;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    const std::uint64_t size = entry.file_size(error);
    sum += error ? 0 : size;
    // An upload under way is not for others to end.
    if (!entry.path().string().ends_with(kPartSuffix))
      files.emplace_back(entry.last_write_time(error), entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& [time, path] : files) {
    if (sum <= quota_bytes_) return;
    const std::uint64_t size = fs::file_size(path, error);
    if (fs::remove(path, error)) sum -= std::min(sum, size);
  }
}

ErrorOr<std::unique_ptr<ArtifactFolder::Upload>> ArtifactFolder::begin(const Hash32& digest,
                                                                       std::uint64_t bytes) {
  std::unique_ptr<Upload> upload(new Upload);
  if (bytes > quota_bytes_) {
    return fail(ErrorCode::kExhausted,
                "the program has " + std::to_string(bytes >> 20) + " MiB, and this gateway keeps " +
                    std::to_string(quota_bytes_ >> 20) + " MiB of programs in all");
  }
  make_room(bytes);
  FixedBytes<8> unique;
  system_rng().fill(unique.data);
  upload->path_ = folder_ + "/" + to_hex(digest);
  upload->temporary_ = upload->path_ + "." + to_hex(unique) + std::string(kPartSuffix);
  upload->digest_ = digest;
  upload->bytes_ = bytes;
  upload->fd_ = ::open(upload->temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (upload->fd_ < 0) return os_error("cannot create", upload->temporary_);
  return upload;
}

ArtifactFolder::Upload::~Upload() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

ErrorOr<void> ArtifactFolder::Upload::write(ByteView part) {
  if (part.size() > bytes_ - written_) {
    return fail(ErrorCode::kExhausted, "the artifact is longer than the chain says");
  }
  hash_.update(part);
  written_ += part.size();
  while (!part.empty()) {
    const ssize_t wrote = ::write(fd_, part.data(), part.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return os_error("cannot write", temporary_);
    part = part.subspan(static_cast<std::size_t>(wrote));
  }
  return {};
}

ErrorOr<void> ArtifactFolder::Upload::finish() {
  if (written_ != bytes_) {
    return fail(ErrorCode::kInvalidInput, "the artifact has " + std::to_string(written_) +
                                              " bytes, the chain says " + std::to_string(bytes_));
  }
  if (hash_.finish() != digest_) {
    return fail(ErrorCode::kInvalidInput, "the bytes do not hash to " + to_hex(digest_));
  }
  if (::fsync(fd_) != 0) return os_error("cannot sync", temporary_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return os_error("cannot save", path_);
  temporary_.clear();
  return {};
}

}  // namespace fog::gateway
