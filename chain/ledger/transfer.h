// Transfer: FOG from the sender to up to 256 outputs, all or nothing.
#pragma once

#include "chain/ledger/context.h"

namespace fog {

// Moves each output in order. A first payment to an address creates its account and burns
// account_creation_burn out of that output.
//
// kZeroAmount (an output of zero, or no output), kAmountOverflow (the outputs' sum),
// kInsufficientFunds, kBelowCreation. On a fault the caller drops the overlay.
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const Transfer& message);

}  // namespace fog
