#include "consensus/rules/staking_due.h"

#include "consensus/rules/parameters.h"
#include "consensus/staking/delegation.h"

namespace fog {
namespace {

// Whether the entry is done with.
bool settle(Overlay& state, const BlockContext& block, const StakingDue& due) {
  switch (due.kind) {
    case StakingDueKind::kRelease:
      return release_stake(state, due.number, kReleasesMax);
    case StakingDueKind::kForgetEpoch:
      state.erase(past_epoch_key(due.number));
      return true;
    case StakingDueKind::kCloseProposal:
      close_proposal(state, block, due.number);
      return true;
    case StakingDueKind::kApplyProposal:
      apply_proposal(state, due.number);
      return true;
  }
  CHECK(false);
  return true;
}

}  // namespace

void settle_staking_due(Overlay& state, const BlockContext& block) {
  while (const std::optional<StakingDue> due = first_staking_due(state)) {
    if (due->time_ms > block.time_ms || !settle(state, block, *due)) return;
    unschedule(state, *due);
  }
}

}  // namespace fog
