// SecretFolder: the secrets that Services' owners have handed this gateway, on disk as they came:
// boxes that the gateway's key opens (market/types/secret.h). Values are in memory only while a
// Host is being answered.
//
// Safe from any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "chain/base/error.h"
#include "market/types/secret.h"

namespace fog::gateway {

// Services whose secrets one gateway keeps.
constexpr std::size_t kSecretServicesMax = 100'000;

class SecretFolder {
 public:
  // Reads what is there; a damaged file is kCorrupt and named.
  static ErrorOr<std::unique_ptr<SecretFolder>> open(const std::string& folder,
                                                     const SecretKey& gateway_key);

  // Takes one that `owner`, who the chain says owns the Service, has signed for this gateway, and
  // syncs it. kPermission for another signer, kRejected (with why) for what is not for this gateway
  // or chain, is older than what is here, does not open, or is one too many.
  ErrorOr<void> take(const market::SignedSecretUpdate& update, const ChainId& chain,
                     const Address& owner);
  // What `owner` has set for the Service. A former owner's do not count.
  market::SecretValues values(const std::string& service, const Address& owner) const;
  // Names and when each was set.
  std::vector<std::pair<std::string, std::uint64_t>> names(const std::string& service) const;

 private:
  using Updates = std::vector<market::SignedSecretUpdate>;
  SecretFolder(std::string folder, const SecretKey& key)
      : folder_(std::move(folder)), key_(key), address_(address_of(key_.public_key())) {}
  std::string path_of(const std::string& service) const { return folder_ + "/" + service; }

  const std::string folder_;
  const SecretKey key_;
  const Address address_;
  mutable std::mutex mutex_;
  std::map<std::string, Updates> services_;
};

}  // namespace fog::gateway
