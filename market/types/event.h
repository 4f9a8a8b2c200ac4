// MarketEvent: something that happened in the market, for those whom it concerns. Kept in the state
// for events_kept_ms under each of their addresses, so that both sides of a lease and the gateways
// before it can follow what becomes of it.
#pragma once

#include "market/types/objects.h"

namespace fog::market {

enum class EventKind : std::uint8_t {
  kBidCreated,     // to the Publisher: amount deposited
  kBidUpdated,     // replicas: the fewest now
  kBidFunded,      // amount added
  kBidClosed,      // by reason
  kBidRefunded,    // amount returned to the depositors, who all are told
  kEscrowLow,      // to its Hosts too: amount free; it may be used up at at_ms
  kEscrowFilled,   // it suffices again
  kLeaseProposed,  // the Bid was matched; to be acknowledged before at_ms
  kLeaseReserved,  // acknowledged as a warm reservation
  kLeaseActive,    // acknowledged, or opened from a reservation
  kLeaseRenewed,   // the Host has won the auction after its lease; scale is the new one
  kLeaseClosing,   // serves until at_ms
  kLeaseClosed,    // by reason
  kDemandChanged,  // replicas: what the gateway asks for now, until at_ms
  kHostLeaving,    // at at_ms
  kHostRetired,    // its bond returns at at_ms
  kBondReturned,   // amount
};
constexpr EventKind bcs_last(EventKind) {
  return EventKind::kBondReturned;
}
std::string_view event_kind_name(EventKind kind);

// What does not apply is zero or empty.
struct MarketEvent {
  EventKind kind = EventKind::kBidCreated;
  std::uint64_t height = 0;
  std::uint32_t number = 0;  // within the block
  std::uint64_t time_ms = 0;
  ServiceName service;
  BidId bid;
  LeaseId lease;
  std::uint32_t term = 0;
  HostId host;
  Address gateway;
  CloseReason reason = CloseReason::kOpen;
  Amount amount;
  Scale scale = 0;
  std::uint16_t replicas = 0;
  std::uint64_t at_ms = 0;
  static constexpr auto kFields = std::make_tuple(
      &MarketEvent::kind, &MarketEvent::height, &MarketEvent::number, &MarketEvent::time_ms,
      &MarketEvent::service, &MarketEvent::bid, &MarketEvent::lease, &MarketEvent::term,
      &MarketEvent::host, &MarketEvent::gateway, &MarketEvent::reason, &MarketEvent::amount,
      &MarketEvent::scale, &MarketEvent::replicas, &MarketEvent::at_ms);
  bool operator==(const MarketEvent&) const = default;
};

// Ordered: address, height (be64), number (be32).
inline StateKey events_of(const Address& address) {
  return state_key(Table::kEvents, {address});
}

}  // namespace fog::market
