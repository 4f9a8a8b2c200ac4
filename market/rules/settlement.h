// Settlement: money between a Bid's escrow and Hosts.
//
// A Bid's money is free or locked; a lease's slice is its part of `locked`. Slices are filled from
// free money when a lease is made and after each payment, and unlock after the final-receipt
// window. A payment leaves the slice and is split three ways: burned, held back until the audit
// window has passed (it stands in the receipt's record until then), and the rest to the Host's
// owner at once.
#pragma once

#include "market/rules/keep.h"

namespace fog::market {

// A lease's slice: the most that it may be paid in (receipt interval + notice) at its spending
// limit an hour, rounded up, at least 1.
Amount full_slice(const MarketParams& params, Amount spend_per_hour_max);

// Moves up to a full slice of free money into the lease's, and back what is beyond one. False when
// that did not suffice.
bool fill_slice(Bid& bid, Lease& lease, Amount full);
// Gives the whole slice back to the Bid's free money.
void unlock_slice(Bid& bid, Lease& lease);

// What one payment came to.
struct Payment {
  Amount burned;
  Amount held;
  Amount to_host;
  Amount short_by;  // owed but not paid now
  Amount paid() const { return burned + held + to_host; }
};
// Pays the lesser of what is owed, the slice and the allowance out of the Bid, and counts it in the
// lease. The burn is computed on the cumulative payment, so that it does not depend on how a bill
// is cut. Does not yet credit anybody.
Payment pay_from_slice(const MarketParams& params, Bid& bid, Lease& lease, Amount owed);

// Whether what is free lasts for escrow_low_ms, all replicas held being paid the most they can:
// marks the Bid, and tells the Publisher and its Hosts when that changes. Writes the Bid.
void keep_escrow(Overlay& state, const BlockContext& block, const MarketParams& params, Bid& bid);

}  // namespace fog::market
