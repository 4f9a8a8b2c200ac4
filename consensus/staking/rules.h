// The rules of staking: one function a message, and what the end of a block does.
//
// Each apply() refuses first (a Fault; the caller drops the overlay), then writes. The faults of
// each are named in its .cc file beside the check.
#pragma once

#include "chain/ledger/context.h"
#include "chain/types/staking.h"
#include "chain/types/staking_messages.h"

namespace fog {

// validators.cc
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const CreateValidator& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const EditValidator& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx, const Unjail& message);
// delegation.cc
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const Delegate& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const Undelegate& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const Redelegate& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const WithdrawRewards& message);
// evidence.cc
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const SubmitEvidence& message);

StakingParams load_staking_params(const ReadView& state);

}  // namespace fog
