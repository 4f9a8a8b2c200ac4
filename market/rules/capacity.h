// A Host's room: what its open leases hold, and its Offer's place in the index.
#pragma once

#include "market/rules/keep.h"

namespace fog::market {

// Country upper case, coordinates in range.
bool is_location(const Location& location);
// What the Host's open leases reserve, in all.
Resources capacity_held(const ReadView& state, const HostId& host);
// total - held; total.fits(held).
Resources capacity_left(Resources total, const Resources& held);
// The smaller of each component; a GPU only where both have the same model.
Resources smaller_of(const Resources& a, const Resources& b);
// Withdraws the Host's Offer, if it has one.
void drop_offer(Overlay& state, const HostId& host);

}  // namespace fog::market
