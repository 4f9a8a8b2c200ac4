// A usage log is read after crashes and bad disks: any file opens to what its vouchers cover, or is
// refused; and what was opened opens again alike.
#include "executor/usage_log.h"
#include "tests/fuzz/temp_file.h"

namespace {

const fog::fuzz::TempFile& file() {
  static const fog::fuzz::TempFile kFile;
  return kFile;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using fog::executor::UsageLog;
  file().write(data, size);
  std::uint64_t settled = 0;
  std::uint64_t unsettled = 0;
  {
    const auto log = UsageLog::open(file().path(), {});
    if (!log) return 0;
    settled = (*log)->settled();
    unsettled = (*log)->unsettled();
    const auto claim = (*log)->claim(0);
    CHECK(claim.has_value());
    CHECK(!*claim || (*claim)->count == (*claim)->voucher.voucher.count);
  }
  const auto again = UsageLog::open(file().path(), {});
  CHECK(again.has_value());
  CHECK((*again)->settled() == settled && (*again)->unsettled() == unsettled);
  return 0;
}
