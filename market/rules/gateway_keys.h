// Whose signature counts as a gateway's.
#pragma once

#include "market/rules/keep.h"

namespace fog::market {

// Whether the Bid lets the gateway vouch; one that an update took away, for a while longer.
bool may_vouch(const BlockContext& block, const Bid& bid, const Address& gateway);

// Whether the predicate holds for the gateway's key, or for the one before while that still counts.
template <class SignedBy>
bool any_key_counts(const ReadView& state, const BlockContext& block, const Address& owner,
                    const SignedBy& signed_by) {
  const std::optional<Gateway> gateway = load<Gateway>(state, gateway_key(owner));
  if (!gateway) return false;
  if (signed_by(gateway->key)) return true;
  return block.time_ms <= gateway->previous_until_ms && signed_by(gateway->previous_key);
}

}  // namespace fog::market
