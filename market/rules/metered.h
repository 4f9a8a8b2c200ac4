// A Service's metered use: the chain's moving average of what one replica uses in an hour. It
// replaces the Publisher's declared profile in the auction.
#pragma once

#include "market/rules/keep.h"

namespace fog::market {

// The weight of the past falls to 1/e in this long. An hour, so that use counts as it is.
constexpr std::uint64_t kMeteredTimeMs = 3'600'000;

// The average after one more stretch of use: old x (1 - elapsed/time) + use, or, for a stretch
// longer than the time, the stretch's own rate. Rounded down.
UseProfile next_average(const UseProfile& old, const Counters& use, std::uint64_t elapsed_ms);
// Takes a receipt's use into the Service of the Bid, if it still is that Publisher's. The average
// starts from the Bid's declared profile.
void update_metered(Overlay& state, const Bid& bid, const Counters& use, std::uint64_t elapsed_ms);

}  // namespace fog::market
