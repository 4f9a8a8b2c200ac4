// What a Bid with these terms would find: the rule's own search and auction over the index, and the
// reasons of those that cannot serve.
#pragma once

#include "market/rules/offer_index.h"
#include "market/types/preview.h"

namespace fog::market {

// `block` is the one after the index's; the terms have passed check_terms() in it. `metered`: the
// use of the service as the chain knows it, which counts instead of the profile of the terms. Takes
// one search (kSearchMax) and a look at kPreviewLooksMax Offers at most. Ties fall by the block's
// beacon, so otherwise when the Bid is cleared.
PreviewReport preview(const OfferIndex& index, const BlockContext& block,
                      const MarketParams& params, const std::optional<UseProfile>& metered,
                      const PreviewRequest& request);

}  // namespace fog::market
