#include "executor/image_store.h"

#include <algorithm>
#include <filesystem>
#include <unistd.h>
#include <vector>

#include <sys/stat.h>

#include "chain/base/file.h"
#include "chain/base/mapped_file.h"
#include "executor/container_config.h"
#include "executor/folder_quota.h"
#include "executor/program.h"
#include "executor/say.h"
#include "market/types/image_archive.h"

namespace fog::executor {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kUnpackMs = 300'000;
constexpr std::chrono::milliseconds kAskEvery{50};
constexpr std::uint64_t kEntriesMax = 400'000;
constexpr std::size_t kConfigBytesMax = 1 << 20;
// Layers that were fetched take at most this part of what images may take.
constexpr std::uint64_t kLayoutPart = 4;
constexpr const char* kConfigName = "config.json";
constexpr const char* kSizeName = "size";
constexpr std::string_view kPartSuffix = ".part";

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
                                                      std::uint64_t quota_bytes,
                                                      RegistryPolicy policy) {
  TRY_VOID(make_folder(folder));
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    if (entry.path().filename().string().ends_with(kPartSuffix)) remove_tree(entry.path().string());
  }
  return std::unique_ptr<ImageStore>(
      new ImageStore(std::move(tools), folder, quota_bytes, std::move(policy)));
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

// One image on its way in.
struct ImageStore::Unpacking {
  std::string name;   // of the digest, in hex
  std::string place;  // a folder of its own
  std::uint64_t bytes_max = 0;
  const std::function<bool()>& go_on;
};

namespace {

// Runs a program that writes into `watched`, which may grow by so much and no more.
ErrorOr<TreeSize> run_bounded(const std::vector<std::string>& argv, const std::string& temp_folder,
                              const std::string& watched, std::uint64_t bytes_max,
                              std::uint64_t timeout_ms, const std::function<bool()>& go_on) {
  const TreeSize before = measure(watched);
  TreeSize now = before;
  bool too_large = false;
  // Compressed layers can grow without end: what they become is looked at while they do.
  const auto watch = [&] {
    now = measure(watched);
    too_large = now.bytes > before.bytes + bytes_max || now.entries > before.entries + kEntriesMax;
    return !too_large && go_on();
  };
  const ProgramLimits limits{timeout_ms, bytes_max};
  const auto done = run_program(argv, temp_folder, limits, watch);
  // As EFBIG reads, of one file beyond the limit.
  const bool one_large = !done && done.error().context.find("file too large") != std::string::npos;
  if (too_large || one_large || (done && !watch() && too_large)) {
    return fail(ErrorCode::kRejected,
                "the image unpacks to more than the " + std::to_string(bytes_max >> 20) +
                    " MiB of storage that the Bid reserves, or to more than " +
                    std::to_string(kEntriesMax) + " files");
  }
  if (!done) return Fail{done.error()};
  if (!go_on()) return fail(ErrorCode::kUnavailable, "given up");
  return TreeSize{now.bytes - std::min(before.bytes, now.bytes), now.entries};
}

// The first blocks of a file are what says which kind of archive it is.
ErrorOr<std::string> archive_kind(const std::string& path) {
  TRY(const MappedFile file, MappedFile::open(path));
  const auto kind = market::image_archive_kind(file.bytes());
  if (kind) return std::string(*kind);
  return fail(ErrorCode::kRejected,
              "the artifact is no image archive, as `skopeo copy ... oci-archive:FILE` or "
              "`docker save` write it");
}

bool is_loopback(std::string_view registry) {
  const std::string_view host = registry.substr(0, registry.find(':'));
  return host == "localhost" || host.starts_with("127.");
}

// An image that cannot be used is nobody's fault but the image's.
Error rejected(const Error& error, const char* doing) {
  if (error.code != ErrorCode::kIo) return error;
  return {ErrorCode::kRejected, std::string(doing) + error.context};
}

}  // namespace

ErrorOr<void> ImageStore::copy_archive(const Unpacking& to, const std::string& archive) const {
  TRY(const std::string kind, archive_kind(archive));
  // A name that the tool does not take apart, whatever the Host's folder is called.
  const std::string link = to.place + "/archive.tar";
  std::error_code failed;
  fs::create_symlink(fs::absolute(archive), link, failed);
  if (failed) return fail(ErrorCode::kIo, link + ": " + failed.message());
  const std::uint64_t size = fs::file_size(archive, failed);
  const auto done = run_bounded(
      {tools_.skopeo, "--insecure-policy", "--override-os", "linux", "--override-arch", "amd64",
       "copy", "--quiet", kind + ":" + link, "oci:" + layout() + ":" + to.name},
      to.place, layout(), std::max(to.bytes_max, 2 * size), kUnpackMs, to.go_on);
  if (!done) return Fail{rejected(done.error(), "the image cannot be unpacked: ")};
  return {};
}

