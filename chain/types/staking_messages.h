// The messages of staking: becoming a validator, delegating, evidence, votes on parameters.
#pragma once

#include "chain/types/records.h"

namespace fog {

// Registers the sender as the owner of a new validator and bonds an amount to it.
struct CreateValidator {
  static constexpr MessageKind kKind = MessageKind::kCreateValidator;
  XOnlyKey key;
  SchnorrSig possession;  // by that key over possession_digest of the sender
  Address payout;         // gets the commission; has an account
  Commission commission;
  Hash32 beacon_commitment;  // the end of its hash chain of kBeaconChainLength links
  Amount bond;               // at least StakingParams::min_bond
  static constexpr auto kFields = std::make_tuple(
      &CreateValidator::key, &CreateValidator::possession, &CreateValidator::payout,
      &CreateValidator::commission, &CreateValidator::beacon_commitment, &CreateValidator::bond);
  bool operator==(const CreateValidator&) const = default;
};
// The tagged hash "fog/possession" of the chain id and the owner's address: the validator key signs
// it, so that nobody registers another's key or takes a signature along to another chain.
Hash32 possession_digest(const ChainId& chain, const Address& owner);

// By the owner. What is absent stays.
struct EditValidator {
  static constexpr MessageKind kKind = MessageKind::kEditValidator;
  XOnlyKey validator;
  std::optional<Address> payout;
  std::optional<std::uint32_t> commission_per_10000;  // once a day, by at most the stated change
  // A new hash chain, when the secret of the old one is lost; only while the validator is neither
  // in this epoch's set nor in the next, so that nobody can choose what he reveals.
  std::optional<Hash32> beacon_commitment;
  static constexpr auto kFields =
      std::make_tuple(&EditValidator::validator, &EditValidator::payout,
                      &EditValidator::commission_per_10000, &EditValidator::beacon_commitment);
  bool operator==(const EditValidator&) const = default;
};

// By the owner, once the jail's time is over.
struct Unjail {
  static constexpr MessageKind kKind = MessageKind::kUnjail;
  XOnlyKey validator;
  static constexpr auto kFields = std::make_tuple(&Unjail::validator);
  bool operator==(const Unjail&) const = default;
};

// Two votes that one validator may not both cast: two notarize or two finalize that differ, or a
// nullify and a finalize, of one view. Anyone may submit it; it says all that is needed.
struct SubmitEvidence {
  static constexpr MessageKind kKind = MessageKind::kSubmitEvidence;
  XOnlyKey validator;
  Vote first;
  SchnorrSig first_signature;
  Vote second;
  SchnorrSig second_signature;
  static constexpr auto kFields = std::make_tuple(
      &SubmitEvidence::validator, &SubmitEvidence::first, &SubmitEvidence::first_signature,
      &SubmitEvidence::second, &SubmitEvidence::second_signature);
  bool operator==(const SubmitEvidence&) const = default;
};

struct Delegate {
  static constexpr MessageKind kKind = MessageKind::kDelegate;
  XOnlyKey validator;
  Amount amount;
  static constexpr auto kFields = std::make_tuple(&Delegate::validator, &Delegate::amount);
  bool operator==(const Delegate&) const = default;
};

// Moves stake to another validator at once. It stays liable for the one it left as long as
// unbonding would have taken, and cannot move on until then.
struct Redelegate {
  static constexpr MessageKind kKind = MessageKind::kRedelegate;
  XOnlyKey from;
  XOnlyKey to;
  std::optional<Amount> amount;  // absent: all of it
  static constexpr auto kFields =
      std::make_tuple(&Redelegate::from, &Redelegate::to, &Redelegate::amount);
  bool operator==(const Redelegate&) const = default;
};

struct Undelegate {
  static constexpr MessageKind kKind = MessageKind::kUndelegate;
  XOnlyKey validator;
  std::optional<Amount> amount;  // absent: all of it
  static constexpr auto kFields = std::make_tuple(&Undelegate::validator, &Undelegate::amount);
  bool operator==(const Undelegate&) const = default;
};

// Pays the sender what his delegation has earned; the owner's also sends the commission to the
// payout address.
struct WithdrawRewards {
  static constexpr MessageKind kKind = MessageKind::kWithdrawRewards;
  XOnlyKey validator;
  static constexpr auto kFields = std::make_tuple(&WithdrawRewards::validator);
  bool operator==(const WithdrawRewards&) const = default;
};

// ---- votes on parameters ----

// A parameter by the name that it has in the genesis file, e.g. "staking.min_bond"; amounts in
// droplets.
struct ParameterChange {
  BoundedText<64> name;
  std::uint64_t value = 0;
  static constexpr auto kFields = std::make_tuple(&ParameterChange::name, &ParameterChange::value);
  bool operator==(const ParameterChange&) const = default;
};
constexpr std::size_t kParameterChangesMax = 16;
using ParameterChanges = BoundedList<ParameterChange, kParameterChangesMax>;

// By the owner of a validator of the present set. All changes are made, or none.
struct ProposeParameters {
  static constexpr MessageKind kKind = MessageKind::kProposeParameters;
  ParameterChanges changes;
  static constexpr auto kFields = std::make_tuple(&ProposeParameters::changes);
  bool operator==(const ProposeParameters&) const = default;
};

// With the stake of all validators of the set that the sender owns when the vote closes. Voting
// again replaces the vote.
struct VoteParameters {
  static constexpr MessageKind kKind = MessageKind::kVoteParameters;
  std::uint64_t proposal = 0;
  bool approve = false;
  static constexpr auto kFields =
      std::make_tuple(&VoteParameters::proposal, &VoteParameters::approve);
  bool operator==(const VoteParameters&) const = default;
};

enum class ProposalState : std::uint8_t {
  kOpen,      // votes are taken
  kAccepted,  // by more than two thirds of the stake; waits for its time
  kRejected,
  kApplied,
  kFailed,  // accepted, but out of bounds beside what has changed since
};
constexpr ProposalState bcs_last(ProposalState) {
  return ProposalState::kFailed;
}
struct OwnerVote {
  Address owner;
  bool approve = false;
  static constexpr auto kFields = std::make_tuple(&OwnerVote::owner, &OwnerVote::approve);
  bool operator==(const OwnerVote&) const = default;
};
constexpr std::size_t kOwnerVotesMax = 1'024;
struct Proposal {
  std::uint64_t number = 0;
  Address proposer;
  ParameterChanges changes;
  std::uint64_t created_ms = 0;
  std::uint64_t closes_ms = 0;   // no more votes
  std::uint64_t applies_ms = 0;  // if accepted
  ProposalState state = ProposalState::kOpen;
  BoundedList<OwnerVote, kOwnerVotesMax> votes;
  // As counted when it closed.
  std::uint64_t stake_for = 0;
  std::uint64_t stake_total = 0;
  static constexpr auto kFields = std::make_tuple(
      &Proposal::number, &Proposal::proposer, &Proposal::changes, &Proposal::created_ms,
      &Proposal::closes_ms, &Proposal::applies_ms, &Proposal::state, &Proposal::votes,
      &Proposal::stake_for, &Proposal::stake_total);
  bool operator==(const Proposal&) const = default;
};
struct Proposals {
  std::uint64_t next = 1;  // the number of the next one
  std::uint32_t open = 0;
  static constexpr auto kFields = std::make_tuple(&Proposals::next, &Proposals::open);
  bool operator==(const Proposals&) const = default;
};
inline StateKey proposals_key() {
  return state_key(Table::kProposals);
}
inline StateKey proposal_key(std::uint64_t number) {
  Bytes number_be64;
  append_be64(number_be64, number);
  return state_key(Table::kProposal, {number_be64});
}

}  // namespace fog
