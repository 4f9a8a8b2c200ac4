// What staking must do at a block time, without any transaction: one entry of Table::kStakingDue
// each, be64(time) || kind || be64(number), the oldest first.
#pragma once

#include "chain/state/view.h"

namespace fog {

enum class StakingDueKind : std::uint8_t {
  kRelease = 1,        // epoch: stake that voted for the last time in it is free
  kForgetEpoch = 2,    // epoch: evidence from it is no longer taken
  kCloseProposal = 3,  // proposal: votes are counted
  kApplyProposal = 4,  // proposal: its lock is over
};
struct StakingDue {
  std::uint64_t time_ms = 0;
  StakingDueKind kind = StakingDueKind::kRelease;
  std::uint64_t number = 0;
  bool operator==(const StakingDue&) const = default;
};

void schedule(Overlay& state, const StakingDue& due);
void unschedule(Overlay& state, const StakingDue& due);
// The oldest entry.
std::optional<StakingDue> first_staking_due(const ReadView& state);

}  // namespace fog
