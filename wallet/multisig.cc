#include "wallet/multisig.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace fog::wallet {
namespace {

ErrorOr<void> check_sender(const MultisigPolicy& policy, const TxBody& body) {
  if (address_of(policy) == body.sender) return {};
  return fail(ErrorCode::kInvalidInput,
              fmt::format("the transaction is sent by {}, but this policy is the account {}",
                          to_text(body.sender), to_text(address_of(policy))));
}

}  // namespace

ErrorOr<MultisigPolicy> make_policy(std::uint8_t threshold, std::vector<PublicKey> keys) {
  if (keys.empty() || keys.size() > kMultisigKeysMax) {
    return fail(ErrorCode::kInvalidInput, fmt::format("a multisig account has 1 to {} keys, not {}",
                                                      kMultisigKeysMax, keys.size()));
  }
  if (threshold < 1 || threshold > keys.size()) {
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("of {0} keys, 1 to {0} can be required, not {1}", keys.size(), threshold));
  }
  for (const PublicKey& key : keys) {
    if (!is_valid(key)) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{} is not a compressed public key", to_hex(key)));
    }
  }
  std::sort(keys.begin(), keys.end());
  const auto twin = std::adjacent_find(keys.begin(), keys.end());
  if (twin != keys.end()) {
    return fail(ErrorCode::kInvalidInput, fmt::format("the key {} comes twice", to_hex(*twin)));
  }
  MultisigPolicy policy;
  policy.threshold = threshold;
  policy.keys.assign(keys.begin(), keys.end());
  return policy;
}

ErrorOr<IndexedSignature> sign_share(const MultisigPolicy& policy, const TxBody& body,
                                     Signer& signer) {
  TRY_VOID(check_sender(policy, body));
  const PublicKey key = signer.public_key();
  const auto place = std::find(policy.keys.begin(), policy.keys.end(), key);
  if (place == policy.keys.end()) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the key {} is not one of the multisig account's", to_hex(key)));
  }
  TRY(const EcdsaSig signature, signer.sign(tx_id(body)));
  return IndexedSignature{static_cast<std::uint8_t>(place - policy.keys.begin()), signature};
}

ErrorOr<MultiAuth> combine_shares(const MultisigPolicy& policy, const TxBody& body,
                                  const std::vector<IndexedSignature>& shares) {
  TRY_VOID(check_sender(policy, body));
  const TxId digest = tx_id(body);
  std::map<std::uint8_t, EcdsaSig> by_index;
  for (const IndexedSignature& share : shares) {
    if (share.index >= policy.keys.size() ||
        !verify_ecdsa(policy.keys[share.index], digest, share.signature)) {
      return fail(
          ErrorCode::kInvalidInput,
          fmt::format("the signature for key number {} does not belong to this transaction; "
                      "was the transaction changed after it was signed?",
                      share.index));
    }
    by_index.emplace(share.index, share.signature);
  }
  if (by_index.size() < policy.threshold) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} of {} required signatures are here; {} more key holders must sign",
                            by_index.size(), policy.threshold, policy.threshold - by_index.size()));
  }
  MultiAuth auth;
  auth.policy = policy;
  for (const auto& [index, signature] : by_index) {
    if (auth.signatures.size() < policy.threshold) auth.signatures.push_back({index, signature});
  }
  return auth;
}

}  // namespace fog::wallet
