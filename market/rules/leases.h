// The life of a lease's term: proposed -> active -> (closing ->) closed, and what follows a close.
//
// Every function reads and writes the records it names by itself, so callers must not hold copies
// of the lease, its Bid, its Host or its Offer across a call.
#pragma once

#include "market/rules/due.h"
#include "market/rules/keep.h"

namespace fog::market {

// A term of a lease wherever it stands: the present one, or a past one.
struct TermRecord {
  StateKey key;
  Lease lease;
};
std::optional<TermRecord> find_term(const ReadView& state, const LeaseId& lease,
                                    std::uint32_t term);

// Starts a term on a Host, whose Offer has room, at the cleared scale: the first term of a new
// lease, or the next of `waiting`. Locks a slice, which the Bid's free money must cover.
void propose_lease(Overlay& state, const BlockContext& block, const MarketParams& params,
                   const BidId& bid, const HostId& host, Scale scale,
                   const std::optional<LeaseId>& waiting);

// Active -> closing: serves and bills until the notice is over.
void start_closing(Overlay& state, const BlockContext& block, const MarketParams& params,
                   const LeaseId& lease, CloseReason reason);
// Any open state -> closed, billed until `bill_until_ms` at most. Gives back the Host's capacity
// and, if the term was never active, the slice; otherwise the slice waits for the final receipts.
// The Bid, if open, wants the replica again.
void end_term(Overlay& state, const BlockContext& block, const MarketParams& params,
              const LeaseId& lease, CloseReason reason, std::uint64_t bill_until_ms);

// A sign of life from the Host's operator at this block. Writes the Host.
void touch_host(Overlay& state, const BlockContext& block, Host& host);

// ---- what the due queue settles ----
void settle_ack_deadline(Overlay& state, const BlockContext& block, const MarketParams& params,
                         const Due& due);
void settle_silence(Overlay& state, const BlockContext& block, const MarketParams& params,
                    const Due& due);
void settle_closing(Overlay& state, const BlockContext& block, const MarketParams& params,
                    const Due& due);
void settle_final_receipts(Overlay& state, const BlockContext& block, const MarketParams& params,
                           const Due& due);
void forget_term(Overlay& state, const Due& due);

}  // namespace fog::market
