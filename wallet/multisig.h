// Multisig: k of n keys act as one account (MultisigPolicy, chain/types/address.h). Each holder
// signs the same transaction body by itself; k of these shares make the transaction's
// authorization.
//
// All functions are without state, safe from any thread.
#pragma once

#include <vector>

#include "chain/types/transaction.h"
#include "wallet/signer.h"

namespace fog::wallet {

// The policy of `threshold` of these keys, in any order. kInvalidInput if a key is no point or
// comes twice, or not 1 <= threshold <= keys <= 16.
ErrorOr<MultisigPolicy> make_policy(std::uint8_t threshold, std::vector<PublicKey> keys);

// This signer's share of a body that the policy's account sends. kInvalidInput if the body's sender
// is another account or the signer is not one of the policy's keys.
ErrorOr<IndexedSignature> sign_share(const MultisigPolicy& policy, const TxBody& body,
                                     Signer& signer);

// The authorization out of shares in any order, repeated or more than enough: exactly `threshold`
// of them, ascending. kInvalidInput names a share that does not verify, or says how many are
// missing.
ErrorOr<MultiAuth> combine_shares(const MultisigPolicy& policy, const TxBody& body,
                                  const std::vector<IndexedSignature>& shares);

}  // namespace fog::wallet
