#include "executor/folder_quota.h"

#include <algorithm>
#include <filesystem>
#include <vector>

namespace fog::executor {

namespace fs = std::filesystem;

void trim_folder(const std::string& folder, std::uint64_t quota_bytes,
                 const std::function<bool(const std::string& name)>& keep) {
  struct File {
    fs::path path;
    fs::file_time_type used;
    std::uint64_t bytes = 0;
  };
  std::vector<File> files;
  std::uint64_t total = 0;
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
    std::error_code gone;
    if (!it->is_regular_file(gone)) continue;
    const std::uint64_t bytes = it->file_size(gone);
    const fs::file_time_type used = it->last_write_time(gone);
    if (gone) continue;
    total += bytes;
    if (!keep(it->path().filename().string())) files.push_back({it->path(), used, bytes});
  }
  std::sort(files.begin(), files.end(),
            [](const File& a, const File& b) { return a.used < b.used; });
  for (const File& file : files) {
    if (total <= quota_bytes) return;
    if (fs::remove(file.path, failed)) total -= file.bytes;
  }
}

}  // namespace fog::executor
