// CodeCache: compiled code by artifact and runtime profile, on disk.
//
// Compiled code becomes machine code of a worker, so what is read back must be what this Host
// wrote: each file starts with HMAC-SHA256 under the Host's key over digest, profile and code, and
// a file that does not fit is deleted and counts as missing. Safe from any thread.
#pragma once

#include <set>
#include <string>

#include "chain/base/error.h"
#include "chain/crypto/hash.h"
#include "market/types/objects.h"

namespace fog::executor {

class CodeCache {
 public:
  // `key` is the Host's own and secret.
  static ErrorOr<CodeCache> open(const std::string& folder, const Hash32& key,
                                 std::uint64_t quota_bytes);
  // kNotFound when there is none.
  ErrorOr<Bytes> load(const Hash32& artifact, const market::RuntimeProfile& profile) const;
  ErrorOr<void> store(const Hash32& artifact, const market::RuntimeProfile& profile,
                      ByteView code) const;
  void trim(const std::set<Hash32>& artifacts_in_use) const;

 private:
  CodeCache(std::string folder, const Hash32& key, std::uint64_t quota_bytes)
      : folder_(std::move(folder)), key_(key), quota_bytes_(quota_bytes) {}
  std::string path_of(const Hash32& artifact, const market::RuntimeProfile& profile) const;
  Hash32 mac_of(const Hash32& artifact, const market::RuntimeProfile& profile, ByteView code) const;

  std::string folder_;
  Hash32 key_;
  std::uint64_t quota_bytes_;
};

}  // namespace fog::executor
