// Keeps a folder of cached files below a number of bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace fog::executor {

// Deletes the files of `folder` that were modified longest ago, but for those that `keep` says,
// until the rest fits. What cannot be deleted is left.
void trim_folder(const std::string& folder, std::uint64_t quota_bytes,
                 const std::function<bool(const std::string& name)>& keep);

}  // namespace fog::executor
