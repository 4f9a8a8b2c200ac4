// ImageStore: container images unpacked, by the digest of the archive that they came in.
//
//   artifact (OCI or docker archive) --skopeo--> OCI layout, digests checked
//                                    --umoci---> rootfs, owners shifted to the containers' own ids
//
// An unpacked image is shared by all containers of it, read-only. Safe from any thread; one image
// is unpacked by one thread at a time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

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

class ImageStore {
 public:
  // Images stand in `folder`/<hex>; what was not unpacked to its end is removed.
  static ErrorOr<std::unique_ptr<ImageStore>> open(ContainerTools tools, const std::string& folder,
                                                   std::uint64_t quota_bytes);

  // An unpacked image; it stays as long as somebody holds this.
  struct Image {
    std::string rootfs;
    std::string config;  // of the image, as umoci wrote it
  };
  // The image of this digest, unpacked from what `archive` gives if it is not here yet. Errors:
  // kRejected when the archive is no image that this computer can unpack, or unpacks to more than
  // bytes_max; kUnavailable when `go_on` says so; else what archive() or the disk said.
  ErrorOr<std::shared_ptr<const Image>> obtain(const Hash32& digest, std::uint64_t bytes_max,
                                               const std::function<ErrorOr<Bytes>()>& archive,
                                               const std::function<bool()>& go_on);
  const ContainerTools& tools() const { return tools_; }

 private:
  ImageStore(ContainerTools tools, std::string folder, std::uint64_t quota_bytes)
      : tools_(std::move(tools)), folder_(std::move(folder)), quota_bytes_(quota_bytes) {}
  // Into `place`/bundle; how many bytes of disk that takes.
  ErrorOr<std::uint64_t> unpack(const std::string& place, ByteView archive, std::uint64_t bytes_max,
                                const std::function<bool()>& go_on) const;
  ErrorOr<std::shared_ptr<const Image>> use(const Hash32& digest);
  void trim();

  const ContainerTools tools_;
  const std::string folder_;
  const std::uint64_t quota_bytes_;
  std::mutex unpacking_;
  std::mutex mutex_;  // guards used_
  std::map<std::string, std::weak_ptr<const Image>> used_;
};

}  // namespace fog::executor
