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

// Whether it is here and still what it was.
bool ArtifactStore::has(const ArtifactWanted& wanted) const {
  const std::string path = path_of(wanted.digest);
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return false;
  Sha256Stream hash;
  Bytes chunk(256 * 1024);
  for (;;) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0) return false;
    if (got == 0) break;
    hash.update(ByteView(chunk).first(static_cast<std::size_t>(got)));
  }
  std::error_code ignored;
  if (hash.finish() != wanted.digest) {
    fs::remove(path, ignored);
    return false;
  }
  fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);
  return true;
}

// Takes what comes in if it is the artifact; the beginning of it stays for the next try, and what
// cannot become it is deleted.
ErrorOr<void> ArtifactStore::fetch(const ArtifactWanted& wanted, const std::string& endpoint,
                                   const std::function<bool()>& go_on) const {
  FetchPlan plan;
  plan.endpoint = endpoint;
  plan.target = "/.fog/artifacts/" + to_hex(wanted.digest);
  plan.file = path_of(wanted.digest).append(kPartSuffix);
  plan.bytes_max = wanted.bytes;
  TRY(const Fetched got, fetch_file(plan, go_on));
  if (got.bytes < wanted.bytes) {
    return fail(ErrorCode::kNetwork, "sent " + std::to_string(got.bytes) + " of " +
                                         std::to_string(wanted.bytes) + " bytes");
  }
  std::error_code failed;
  if (got.digest != wanted.digest) {
    fs::remove(plan.file, failed);
    return fail(ErrorCode::kProtocol, "sent something that does not hash to the digest");
  }
  const UniqueFd file(::open(plan.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) return fail_errno("cannot sync " + plan.file);
  fs::rename(plan.file, path_of(wanted.digest), failed);
  if (failed) return fail(ErrorCode::kIo, plan.file + ": " + failed.message());
  return {};
}

ErrorOr<std::string> ArtifactStore::obtain_file(const ArtifactWanted& wanted,
                                                const std::vector<std::string>& endpoints,
                                                const std::function<bool()>& go_on) const {
  if (wanted.bytes == 0 || wanted.bytes > market::kImageBytesMax) {
    return fail(ErrorCode::kInvalidInput,
                "an artifact of " + std::to_string(wanted.bytes) + " bytes is out of bounds");
  }
  if (has(wanted)) return path_of(wanted.digest);
  if (wanted.bytes > quota_bytes_) {
    return fail(ErrorCode::kExhausted,
                "the program has " + std::to_string(wanted.bytes >> 20) +
                    " MiB, more than this Host keeps of programs (cache.artifacts_mib)");
  }
  trim_folder(folder_, quota_bytes_ - wanted.bytes, [&](const std::string& name) {
    return name == to_hex(wanted.digest).append(kPartSuffix);
  });
  std::string reasons;
  for (const std::string& endpoint : endpoints) {
    // The second try is for bytes that another source had left there.
    for (int tries = 0; tries < 2; ++tries) {
      const auto fetched = fetch(wanted, endpoint, go_on);
      if (!go_on()) return fail(ErrorCode::kUnavailable, "given up");
      if (fetched) return path_of(wanted.digest);
      reasons += (reasons.empty() ? "" : "; ") + endpoint + ": " + fetched.error().context;
      if (fetched.error().code != ErrorCode::kProtocol) break;
    }
  }
  return fail(ErrorCode::kNetwork, "no gateway gives artifact " + to_hex(wanted.digest) + " (" +
                                       (reasons.empty() ? "there is none to ask" : reasons) + ")");
}

ErrorOr<Bytes> ArtifactStore::obtain(const ArtifactWanted& wanted,
                                     const std::vector<std::string>& endpoints,
                                     const std::function<bool()>& go_on) const {
  if (wanted.bytes > market::kArtifactBytesMax) {
    return fail(ErrorCode::kInvalidInput,
                "a program of " + std::to_string(wanted.bytes) + " bytes is out of bounds");
  }
  auto stored = load(wanted.digest);
  if (stored || stored.error().code != ErrorCode::kNotFound) return stored;
  TRY_VOID(obtain_file(wanted, endpoints, go_on));
  return load(wanted.digest);
}

void ArtifactStore::trim(const std::set<Hash32>& in_use) const {
  trim_folder(folder_, quota_bytes_, [&](const std::string& name) {
    const auto digest = fixed_from_hex<32>(std::string_view(name).substr(0, 64));
    return digest && in_use.contains(*digest);
  });
}

}  // namespace fog::executor
