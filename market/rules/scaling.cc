#include "market/rules/scaling.h"

#include <algorithm>

#include "market/rules/demand.h"
#include "market/rules/events.h"

namespace fog::market {
namespace {

// The leases that hold a replica of the Bid and stay, by ordinal.
std::vector<Lease> staying_leases(const ReadView& state, const BidId& bid) {
  std::vector<Lease> leases;
  for (const LeaseId& id : indexed_ids(state, leases_by_bid(bid))) {
    Lease lease = must_load_lease(state, id);
    const bool leaves = lease.state == LeaseState::kClosing && is_followed(lease.closed);
    if (lease.state != LeaseState::kClosed && !leaves) leases.push_back(std::move(lease));
  }
  std::sort(leases.begin(), leases.end(),
            [](const Lease& a, const Lease& b) { return a.ordinal < b.ordinal; });
  return leases;
}

// What goes first has the lower rank.
int rank_of(LeaseState state) {
  switch (state) {
    case LeaseState::kProposed:
      return 0;
    case LeaseState::kClosing:
      return 1;
    case LeaseState::kReserved:
    case LeaseState::kActive:
    case LeaseState::kClosed:
      return 2;
  }
  return 2;
}

// In the order in which they go.
std::vector<Lease> to_go(std::vector<Lease> leases, bool reserved, std::size_t count) {
  std::erase_if(leases, [&](const Lease& lease) { return lease.reserved != reserved; });
  std::stable_sort(leases.begin(), leases.end(), [](const Lease& a, const Lease& b) {
    if (rank_of(a.state) != rank_of(b.state)) return rank_of(a.state) < rank_of(b.state);
    return a.ordinal > b.ordinal;
  });
  leases.resize(std::min(leases.size(), count));
  return leases;
}

void reserve(Overlay& state, const BlockContext& block, const MarketParams& params, Bid& bid,
             Lease lease) {
  lease.state = LeaseState::kReserved;
  lease.reserved = true;
  drop_renewal(bid, lease);
  store(state, lease_key(lease.id), lease);
  ++bid.replicas_reserved;
  keep(state, bid);
  tell_lease(state, block, params, lease, EventKind::kLeaseReserved);
}

}  // namespace

void open_reservation(Overlay& state, const BlockContext& block, Bid& bid, Lease& lease) {
  CHECK(lease.reserved && bid.replicas_reserved > 0);
  if (lease.state == LeaseState::kReserved) {
    lease.state = LeaseState::kActive;
    if (lease.opened_ms == 0) lease.opened_ms = block.time_ms;
  }
  lease.reserved = false;
  --bid.replicas_reserved;
  store(state, lease_key(lease.id), lease);
  keep(state, bid);
}

void open_reservations(Overlay& state, const BlockContext& block, const MarketParams& params,
                       const BidId& id) {
  Bid bid = must_load_bid(state, id);
  if (missing_replicas(bid) == 0 || bid.replicas_reserved == 0) return;
  std::vector<Lease> leases = staying_leases(state, id);
  std::erase_if(leases, [](const Lease& lease) { return !lease.reserved; });
  // Those that are ready before those that are only proposed.
  std::stable_partition(leases.begin(), leases.end(),
                        [](const Lease& l) { return l.state == LeaseState::kReserved; });
  for (Lease& lease : leases) {
    if (missing_replicas(bid) == 0) break;
    open_reservation(state, block, bid, lease);
    if (lease.state == LeaseState::kActive) {
      tell_lease(state, block, params, lease, EventKind::kLeaseActive);
    }
  }
  wake(state, block, bid);
}

void rescale(Overlay& state, const BlockContext& block, const MarketParams& params, const BidId& id,
             CloseReason reason) {
  open_reservations(state, block, params, id);
  Bid bid = must_load_bid(state, id);
  const std::uint32_t staying = replicas_staying(bid);
  const std::uint32_t wanted = std::min<std::uint32_t>(staying, replicas_wanted(bid));
  for (const Lease& lease : to_go(staying_leases(state, id), false, staying - wanted)) {
    bid = must_load_bid(state, id);
    if (lease.state == LeaseState::kActive && missing_reservations(bid) > 0) {
      reserve(state, block, params, bid, lease);
    } else {
      end_term(state, block, params, lease.id, reason, block.time_ms);
    }
  }
  bid = must_load_bid(state, id);
  const std::uint32_t reserved = bid.replicas_reserved;
  const std::uint32_t kept = std::min<std::uint32_t>(reserved, reservations_wanted(bid));
  for (const Lease& lease : to_go(staying_leases(state, id), true, reserved - kept)) {
    end_term(state, block, params, lease.id, reason, block.time_ms);
  }
  bid = must_load_bid(state, id);
  wake(state, block, bid);
}

}  // namespace fog::market
