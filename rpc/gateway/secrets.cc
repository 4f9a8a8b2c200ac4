#include "rpc/gateway/secrets.h"

#include <algorithm>
#include <filesystem>

#include "chain/base/file.h"
#include "chain/crypto/aead.h"

namespace fog::gateway {
namespace {

using market::SignedSecretUpdate;

// Those taken away stay, so that an old update cannot bring them back; these are the oldest to go.
constexpr std::size_t kUpdatesMax = 4 * market::kSecretsMax;
constexpr std::size_t kFileBytesMax = 1 << 20;

using StoredUpdates = BoundedList<SignedSecretUpdate, kUpdatesMax>;

Fail<Error> refuse(const std::string& why) {
  return fail(ErrorCode::kRejected, why);
}

ErrorOr<void> fits(const std::vector<SignedSecretUpdate>& updates) {
  std::size_t set = 0;
  std::size_t bytes = 0;
  for (const SignedSecretUpdate& each : updates) {
    if (each.update.sealed.empty()) continue;
    ++set;
    bytes += each.update.sealed.size() - kSealedBoxOverhead;
  }
  if (set > market::kSecretsMax) return refuse("a service has at most 32 secrets");
  if (bytes > market::kSecretsBytesMax)
    return refuse("the values of a service's secrets are at most 64 KiB together");
  return {};
}

}  // namespace

ErrorOr<std::unique_ptr<SecretFolder>> SecretFolder::open(const std::string& folder,
                                                          const SecretKey& gateway_key) {
  TRY_VOID(make_folder(folder));
  std::unique_ptr<SecretFolder> out(new SecretFolder(folder, gateway_key));
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    const std::string name = entry.path().filename().string();
    if (!market::is_service_name(name)) continue;  // a write that was broken off
    TRY(const Bytes bytes, read_file(entry.path().string(), kFileBytesMax));
    const auto updates = bcs_decode<StoredUpdates>(bytes);
    if (!updates) {
      return fail(ErrorCode::kCorrupt, entry.path().string() +
                                           " is damaged: move it away; the service's owner can set "
                                           "its secrets again");
    }
    out->services_[name].assign(updates->begin(), updates->end());
  }
  if (failed) return fail(ErrorCode::kIo, "cannot list " + folder + ": " + failed.message());
  return out;
}

ErrorOr<void> SecretFolder::take(const SignedSecretUpdate& update, const ChainId& chain,
                                 const Address& owner) {
  const market::SecretUpdate& what = update.update;
  if (what.chain_id != chain) return refuse("the secret is for another chain");
  if (what.gateway != address_) return refuse("the secret is for another gateway");
  if (!market::is_service_name(what.service) || !market::is_secret_name(what.name))
    return refuse("the name cannot be a secret's");
  if (address_of(update.signer) != owner || !market::verify_secret(update)) {
    return fail(ErrorCode::kPermission,
                "the service belongs to " + to_text(owner) + ", who has not signed this");
  }
  if (!what.sealed.empty()) {
    auto value = market::open_secret(what, key_);
    const bool good = value && market::is_secret_value(as_text(*value));
    if (value) secure_wipe(value->data(), value->size());
    if (!good) return refuse("the secret does not open with this gateway's key");
  }
  const std::lock_guard lock(mutex_);
  if (services_.size() >= kSecretServicesMax && !services_.contains(what.service))
    return fail(ErrorCode::kExhausted, "this gateway keeps no more services' secrets");
  Updates updates = services_[what.service];
  // Of a former owner.
  std::erase_if(updates, [&](const auto& each) { return address_of(each.signer) != owner; });
  const auto same = std::find_if(updates.begin(), updates.end(),
                                 [&](const auto& each) { return each.update.name == what.name; });
  if (same != updates.end()) {
    if (same->update.time_ms >= what.time_ms)
      return refuse("a later value is here already; is this computer's clock right?");
    updates.erase(same);
  }
  updates.push_back(update);
  TRY_VOID(fits(updates));
  if (updates.size() > kUpdatesMax) {
    const auto oldest = std::find_if(updates.begin(), updates.end(),
                                     [](const auto& each) { return each.update.sealed.empty(); });
    if (oldest != updates.end()) updates.erase(oldest);
  }
  const StoredUpdates stored(updates.begin(), updates.end());
  TRY_VOID(write_file_atomically(path_of(what.service), bcs_encode(stored), FileMode::kPrivate));
  services_[what.service] = std::move(updates);
  return {};
}

market::SecretValues SecretFolder::values(const std::string& service, const Address& owner) const {
  market::SecretValues out;
  const std::lock_guard lock(mutex_);
  const auto found = services_.find(service);
  if (found == services_.end()) return out;
  for (const SignedSecretUpdate& each : found->second) {
    if (each.update.sealed.empty() || address_of(each.signer) != owner) continue;
    auto value = market::open_secret(each.update, key_);
    if (!value) continue;
    out[each.update.name] = BoundedText<market::kSecretBytesMax>(as_text(*value));
    secure_wipe(value->data(), value->size());
  }
  return out;
}

std::vector<std::pair<std::string, std::uint64_t>> SecretFolder::names(
    const std::string& service) const {
  std::vector<std::pair<std::string, std::uint64_t>> out;
  const std::lock_guard lock(mutex_);
  const auto found = services_.find(service);
  if (found == services_.end()) return out;
  for (const SignedSecretUpdate& each : found->second) {
    if (!each.update.sealed.empty()) out.emplace_back(each.update.name, each.update.time_ms);
  }
  return out;
}

}  // namespace fog::gateway
