// BlockContext and Money: what every rule is given. Time is the block's, randomness the block's
// beacon.
#pragma once

#include "chain/state/view.h"
#include "chain/types/fault.h"

namespace fog {

struct BlockContext {
  ChainId chain_id;
  std::uint64_t height = 0;
  std::uint64_t time_ms = 0;
  Hash32 beacon;  // after this block's reveal
};

// Who sent the message that is being applied.
struct TxContext {
  TxId id;
  Address sender;
  std::uint8_t message = 0;  // index in the transaction
};

// ---- money: the only functions that change a balance or the burned total ----

// Takes from an account; kInsufficientFunds leaves the state untouched.
Fault debit(Overlay& state, const Address& from, Amount amount);
// Gives to an account that exists (every owner, operator and depositor does): its absence is our
// bug.
void credit(Overlay& state, const Address& to, Amount amount);
// Counts money that a rule has already taken from somewhere as burned.
void burn(Overlay& state, Amount amount);

}  // namespace fog
