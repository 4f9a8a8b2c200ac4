#include "executor/folder_quota.h"

#include <algorithm>
#include <filesystem>
#include <vector>

namespace fog::executor {

namespace fs = std::filesystem;

void trim_items(std::vector<CachedItem> items, std::uint64_t total_bytes,
                std::uint64_t quota_bytes) {
  std::sort(items.begin(), items.end(),
            [](const CachedItem& a, const CachedItem& b) { return a.used < b.used; });
  for (const CachedItem& item : items) {
    if (total_bytes <= quota_bytes) return;
    std::error_code failed;
    fs::remove_all(item.path, failed);
    if (!failed) total_bytes -= item.bytes;
  }
}

void trim_folder(const std::string& folder, std::uint64_t quota_bytes,
                 const std::function<bool(const std::string& name)>& keep) {
  std::vector<CachedItem> files;
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
  trim_items(std::move(files), total, quota_bytes);
}

}  // namespace fog::executor
