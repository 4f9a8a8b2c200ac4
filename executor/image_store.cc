#include "executor/image_store.h"

#include <algorithm>
#include <filesystem>
#include <unistd.h>
#include <vector>

#include <sys/stat.h>

#include "chain/base/file.h"
#include "executor/container_config.h"
#include "executor/folder_quota.h"
#include "executor/program.h"
#include "executor/say.h"
#include "market/types/image_archive.h"

namespace fog::executor {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kUnpackMs = 300'000;
constexpr std::uint64_t kEntriesMax = 400'000;
constexpr std::size_t kConfigBytesMax = 1 << 20;
constexpr const char* kConfigName = "config.json";
constexpr const char* kSizeName = "size";

struct TreeSize {
  std::uint64_t bytes = 0;  // of disk
  std::uint64_t entries = 0;
};

// As far as it can be read while others write to it.
TreeSize measure(const std::string& folder) {
  TreeSize out;
  std::error_code failed;
  for (fs::recursive_directory_iterator it(folder, failed), end; !failed && it != end;
       it.increment(failed)) {
    struct stat about {};
    if (::lstat(it->path().c_str(), &about) != 0) continue;
    out.bytes += static_cast<std::uint64_t>(about.st_blocks) * 512;
    ++out.entries;
  }
  return out;
}

void remove_tree(const std::string& folder) {
  std::error_code failed;
  fs::remove_all(folder, failed);
  if (failed) say("cannot remove " + folder + ": " + failed.message());
}

}  // namespace

ErrorOr<ContainerTools> ContainerTools::find() {
  ContainerTools out;
  out.runtime = find_program("crun");
  if (out.runtime.empty()) out.runtime = find_program("runc");
  out.skopeo = find_program("skopeo");
  out.umoci = find_program("umoci");
  std::string missing;
  const auto want = [&](const std::string& found, const char* package) {
    if (found.empty()) missing += (missing.empty() ? "" : " ") + std::string(package);
  };
  want(out.runtime, "crun");
  want(out.skopeo, "skopeo");
  want(out.umoci, "umoci");
  if (!missing.empty())
    return fail(ErrorCode::kUnavailable, "install what is missing: apt-get install " + missing);
  if (::geteuid() != 0) {
    return fail(ErrorCode::kUnavailable,
                "containers need foghost to run as root, which gives each a range of users of its "
                "own; WebAssembly does not");
  }
  return out;
}

ErrorOr<std::unique_ptr<ImageStore>> ImageStore::open(ContainerTools tools,
                                                      const std::string& folder,
                                                      std::uint64_t quota_bytes) {
  TRY_VOID(make_folder(folder));
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    if (entry.path().filename().string().ends_with(".part")) remove_tree(entry.path().string());
  }
  return std::unique_ptr<ImageStore>(new ImageStore(std::move(tools), folder, quota_bytes));
}

ErrorOr<std::shared_ptr<const ImageStore::Image>> ImageStore::use(const Hash32& digest) {
  const std::string name = to_hex(digest);
  const std::string place = folder_ + "/" + name;
  const std::lock_guard lock(mutex_);
  if (auto used = used_[name].lock()) return used;
  TRY(const Bytes config, read_file(place + "/" + kConfigName, kConfigBytesMax));
  auto image =
      std::make_shared<const Image>(Image{place + "/rootfs", std::string(as_text(config))});
  used_[name] = image;
  // The least recently used go first.
  std::error_code ignored;
  fs::last_write_time(place, fs::file_time_type::clock::now(), ignored);
  return image;
}

