#include "executor/spool.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace fog::executor {

ErrorOr<void> Spool::open_file() {
  UniqueFd file(::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file && (errno == EOPNOTSUPP || errno == EISDIR)) {
    std::string name = folder_ + "/spool.XXXXXX";
    file.reset(::mkostemp(name.data(), O_CLOEXEC));
    if (file) ::unlink(name.c_str());
  }
  if (!file) return fail_errno("cannot make a temporary file in " + folder_);
  TRY_VOID(write_all(file.get(), memory_));
  file_ = std::move(file);
  memory_ = {};
  return {};
}

ErrorOr<void> Spool::append(ByteView bytes) {
  if (!file_ && memory_.size() + bytes.size() > kSpoolMemoryBytes) TRY_VOID(open_file());
  if (file_) {
    TRY_VOID(write_all(file_.get(), bytes));
  } else {
    fog::append(memory_, bytes);
  }
  size_ += bytes.size();
  return {};
}

ErrorOr<std::size_t> Spool::read(std::uint64_t offset, std::span<std::uint8_t> out) const {
  const std::size_t wanted =
      offset >= size_
          ? 0
          : static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset));
  if (!file_) {
    std::copy_n(memory_.begin() + static_cast<std::ptrdiff_t>(wanted == 0 ? 0 : offset), wanted,
                out.begin());
    return wanted;
  }
  std::size_t done = 0;
  while (done < wanted) {
    const ssize_t got =
        ::pread(file_.get(), out.data() + done, wanted - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read a temporary file");
    if (got == 0) return fail(ErrorCode::kIo, "a temporary file became shorter");
    done += static_cast<std::size_t>(got);
  }
  return done;
}

ErrorOr<Hash32> Spool::sha256_from(std::uint64_t offset) const {
  if (!file_) return fog::sha256(ByteView(memory_).subspan(std::min<std::size_t>(offset, size_)));
  Sha256Stream hash;
  Bytes chunk(64 * 1024);
  for (;;) {
    TRY(const std::size_t got, read(offset, chunk));
    if (got == 0) return hash.finish();
    hash.update(ByteView(chunk).first(got));
    offset += got;
  }
}

}  // namespace fog::executor
