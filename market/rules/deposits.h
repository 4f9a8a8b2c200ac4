// Deposits: whose money stands in a Bid's escrow.
//
// What is spent is everybody's who was in the list when it was spent, in proportion to what each
// had left; money that comes later is not touched by it. So whenever the list changes, what has
// been spent since its last change is taken off first.
#pragma once

#include "market/rules/keep.h"

namespace fog::market {

// Adds to the sender's part. When the list is full, a newcomer takes the place of the depositor
// with the least left, if that is less than what he brings and can be given back at once; the owner
// keeps his place.
//
// kZeroAmount, kAmountOverflow, kInsufficientFunds, kTooManyDepositors. Does not write the Bid.
Fault deposit_into(Overlay& state, Bid& bid, const Address& from, Amount amount);

// Once a closed Bid has nothing locked: what is free returns to its depositors. Writes the Bid.
void refund_when_unlocked(Overlay& state, const BlockContext& block, const MarketParams& params,
                          Bid& bid);

// How an amount is shared in proportion to what each has left: each share rounded down, the
// remainder one droplet each in order of deposit.
std::vector<Amount> refund_shares(const std::vector<Deposit>& deposits, Amount amount);

}  // namespace fog::market
