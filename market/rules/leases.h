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

// A lease by id and term that its Host's operator speaks about: kLeaseNotFound, kWrongTerm,
// kNotLeaseHost, kLeaseClosed.
struct OwnLease {
  Lease lease;
  Host host;
};
Result<OwnLease, Fault> find_own(const ReadView& state, const TxContext& tx, const LeaseId& id,
                                 std::uint32_t term);

// A replica of a Bid for a Host, whose Offer has room, at the cleared scale.
struct Proposal {
  BidId bid;
  HostId host;
  Scale scale = kScaleOne;
  std::optional<LeaseId> waiting;  // the closed lease whose next term this is; nothing: a new lease
  bool reserved = false;           // as a warm reservation
};
// Starts the term. Locks a slice, which the Bid's free money must cover.
void propose_lease(Overlay& state, const BlockContext& block, const MarketParams& params,
                   const Proposal& proposal);
// The lease is cleared again at that time. Does not write the lease.
void schedule_renewal(Overlay& state, Lease& lease, std::uint64_t time_ms);
// It waits no longer for the auction that renews it, if it did. Writes neither.
void drop_renewal(Bid& bid, Lease& lease);

// Active -> closing: serves and bills until then. If another is to follow (is_followed), the Bid
// wants it from now on.
void start_closing(Overlay& state, const BlockContext& block, const MarketParams& params,
                   const LeaseId& lease, CloseReason reason, std::uint64_t closing_at_ms);
// An active lease starts closing; one that does not serve End Users yet ends at once.
void give_notice(Overlay& state, const BlockContext& block, const MarketParams& params,
                 const LeaseId& lease, CloseReason reason, std::uint64_t closing_at_ms);
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
