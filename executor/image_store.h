// ImageStore: container images unpacked, by the digest of the archive that they came in.
//
//   artifact (OCI or docker archive), or registry --skopeo--> OCI layout, digests checked
//                                                 --umoci---> rootfs, owners shifted to the
//                                                             containers' own ids
//
// An unpacked image is shared by all containers of it, read-only. All images' layers stand in one
// layout, so that a layer which two images have, or which came before a pull was broken off, is
// fetched once; the layout is emptied when it grows beyond a part of the quota. One image is
// fetched and unpacked at a time, and on when nobody waits for it any more: a large one takes
// longer than the chain waits for a lease to be taken up, and the next lease finds it. Who waits
// for another image ends that. Safe from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "chain/base/bytes.h"
#include "chain/base/error.h"

namespace fog::executor {

// The programs that containers need on this computer.
struct ContainerTools {
  std::string runtime;  // crun, or runc
  std::string skopeo;
  std::string umoci;
  // kUnavailable says what is missing, and how to get it.
  static ErrorOr<ContainerTools> find();
};

// Which registries images may be pulled from. A registry on this computer itself, "localhost:5000",
// is asked by plain http, every other by https.
struct RegistryPolicy {
  std::vector<std::string> registries;  // by name, as in images' names
  std::uint64_t pull_ms_max = 1'800'000;
};

// Where an image comes from.
struct ImageSource {
  std::string image;  // "registry.example/name": pulled from there by the digest; empty: a file
  // Gives that file's path; called by a thread of the store's, maybe after obtain() has returned.
  std::function<ErrorOr<std::string>(const std::function<bool()>& go_on)> archive;
};

class ImageStore {
 public:
  // Images stand in `folder`/<hex>; what was not unpacked to its end is removed.
  static ErrorOr<std::unique_ptr<ImageStore>> open(ContainerTools tools, const std::string& folder,
                                                   std::uint64_t quota_bytes,
                                                   RegistryPolicy policy = {});

  // An unpacked image; it stays as long as somebody holds this.
  struct Image {
    std::string rootfs;
    std::string config;  // of the image, as umoci wrote it
  };
  // The image of this digest (of the archive, or of the manifest in the registry), unpacked if it
  // is not here yet. Errors: kRejected when it is no image that this computer can unpack, is or
  // unpacks to more than bytes_max, or its registry is not one that the policy names; kUnavailable
  // when `go_on` says so (asked every 50 ms); else what archive(), the registry or the disk said.
  ErrorOr<std::shared_ptr<const Image>> obtain(const Hash32& digest, std::uint64_t bytes_max,
                                               const ImageSource& source,
                                               const std::function<bool()>& go_on);
  // Ends what is under way.
  ~ImageStore();
  const ContainerTools& tools() const { return tools_; }

 private:
  ImageStore(ContainerTools tools, std::string folder, std::uint64_t quota_bytes,
             RegistryPolicy policy)
      : tools_(std::move(tools)),
        folder_(std::move(folder)),
        quota_bytes_(quota_bytes),
        policy_(std::move(policy)) {}
  struct Unpacking;
  struct Job;
  void start(const Hash32& digest, std::uint64_t bytes_max, const ImageSource& source);
  ErrorOr<void> fetch(Job& job, const ImageSource& source, std::uint64_t bytes_max);
  // Into the layout, under the digest's name.
  ErrorOr<void> copy_archive(const Unpacking& to, const std::string& archive) const;
  ErrorOr<void> pull(const Unpacking& to, const std::string& image) const;
  // From there into to.place/bundle; how many bytes of disk that takes.
  ErrorOr<std::uint64_t> unpack(const Unpacking& to) const;
  ErrorOr<std::uint64_t> bring(const Unpacking& to, const ImageSource& source) const;
  std::string layout() const { return folder_ + "/layout"; }
  ErrorOr<std::shared_ptr<const Image>> use(const Hash32& digest);
  void trim();

  const ContainerTools tools_;
  const std::string folder_;
  const std::uint64_t quota_bytes_;
  const RegistryPolicy policy_;
  std::mutex jobs_mutex_;  // guards job_
  std::condition_variable job_changed_;
  std::shared_ptr<Job> job_;  // the one under way, or the last
  std::mutex mutex_;          // guards used_
  std::map<std::string, std::weak_ptr<const Image>> used_;
};

}  // namespace fog::executor