ErrorOr<std::shared_ptr<const ImageStore::Image>> ImageStore::obtain(
    const Hash32& digest, std::uint64_t bytes_max, const std::function<ErrorOr<Bytes>()>& archive,
    const std::function<bool()>& go_on) {
  const std::lock_guard lock(unpacking_);
  auto image = use(digest);
  if (image || image.error().code != ErrorCode::kNotFound) return image;
  TRY(const Bytes content, archive());
  const std::string place = folder_ + "/" + to_hex(digest);
  const std::string part = place + ".part";
  remove_tree(part);
  TRY_VOID(make_folder(part));
  const auto unpacked = unpack(part, content, bytes_max, go_on);
  if (!unpacked) {
    remove_tree(part);
    return Fail{unpacked.error()};
  }
  const std::string from = part + "/bundle";
  TRY_VOID(write_file_atomically(from + "/" + kSizeName, as_bytes(std::to_string(*unpacked)),
                                 FileMode::kPrivate));
  std::error_code failed;
  fs::rename(from, place, failed);
  remove_tree(part);
  if (failed) return fail(ErrorCode::kIo, place + ": " + failed.message());
  image = use(digest);
  trim();
  return image;
}

ErrorOr<std::uint64_t> ImageStore::unpack(const std::string& place, ByteView archive,
                                          std::uint64_t bytes_max,
                                          const std::function<bool()>& go_on) const {
  const auto kind = market::image_archive_kind(archive);
  if (!kind) {
    return fail(ErrorCode::kRejected,
                "the artifact is no image archive, as `skopeo copy ... oci-archive:FILE` or "
                "`docker save` write it");
  }
  const std::string file = place + "/archive.tar";
  TRY_VOID(write_file_atomically(file, archive, FileMode::kPrivate));
  bool too_large = false;
  TreeSize size;
  // Compressed layers can grow without end: what they become is looked at while they do.
  const auto watch = [&] {
    size = measure(place + "/bundle");
    too_large = size.bytes > bytes_max || size.entries > kEntriesMax;
    return !too_large && go_on();
  };
  const ProgramLimits limits{kUnpackMs, std::max<std::uint64_t>(bytes_max, archive.size())};
  const auto run = [&](const std::vector<std::string>& argv) -> ErrorOr<void> {
    auto done = run_program(argv, place, limits, watch);
    // As EFBIG reads, of one file beyond the limit.
    const bool one_large =
        !done && done.error().context.find("file too large") != std::string::npos;
    if (too_large || one_large || (done && !watch() && too_large)) {
      return fail(ErrorCode::kRejected,
                  "the image unpacks to more than the " + std::to_string(bytes_max >> 20) +
                      " MiB of storage that the Bid reserves, or to more than " +
                      std::to_string(kEntriesMax) + " files");
    }
    if (done || done.error().code != ErrorCode::kIo) return done;
    return fail(ErrorCode::kRejected, "the image cannot be unpacked: " + done.error().context);
  };
  const std::string layout = place + "/layout";
  TRY_VOID(
      run({tools_.skopeo, "--insecure-policy", "--override-os", "linux", "--override-arch", "amd64",
           "copy", "--quiet", std::string(*kind) + ":" + file, "oci:" + layout + ":image"}));
  ::unlink(file.c_str());
  const std::string map =
      "0:" + std::to_string(kContainerIdFirst) + ":" + std::to_string(kContainerIds);
  TRY_VOID(run({tools_.umoci, "unpack", "--uid-map", map, "--gid-map", map, "--image",
                layout + ":image", place + "/bundle"}));
  if (!go_on()) return fail(ErrorCode::kUnavailable, "given up");
  return size.bytes;
}

void ImageStore::trim() {
  std::vector<CachedItem> unused;
  std::uint64_t sum = 0;
  std::error_code failed;
  const std::lock_guard lock(mutex_);
  for (const auto& entry : fs::directory_iterator(folder_, failed)) {
    const std::string place = entry.path().string();
    const auto text = read_file(place + "/" + kSizeName, 32);
    const std::uint64_t bytes =
        text ? std::strtoull(std::string(as_text(*text)).c_str(), nullptr, 10) : 0;
    sum += bytes;
    if (used_[entry.path().filename().string()].expired())
      unused.push_back({entry.path(), entry.last_write_time(failed), bytes});
  }
  trim_items(std::move(unused), sum, quota_bytes_);
}

}  // namespace fog::executor
