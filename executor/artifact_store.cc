#include "executor/artifact_store.h"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

#include "chain/base/file.h"
#include "chain/crypto/hash.h"
#include "executor/artifact_fetch.h"
#include "executor/fd.h"
#include "executor/folder_quota.h"

namespace fog::executor {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartSuffix = ".part";

}  // namespace

ErrorOr<ArtifactStore> ArtifactStore::open(const std::string& folder, std::uint64_t quota_bytes) {
  TRY_VOID(make_folder(folder));
  return ArtifactStore(folder, quota_bytes);
}

std::string ArtifactStore::path_of(const Hash32& digest) const {
  return folder_ + "/" + to_hex(digest);
}

ErrorOr<Bytes> ArtifactStore::load(const Hash32& digest) const {
  const std::string path = path_of(digest);
  TRY(Bytes content, read_file(path, market::kArtifactBytesMax));
  std::error_code ignored;
  if (sha256(content) != digest) {
    fs::remove(path, ignored);
    return fail(ErrorCode::kNotFound,
                "the stored artifact " + path + " was damaged and is deleted");
  }
  fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);
  return content;
}

ErrorOr<void> ArtifactStore::put(ByteView content) const {
  return write_file_atomically(path_of(sha256(content)), content, FileMode::kPrivate);
}

// Takes the unfinished file in if it is the artifact; otherwise it is deleted when it can no longer
// become it.
ErrorOr<void> ArtifactStore::accept_part(const ArtifactWanted& wanted) const {
  const std::string part = path_of(wanted.digest).append(kPartSuffix);
  TRY(const Bytes content, read_file(part, market::kArtifactBytesMax));
  if (content.size() < wanted.bytes) {
    return fail(ErrorCode::kNetwork, "sent " + std::to_string(content.size()) + " of " +
                                         std::to_string(wanted.bytes) + " bytes");
  }
  std::error_code failed;
  if (content.size() != wanted.bytes || sha256(content) != wanted.digest) {
    fs::remove(part, failed);
    return fail(ErrorCode::kProtocol, "sent something that does not hash to the digest");
  }
  TRY_VOID(write_file_atomically(path_of(wanted.digest), content, FileMode::kPrivate));
  fs::remove(part, failed);
  return {};
}

ErrorOr<Bytes> ArtifactStore::obtain(const ArtifactWanted& wanted,
                                     const std::vector<std::string>& endpoints,
                                     const std::function<bool()>& go_on) const {
  if (wanted.bytes == 0 || wanted.bytes > market::kArtifactBytesMax) {
    return fail(ErrorCode::kInvalidInput,
                "an artifact of " + std::to_string(wanted.bytes) + " bytes is out of bounds");
  }
  auto stored = load(wanted.digest);
  if (stored || stored.error().code != ErrorCode::kNotFound) return stored;
  std::string reasons;
  for (const std::string& endpoint : endpoints) {
    FetchPlan plan;
    plan.endpoint = endpoint;
    plan.target = "/.fog/artifacts/" + to_hex(wanted.digest);
    plan.file = path_of(wanted.digest).append(kPartSuffix);
    plan.bytes_max = wanted.bytes;
    // The second try is for bytes that another source had left there.
    for (int tries = 0; tries < 2; ++tries) {
      auto fetched = fetch_file(plan, go_on);
      if (!go_on()) return fail(ErrorCode::kUnavailable, "given up");
      if (fetched) fetched = accept_part(wanted);
      if (fetched) return load(wanted.digest);
      reasons += (reasons.empty() ? "" : "; ") + endpoint + ": " + fetched.error().context;
      if (fetched.error().code != ErrorCode::kProtocol) break;
    }
  }
  return fail(ErrorCode::kNetwork, "no gateway gives artifact " + to_hex(wanted.digest) + " (" +
                                       (reasons.empty() ? "there is none to ask" : reasons) + ")");
}

void ArtifactStore::trim(const std::set<Hash32>& in_use) const {
  trim_folder(folder_, quota_bytes_, [&](const std::string& name) {
    const auto digest = fixed_from_hex<32>(std::string_view(name).substr(0, 64));
    return digest && in_use.contains(*digest);
  });
}

}  // namespace fog::executor
