#include "chain/types/vote.h"

#include "chain/crypto/hash.h"

namespace fog {

Hash32 vote_digest(const ChainId& chain, const Vote& vote) {
  return tagged_hash("fog/vote", {chain, bcs_encode(vote)});
}

Hash32 validators_hash(const ValidatorSet& set) {
  return tagged_hash("fog/validators", bcs_encode(set));
}

bool verify_certificate(const ChainId& chain, const ValidatorSet& set,
                        const Certificate& certificate) {
  u128 total = 0;
  for (const Validator& validator : set.validators) total += validator.stake;
  // The cheap part first: a certificate short of a quorum costs no signature check.
  u128 signed_stake = 0;
  int last_index = -1;
  for (const ValidatorSignature& entry : certificate.signatures) {
    if (entry.index <= last_index || entry.index >= set.validators.size()) return false;
    last_index = entry.index;
    signed_stake += set.validators[entry.index].stake;
  }
  if (3 * signed_stake <= 2 * total) return false;
  const Hash32 digest = vote_digest(chain, certificate.vote);
  for (const ValidatorSignature& entry : certificate.signatures) {
    if (!verify_schnorr(set.validators[entry.index].key, digest, entry.signature)) return false;
  }
  return true;
}

}  // namespace fog
