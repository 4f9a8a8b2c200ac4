// ArtifactStore: artifacts by digest on disk, fetched from gateways, verified while they come, kept
// below a quota.
//
// What is read or fetched always hashes to its digest: a source can waste time, never substitute
// content. A download that breaks off goes on where it stopped, from the same source or another.
// Safe from any thread; one digest is fetched by one thread at a time.
#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "chain/base/error.h"
#include "market/types/objects.h"

namespace fog::executor {

struct ArtifactWanted {
  Hash32 digest;            // SHA-256
  std::uint64_t bytes = 0;  // exact
};

class ArtifactStore {
 public:
  // Artifacts stand in `folder` as <hex>, unfinished ones as <hex>.part.
  static ErrorOr<ArtifactStore> open(const std::string& folder, std::uint64_t quota_bytes);

  // A program that fits into memory. kNotFound when it is not here; what does not hash to its name
  // is deleted and counts so.
  ErrorOr<Bytes> load(const Hash32& digest) const;
  // Loads, or fetches as obtain_file does.
  ErrorOr<Bytes> obtain(const ArtifactWanted& wanted, const std::vector<std::string>& endpoints,
                        const std::function<bool()>& go_on) const;
  // The path of a file that hashes to the digest: the one that is here, or fetched from the
  // endpoints in turn (GET ENDPOINT/.fog/artifacts/HEX) until one gives the right bytes; memory is
  // not needed for it. Others make room for it. `go_on` is asked between parts; false ends with
  // kUnavailable. kNetwork when no source had it: the sentence names each and why. kExhausted when
  // it is larger than the quota.
  ErrorOr<std::string> obtain_file(const ArtifactWanted& wanted,
                                   const std::vector<std::string>& endpoints,
                                   const std::function<bool()>& go_on) const;
  // Puts an artifact in, e.g. one made here.
  ErrorOr<void> put(ByteView content) const;

  // Deletes the least recently used until what is left fits the quota; never those in use.
  void trim(const std::set<Hash32>& in_use) const;
  std::string path_of(const Hash32& digest) const;

 private:
  ArtifactStore(std::string folder, std::uint64_t quota_bytes)
      : folder_(std::move(folder)), quota_bytes_(quota_bytes) {}
  bool has(const ArtifactWanted& wanted) const;
  ErrorOr<void> fetch(const ArtifactWanted& wanted, const std::string& endpoint,
                      const std::function<bool()>& go_on) const;

  std::string folder_;
  std::uint64_t quota_bytes_;
};

}  // namespace fog::executor
