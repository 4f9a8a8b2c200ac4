// Votes and certificates of the consensus. A quorum's signatures over one vote are a certificate.
#pragma once

#include "chain/types/block.h"

namespace fog {

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
// What is signed (BIP-340): the tagged hash "fog/vote" of chain id and BCS(vote).
Hash32 vote_digest(const ChainId& chain, const Vote& vote);

struct ValidatorSignature {
  std::uint8_t index = 0;  // into the epoch's validator set
  SchnorrSig signature;
  static constexpr auto kFields =
      std::make_tuple(&ValidatorSignature::index, &ValidatorSignature::signature);
  bool operator==(const ValidatorSignature&) const = default;
};

// Signatures ascending by index; their stake is a quorum: 3 * stake > 2 * total.
struct Certificate {
  Vote vote;
  BoundedList<ValidatorSignature, kValidatorsMax> signatures;
  static constexpr auto kFields = std::make_tuple(&Certificate::vote, &Certificate::signatures);
  bool operator==(const Certificate&) const = default;
};

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
// Whether every signature verifies, indexes ascend and the stake behind them is a quorum.
bool verify_certificate(const ChainId& chain, const ValidatorSet& set,
                        const Certificate& certificate);

}  // namespace fog
