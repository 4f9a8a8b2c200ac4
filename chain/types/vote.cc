#include "chain/types/vote.h"

#include "chain/crypto/hash.h"
#include "chain/crypto/known_signatures.h"

namespace fog {

bool is_equivocation(const Vote& a, const Vote& b) {
  if (a.epoch != b.epoch || a.view != b.view) return false;
  if (a.kind == b.kind) return a.kind != VoteKind::kNullify && a != b;
  return a.kind != VoteKind::kNotarize && b.kind != VoteKind::kNotarize;
}

Hash32 vote_digest(const ChainId& chain, const Vote& vote) {
  return tagged_hash("fog/vote", {chain, bcs_encode(vote)});
}

Hash32 validators_hash(const ValidatorSet& set) {
  return tagged_hash("fog/validators", bcs_encode(set));
}

Hash32 certificate_hash(const std::optional<Certificate>& certificate) {
  return certificate ? tagged_hash("fog/certificate", bcs_encode(*certificate)) : Hash32{};
}

std::optional<std::size_t> place_of(const ValidatorSet& set, const XOnlyKey& key) {
  for (std::size_t i = 0; i < set.validators.size(); ++i) {
    if (set.validators[i].key == key) return i;
  }
  return std::nullopt;
}

u128 total_stake(const ValidatorSet& set) {
  u128 total = 0;
  for (const Validator& validator : set.validators) total += validator.stake;
  return total;
}

bool verify_certificate(const ChainId& chain, const ValidatorSet& set,
                        const Certificate& certificate) {
  // The cheap part first: a certificate short of a quorum costs no signature check.
  u128 signed_stake = 0;
  int last_index = -1;
  for (const ValidatorSignature& entry : certificate.signatures) {
    if (entry.index <= last_index || entry.index >= set.validators.size()) return false;
    last_index = entry.index;
    signed_stake += set.validators[entry.index].stake;
  }
  if (!quorum(signed_stake, total_stake(set))) return false;
  const Hash32 digest = vote_digest(chain, certificate.vote);
  for (const ValidatorSignature& entry : certificate.signatures) {
    if (!verify_schnorr_again(set.validators[entry.index].key, digest, entry.signature))
      return false;
  }
  return true;
}

std::size_t leader_of(const ValidatorSet& set, const Hash32& seed, std::uint64_t epoch,
                      std::uint64_t view) {
  const u128 total = total_stake(set);
  CHECK(total != 0);
  Bytes epoch_be64;
  append_be64(epoch_be64, epoch);
  Bytes view_be64;
  append_be64(view_be64, view);
  const Hash32 drawn = tagged_hash("fog/leader", {seed, epoch_be64, view_be64});
  // The total has at most 71 bits, so a byte can be shifted in without loss.
  u128 ticket = 0;
  for (const std::uint8_t byte : drawn.data) ticket = (ticket << 8 | byte) % total;
  std::size_t index = 0;
  while (ticket >= set.validators[index].stake) ticket -= set.validators[index++].stake;
  return index;
}

}  // namespace fog
