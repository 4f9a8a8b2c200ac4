#include "executor/code_cache.h"

#include <filesystem>

#include "chain/base/file.h"
#include "executor/folder_quota.h"

namespace fog::executor {
namespace {

constexpr std::size_t kCodeBytesMax = 1ULL << 30;

}  // namespace

ErrorOr<CodeCache> CodeCache::open(const std::string& folder, const Hash32& key,
                                   std::uint64_t quota_bytes) {
  TRY_VOID(make_folder(folder));
  return CodeCache(folder, key, quota_bytes);
}

std::string CodeCache::path_of(const Hash32& artifact,
                               const market::RuntimeProfile& profile) const {
  return folder_ + "/" + to_hex(artifact) + "-" + to_hex(ByteView(profile).first(8)) + ".code";
}

Hash32 CodeCache::mac_of(const Hash32& artifact, const market::RuntimeProfile& profile,
                         ByteView code) const {
  // The code's hash stands for it, so that nothing large is copied.
  Bytes text = to_bytes(as_bytes("fog/code"));
  append(text, artifact);
  append(text, profile);
  append(text, sha256(code));
  return hmac_sha256(key_, text);
}

ErrorOr<Bytes> CodeCache::load(const Hash32& artifact,
                               const market::RuntimeProfile& profile) const {
  const std::string path = path_of(artifact, profile);
  TRY(Bytes content, read_file(path, kCodeBytesMax));
  std::error_code ignored;
  if (content.size() < Hash32::kSize ||
      fixed_from<32>(ByteView(content).first(Hash32::kSize)) !=
          mac_of(artifact, profile, ByteView(content).subspan(Hash32::kSize))) {
    std::filesystem::remove(path, ignored);
    return fail(ErrorCode::kNotFound, path + " is not what this Host wrote and is deleted");
  }
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now(), ignored);
  content.erase(content.begin(), content.begin() + Hash32::kSize);
  return content;
}

ErrorOr<void> CodeCache::store(const Hash32& artifact, const market::RuntimeProfile& profile,
                               ByteView code) const {
  Bytes content = to_bytes(mac_of(artifact, profile, code));
  append(content, code);
  return write_file_atomically(path_of(artifact, profile), content, FileMode::kPrivate);
}

void CodeCache::trim(const std::set<Hash32>& artifacts_in_use) const {
  trim_folder(folder_, quota_bytes_, [&](const std::string& name) {
    const auto digest = fixed_from_hex<32>(std::string_view(name).substr(0, 64));
    return digest && artifacts_in_use.contains(*digest);
  });
}

}  // namespace fog::executor
