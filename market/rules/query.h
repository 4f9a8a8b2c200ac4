// What a Bid of the state searches for in a block.
#pragma once

#include "chain/ledger/context.h"
#include "market/rules/constraints.h"

namespace fog::market {

OfferQuery query_of(const ReadView& state, const BlockContext& block, const Bid& bid,
                    std::set<HostId> excluded);

}  // namespace fog::market
