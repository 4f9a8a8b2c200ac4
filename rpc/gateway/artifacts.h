// ArtifactFolder: service programs by digest, on disk, as Publishers upload them and Hosts fetch
// them.
//
// A file stands under its SHA-256 only once all its bytes are there, verified and synced. Together
// they stay below a quota: what was asked for longest ago makes room. Safe from any thread: uploads
// of one digest may race, all end with the same bytes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "chain/base/error.h"
#include "chain/crypto/hash.h"

namespace fog::gateway {

class ArtifactFolder {
 public:
  // An upload under way. Dropping it unfinished leaves nothing behind.
  class Upload {
   public:
    ~Upload();
    Upload(const Upload&) = delete;
    Upload& operator=(const Upload&) = delete;
    // kExhausted beyond the announced size.
    ErrorOr<void> write(ByteView part);
    // kInvalidInput when size or digest differ from what was announced.
    ErrorOr<void> finish();

   private:
    friend class ArtifactFolder;
    Upload() = default;
    std::string temporary_;
    std::string path_;
    int fd_ = -1;
    Hash32 digest_{};
    std::uint64_t bytes_ = 0;
    std::uint64_t written_ = 0;
    Sha256Stream hash_;
  };

  // Creates the folder if needed and removes what an interrupted upload left.
  static ErrorOr<std::unique_ptr<ArtifactFolder>> open(const std::string& folder,
                                                       std::uint64_t quota_bytes = ~std::uint64_t{
                                                           0});

  // Path of the artifact's file; nothing when it is not here.
  std::optional<std::string> find(const Hash32& digest) const;
  // Room is made first; kExhausted when the quota is too small for it.
  ErrorOr<std::unique_ptr<Upload>> begin(const Hash32& digest, std::uint64_t bytes);

 private:
  ArtifactFolder(std::string folder, std::uint64_t quota_bytes)
      : folder_(std::move(folder)), quota_bytes_(quota_bytes) {}
  void make_room(std::uint64_t bytes) const;

  const std::string folder_;
  const std::uint64_t quota_bytes_;
};

}  // namespace fog::gateway