ErrorOr<void> ImageStore::pull(const Unpacking& to, const std::string& image) const {
  const std::string registry = image.substr(0, image.find('/'));
  const auto& allowed = policy_.registries;
  if (std::find(allowed.begin(), allowed.end(), registry) == allowed.end()) {
    return fail(ErrorCode::kRejected, "this Host pulls no images from " + registry +
                                          " (`registries` in its configuration)");
  }
  std::vector<std::string> argv = {tools_.skopeo,
                                   "--insecure-policy",
                                   "--override-os",
                                   "linux",
                                   "--override-arch",
                                   "amd64",
                                   "copy",
                                   "--quiet"};
  if (is_loopback(registry)) argv.emplace_back("--src-tls-verify=false");
  argv.push_back("docker://" + image + "@sha256:" + to.name);
  argv.push_back("oci:" + layout() + ":" + to.name);
  const auto done =
      run_bounded(argv, to.place, layout(), to.bytes_max, policy_.pull_ms_max, to.go_on);
  if (done) return {};
  // A registry may answer the next time.
  if (done.error().code == ErrorCode::kIo)
    return fail(ErrorCode::kNetwork, "the image cannot be pulled: " + done.error().context);
  return Fail{done.error()};
}

ErrorOr<std::uint64_t> ImageStore::unpack(const Unpacking& to) const {
  const std::string map =
      "0:" + std::to_string(kContainerIdFirst) + ":" + std::to_string(kContainerIds);
  const auto size = run_bounded({tools_.umoci, "unpack", "--uid-map", map, "--gid-map", map,
                                 "--image", layout() + ":" + to.name, to.place + "/bundle"},
                                to.place, to.place + "/bundle", to.bytes_max, kUnpackMs, to.go_on);
  if (!size) return Fail{rejected(size.error(), "the image cannot be unpacked: ")};
  return size->bytes;
}

ErrorOr<std::uint64_t> ImageStore::bring(const Unpacking& to, const ImageSource& source) const {
  // What broken-off writes have left.
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(layout(), failed)) {
    if (entry.path().filename().string().starts_with("oci-put-blob"))
      fs::remove(entry.path(), failed);
  }
  if (source.image.empty()) {
    TRY(const std::string archive, source.archive(to.go_on));
    TRY_VOID(copy_archive(to, archive));
  } else {
    TRY_VOID(pull(to, source.image));
  }
  return unpack(to);
}

// ---- jobs ----

struct ImageStore::Job {
  Hash32 digest;
  std::atomic<bool> cancelled = false;
  int waiting = 0;
  std::optional<ErrorOr<void>> end;
  std::thread thread;
};

ErrorOr<void> ImageStore::fetch(Job& job, const ImageSource& source, std::uint64_t bytes_max) {
  const std::function<bool()> go_on = [&job] { return !job.cancelled; };
  const Unpacking to{to_hex(job.digest), folder_ + "/" + to_hex(job.digest).append(kPartSuffix),
                     bytes_max, go_on};
  remove_tree(to.place);
  TRY_VOID(make_folder(to.place));
  const auto unpacked = bring(to, source);
  // What was fetched of an image is of use when it is asked for again, and others' layers too.
  if (measure(layout()).bytes > quota_bytes_ / kLayoutPart) remove_tree(layout());
  if (!unpacked) {
    remove_tree(to.place);
    return Fail{unpacked.error()};
  }
  const std::string from = to.place + "/bundle";
  TRY_VOID(write_file_atomically(from + "/" + kSizeName, as_bytes(std::to_string(*unpacked)),
                                 FileMode::kPrivate));
  std::error_code failed;
  fs::rename(from, folder_ + "/" + to.name, failed);
  remove_tree(to.place);
  if (failed) return fail(ErrorCode::kIo, to.place + ": " + failed.message());
  return {};
}

// With jobs_mutex_ held; there is none under way.
void ImageStore::start(const Hash32& digest, std::uint64_t bytes_max, const ImageSource& source) {
  if (job_ && job_->thread.joinable()) job_->thread.join();
  job_ = std::make_shared<Job>();
  job_->digest = digest;
  job_->thread = std::thread([this, job = job_.get(), bytes_max, source] {
    auto end = fetch(*job, source, bytes_max);
    const std::lock_guard lock(jobs_mutex_);
    job->end = std::move(end);
    job_changed_.notify_all();
  });
}

ImageStore::~ImageStore() {
  std::unique_lock lock(jobs_mutex_);
  if (!job_) return;
  job_->cancelled = true;
  lock.unlock();
  if (job_->thread.joinable()) job_->thread.join();
}

ErrorOr<std::shared_ptr<const ImageStore::Image>> ImageStore::obtain(
    const Hash32& digest, std::uint64_t bytes_max, const ImageSource& source,
    const std::function<bool()>& go_on) {
  std::unique_lock lock(jobs_mutex_);
  for (;;) {
    auto image = use(digest);
    if (image || image.error().code != ErrorCode::kNotFound) {
      trim();
      return image;
    }
    if (!go_on()) return fail(ErrorCode::kUnavailable, "given up");
    if (job_ && !job_->end && job_->digest != digest) {
      if (job_->waiting == 0) job_->cancelled = true;
      job_changed_.wait_for(lock, kAskEvery);
      continue;
    }
    if (!job_ || job_->end) start(digest, bytes_max, source);
    const std::shared_ptr<Job> job = job_;
    ++job->waiting;
    while (!job->end && go_on()) job_changed_.wait_for(lock, kAskEvery);
    --job->waiting;
    if (job->end && !*job->end) return Fail{job->end->error()};
  }
}

void ImageStore::trim() {
  std::vector<CachedItem> unused;
  std::uint64_t sum = 0;
  std::error_code failed;
  const std::lock_guard lock(mutex_);
  for (const auto& entry : fs::directory_iterator(folder_, failed)) {
    const std::string place = entry.path().string();
    // The second is on its way in.
    if (place == layout() || place.ends_with(kPartSuffix)) continue;
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
