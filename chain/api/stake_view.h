// Stake as a node's state has it, read through the node's interface: what commands and RPC show.
#pragma once

#include "chain/api/node_api.h"
#include "chain/types/stake_pool.h"
#include "chain/types/staking.h"
#include "chain/types/staking_messages.h"

namespace fog {

struct ValidatorView {
  ValidatorRecord record;
  Amount owner_stake;  // the owner's own part of the stake
  bool in_set = false;
  bool in_next_set = false;
};

struct DelegationView {
  XOnlyKey validator;
  Amount amount;
  Amount rewards;  // to be withdrawn
};
struct UnbondingView {
  XOnlyKey validator;
  std::uint64_t last_epoch = 0;
  Amount amount;
  std::optional<std::uint64_t> free_ms;  // known once that epoch has ended
};
struct RedelegationView {
  XOnlyKey from;
  XOnlyKey to;
  std::uint64_t last_epoch = 0;
  Amount amount;
};
// All that one delegator has in stake.
struct StakeView {
  Address delegator;
  std::vector<DelegationView> delegations;
  std::vector<UnbondingView> unbonding;
  std::vector<RedelegationView> redelegations;
};

// The epoch of the next block, its set, the set after it and the running tally.
struct EpochView {
  EpochRecord epoch;
  ValidatorSet set;
  ValidatorSet next_set;
  EpochTally tally;
};

// At most this many of each list are read.
constexpr std::size_t kStakeListMax = 10'000;

ErrorOr<EpochView> read_epoch(NodeApi& node);
// kNotFound when there is no such validator.
ErrorOr<ValidatorView> read_validator(NodeApi& node, const XOnlyKey& key);
// All of them, the largest stake first.
ErrorOr<std::vector<ValidatorView>> read_validators(NodeApi& node);
ErrorOr<StakeView> read_stake(NodeApi& node, const Address& delegator);
// The newest first.
ErrorOr<std::vector<Proposal>> read_proposals(NodeApi& node);

}  // namespace fog
