#include "consensus/engine/local_signer.h"

namespace fog {

ErrorOr<void> create_signer_files(Env& env, const std::string& directory, const ChainId& chain_id,
                                  const ValidatorKey& key) {
  const std::string key_path = directory + "/" + kKeyName;
  const std::string votes_path = directory + "/" + kVotesName;
  TRY(const bool has_key, env.exists(key_path));
  if (!has_key) {
    TRY_VOID(key.write(env, key_path));
  } else {
    TRY(const ValidatorKey there, ValidatorKey::read(env, key_path));
    if (there.secret.bytes() != key.secret.bytes())
      return fail(ErrorCode::kAlreadyExists, key_path + " holds another key");
  }
  TRY(const bool has_votes, env.exists(votes_path));
  if (!has_votes) return VoteGuard::create(env, votes_path, chain_id, key.secret.x_only_key());
  TRY(const VoteGuard guard, VoteGuard::open(env, votes_path, chain_id, key.secret));
  if (guard.record().number != 0)
    return fail(ErrorCode::kAlreadyExists, votes_path + " says that this key has voted already");
  return {};
}

LocalSigner::LocalSigner(const ValidatorKey& key, VoteGuard guard,
                         std::shared_ptr<const BeaconChain> first)
    : guard_(std::move(guard)), revealer_(key.beacon_secret, std::move(first)) {
  revealer_.warm_up();
}

ErrorOr<std::unique_ptr<LocalSigner>> LocalSigner::open(Env& env, const std::string& directory,
                                                        const ChainId& chain_id) {
  TRY(const ValidatorKey key, ValidatorKey::read(env, directory + "/" + kKeyName));
  TRY(VoteGuard guard, VoteGuard::open(env, directory + "/" + kVotesName, chain_id, key.secret));
  return std::make_unique<LocalSigner>(key, std::move(guard));
}

ErrorOr<BeaconReveal> LocalSigner::reveal(const ValidatorRecord& record) {
  const auto reveal = revealer_.reveal(record);
  if (!reveal) {
    return fail(ErrorCode::kInvalidInput,
                "the beacon secret in the validator key does not fit the commitment that the chain "
                "has: no block with content can be proposed with this key");
  }
  return *reveal;
}

}  // namespace fog
