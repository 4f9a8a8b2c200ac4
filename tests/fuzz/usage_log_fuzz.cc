// A usage log is read after crashes and bad disks: any file opens to what its vouchers cover, or is
// refused; and what was opened opens again alike.
#include <cstdio>
#include <string>
#include <unistd.h>

#include "executor/usage_log.h"

namespace {

// The file of this process, made anew for each input, gone at its end.
struct TempFile {
  TempFile() {
    const int fd = ::mkstemp(name.data());
    CHECK(fd >= 0);
    ::close(fd);
  }
  ~TempFile() { ::unlink(name.c_str()); }
  std::string name = "/tmp/fog_usage_log_fuzz.XXXXXX";
};

const std::string& path() {
  static const TempFile kFile;
  return kFile.name;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using fog::executor::UsageLog;
  std::FILE* file = std::fopen(path().c_str(), "wb");
  CHECK(file != nullptr);
  CHECK(size == 0 || std::fwrite(data, 1, size, file) == size);
  CHECK(std::fclose(file) == 0);
  std::uint64_t settled = 0;
  std::uint64_t unsettled = 0;
  {
    const auto log = UsageLog::open(path(), {});
    if (!log) return 0;
    settled = (*log)->settled();
    unsettled = (*log)->unsettled();
    const auto claim = (*log)->claim(0);
    CHECK(claim.has_value());
    CHECK(!*claim || (*claim)->count == (*claim)->voucher.voucher.count);
  }
  const auto again = UsageLog::open(path(), {});
  CHECK(again.has_value());
  CHECK((*again)->settled() == settled && (*again)->unsettled() == unsettled);
  return 0;
}
