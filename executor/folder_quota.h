// Keeps a folder of cached files below a number of bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace fog::executor {

// Something that a cache may let go of: a file, or a folder with all that is in it.
struct CachedItem {
  std::filesystem::path path;
  std::filesystem::file_time_type used;
  std::uint64_t bytes = 0;
};
// Deletes those used longest ago until no more than the quota is left of `total_bytes`, which those
// that must stay are part of. What cannot be deleted is left.
void trim_items(std::vector<CachedItem> items, std::uint64_t total_bytes,
                std::uint64_t quota_bytes);

// Deletes the files of `folder` that were modified longest ago, but for those that `keep` says,
// until the rest fits. What cannot be deleted is left.
void trim_folder(const std::string& folder, std::uint64_t quota_bytes,
                 const std::function<bool(const std::string& name)>& keep);

}  // namespace fog::executor
