#include "market/types/event.h"

namespace fog::market {

std::string_view event_kind_name(EventKind kind) {
  switch (kind) {
    case EventKind::kBidCreated:
      return "bid_created";
    case EventKind::kBidUpdated:
      return "bid_updated";
    case EventKind::kBidFunded:
      return "bid_funded";
    case EventKind::kBidClosed:
      return "bid_closed";
    case EventKind::kBidRefunded:
      return "bid_refunded";
    case EventKind::kEscrowLow:
      return "escrow_low";
    case EventKind::kEscrowFilled:
      return "escrow_filled";
    case EventKind::kLeaseProposed:
      return "lease_proposed";
    case EventKind::kLeaseReserved:
      return "lease_reserved";
    case EventKind::kLeaseActive:
      return "lease_active";
    case EventKind::kLeaseRenewed:
      return "lease_renewed";
    case EventKind::kLeaseClosing:
      return "lease_closing";
    case EventKind::kLeaseClosed:
      return "lease_closed";
    case EventKind::kDemandChanged:
      return "demand_changed";
    case EventKind::kHostLeaving:
      return "host_leaving";
    case EventKind::kHostRetired:
      return "host_retired";
    case EventKind::kBondReturned:
      return "bond_returned";
  }
  return "unknown";
}

}  // namespace fog::market
