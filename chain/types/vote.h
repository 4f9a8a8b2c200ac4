// Votes and certificates of the consensus. A quorum's signatures over one vote are a certificate.
#pragma once

#include <optional>

#include "chain/types/transaction.h"

namespace fog {

using BlockId = Hash32;  // see block_id in chain/types/block.h

constexpr std::size_t kValidatorsMax = 128;

enum class VoteKind : std::uint8_t { kNotarize, kNullify, kFinalize };
constexpr VoteKind bcs_last(VoteKind) {
  return VoteKind::kFinalize;
}

// What a validator says in one view. A nullify vote leaves parent_view 0 and block zero.
struct Vote {
  std::uint64_t epoch = 0;
  std::uint64_t view = 0;
  VoteKind kind = VoteKind::kNotarize;
  std::uint64_t parent_view = 0;
  BlockId block;
  static constexpr auto kFields =
      std::make_tuple(&Vote::epoch, &Vote::view, &Vote::kind, &Vote::parent_view, &Vote::block);
  bool operator==(const Vote&) const = default;
};
// Whether two votes of one validator prove that it broke the rules: two notarize or two finalize
// for different proposals in one view, or nullify and finalize in one view. (Notarize and nullify
// in one view are both allowed, and so is notarize(a) with finalize(b).)
bool is_equivocation(const Vote& a, const Vote& b);
// What is signed (BIP-340): the tagged hash "fog/vote" of chain id and BCS(vote).
Hash32 vote_digest(const ChainId& chain, const Vote& vote);

struct ValidatorSignature {
  std::uint8_t index = 0;  // into the epoch's validator set
  SchnorrSig signature;
  static constexpr auto kFields =
      std::make_tuple(&ValidatorSignature::index, &ValidatorSignature::signature);
  bool operator==(const ValidatorSignature&) const = default;
};

// One validator's vote; the signature's index is into the epoch's set.
struct SignedVote {
  Vote vote;
  ValidatorSignature signature;
  static constexpr auto kFields = std::make_tuple(&SignedVote::vote, &SignedVote::signature);
  bool operator==(const SignedVote&) const = default;
};

// Signatures ascending by index; their stake is a quorum: 3 * stake > 2 * total.
struct Certificate {
  Vote vote;
  BoundedList<ValidatorSignature, kValidatorsMax> signatures;
  static constexpr auto kFields = std::make_tuple(&Certificate::vote, &Certificate::signatures);
  bool operator==(const Certificate&) const = default;
};

// The tagged hash "fog/certificate" of BCS(certificate): what a header says of the certificate that
// its block carries. Zero when it carries none.
Hash32 certificate_hash(const std::optional<Certificate>& certificate);

struct Validator {
  XOnlyKey key;
  std::uint64_t stake = 0;  // droplets
  static constexpr auto kFields = std::make_tuple(&Validator::key, &Validator::stake);
  bool operator==(const Validator&) const = default;
};
struct ValidatorSet {
  BoundedList<Validator, kValidatorsMax> validators;
  static constexpr auto kFields = std::make_tuple(&ValidatorSet::validators);
  bool operator==(const ValidatorSet&) const = default;
};
// The tagged hash "fog/validators" of BCS(set).
Hash32 validators_hash(const ValidatorSet& set);
// Where a key stands in the set.
std::optional<std::size_t> place_of(const ValidatorSet& set, const XOnlyKey& key);
// Of all its validators; 128 stakes of 64 bits fit.
u128 total_stake(const ValidatorSet& set);
// Whether more than two thirds of the stake agree. `total` of 0 has no quorum.
constexpr bool quorum(u128 stake, u128 total) {
  return 3 * stake > 2 * total;
}
// Whether every signature verifies, indexes ascend and the stake behind them is a quorum.
bool verify_certificate(const ChainId& chain, const ValidatorSet& set,
                        const Certificate& certificate);

// The place in the set of the leader of a view: drawn by stake with the tagged hash "fog/leader" of
// seed || be64(epoch) || be64(view), a 256-bit number taken modulo the total stake (the bias is
// below 2^-184) and counted off along the set. The seed is the epoch's leader_seed, see
// EpochRecord. The set has some stake.
std::size_t leader_of(const ValidatorSet& set, const Hash32& seed, std::uint64_t epoch,
                      std::uint64_t view);

}  // namespace fog
