#include "executor/volume_files.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

#include "chain/base/file.h"
#include "executor/fd.h"
#include "executor/program.h"

namespace fog::executor {
namespace {

constexpr std::uint64_t kFormatMs = 60'000;

ErrorOr<void> make_one(const std::string& path, std::uint64_t bytes,
                       const std::function<bool()>& go_on) {
  const std::string tool = find_program("mkfs.ext4");
  if (tool.empty()) {
    return fail(ErrorCode::kRejected,
                "this Host makes no volumes: apt-get install e2fsprogs, which has mkfs.ext4");
  }
  const std::string part = path + ".part";
  {
    const UniqueFd file(::open(part.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return fail_errno("cannot create", part);
    const int failed = ::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes));
    if (failed != 0) {
      ::unlink(part.c_str());
      errno = failed;
      return fail_errno("no room for a volume", part);
    }
  }
  const auto made = run_program(
      {tool, "-q", "-F", "-m", "0", "-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1", part},
      "/tmp", {kFormatMs, bytes}, go_on);
  if (made && std::rename(part.c_str(), path.c_str()) == 0) return {};
  ::unlink(part.c_str());
  if (!made) return Fail{made.error()};
  return fail_errno("cannot name", path);
}

}  // namespace

ErrorOr<std::vector<std::string>> make_volume_files(const std::string& folder,
                                                    const market::Manifest& manifest,
                                                    const std::function<bool()>& go_on) {
  std::vector<std::string> out;
  if (!manifest.volumes.empty()) TRY_VOID(make_folder(folder));
  for (const market::Volume& volume : manifest.volumes) {
    const std::string path = folder + "/" + std::to_string(out.size()) + ".img";
    if (::access(path.c_str(), F_OK) != 0)
      TRY_VOID(make_one(path, std::uint64_t{volume.mib} << 20, go_on));
    out.push_back(path);
  }
  return out;
}

}  // namespace fog::executor
