// What Hosts ask on the market now: where a new Host's price may begin.
#pragma once

#include "chain/api/node_api.h"
#include "market/types/objects.h"

namespace fog::host {

struct ClassPrices {
  market::PriceClass price_class;
  std::uint64_t offers = 0;
  market::Scale lowest = 0;  // 0: nobody offers
  market::Scale median = 0;
};

// Of each class, in order. Reads no more than the cheapest 20 000 Offers of a class; of a larger
// one it says what those ask. kNotFound where the chain has no market.
ErrorOr<std::vector<ClassPrices>> read_live_prices(NodeApi& node);

// The class with the most Offers; the first, where nobody offers.
const ClassPrices& most_offered(const std::vector<ClassPrices>& prices);

}  // namespace fog::host
