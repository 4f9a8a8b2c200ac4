// What a Host's operator says about its leases: acknowledged, given up, alive.
#include <algorithm>

#include "market/rules/demand.h"
#include "market/rules/events.h"
#include "market/rules/gateway_demand.h"
#include "market/rules/gateway_keys.h"
#include "market/rules/leases.h"
#include "market/rules/pricing.h"
#include "market/rules/rules.h"
#include "market/rules/scaling.h"
#include "market/rules/standing.h"

namespace fog::market {

Result<OwnLease, Fault> find_own(const ReadView& state, const TxContext& tx, const LeaseId& id,
                                 std::uint32_t term) {
  std::optional<Lease> lease = load<Lease>(state, lease_key(id));
  if (!lease) return Fail{Fault::kLeaseNotFound};
  // An earlier term may have been this sender's; what it lacks then is the term, not the right.
  if (lease->term != term) return Fail{Fault::kWrongTerm};
  std::optional<Host> host = load<Host>(state, host_key(lease->host));
  if (!host || host->operator_account != tx.sender) return Fail{Fault::kNotLeaseHost};
  if (lease->state == LeaseState::kClosed) return Fail{Fault::kLeaseClosed};
  return OwnLease{*std::move(lease), *std::move(host)};
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const AckLease& message) {
  const auto own = find_own(state, tx, message.lease, message.term);
  if (!own) return own.error();
  Lease lease = own->lease;
  if (lease.state != LeaseState::kProposed) return Fault::kLeaseNotProposed;
  if (block.time_ms > lease.ack_deadline_ms) return Fault::kAckTooLate;

  const MarketParams params = market_params(state);
  unschedule(state, {lease.ack_deadline_ms, DueKind::kAckDeadline, lease.id, lease.term});
  lease.state = lease.reserved ? LeaseState::kReserved : LeaseState::kActive;
  if (!lease.reserved) lease.opened_ms = block.time_ms;
  start_pricing(lease, block.time_ms);
  lease.last_seen_ms = block.time_ms;
  lease.allowance = lease.slice;
  const std::uint64_t lease_ms = must_load_bid(state, lease.bid).terms.lease_ms;
  if (lease_ms != 0) schedule_renewal(state, lease, block.time_ms + lease_ms);
  store(state, lease_key(lease.id), lease);
  schedule(state,
           {block.time_ms + params.lease_timeout_ms, DueKind::kSilence, lease.id, lease.term});
  Host host = own->host;
  touch_host(state, block, host);
  tell_lease(state, block, params, lease,
             lease.reserved ? EventKind::kLeaseReserved : EventKind::kLeaseActive);
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const OpenLease& message) {
  const auto own = find_own(state, tx, message.lease, message.term);
  if (!own) return own.error();
  Lease lease = own->lease;
  const Ticket& ticket = message.ticket.ticket;
  if (ticket.number <= lease.ticket) return Fault::kTicketUsed;
  if (lease.state != LeaseState::kReserved) return Fault::kLeaseNotReserved;
  Bid bid = must_load_bid(state, lease.bid);
  if (!may_vouch(block, bid, ticket.gateway)) return Fault::kGatewayNotAuthorized;
  if (ticket.chain_id != block.chain_id || ticket.lease != lease.id || ticket.term != lease.term) {
    return Fault::kBadTicket;
  }
  if (block.time_ms > ticket.expiry_ms) return Fault::kTicketExpired;
  const auto signed_by = [&](const PublicKey& key) { return verify_ticket(message.ticket, key); };
  if (!any_key_counts(state, block, ticket.gateway, signed_by)) return Fault::kBadTicket;

  const MarketParams params = market_params(state);
  lease.ticket = ticket.number;
  open_reservation(state, block, bid, lease);
  Host host = own->host;
  touch_host(state, block, host);
  tell_lease(state, block, params, lease, EventKind::kLeaseActive);
  const auto& named = bid.terms.gateways;
  if (std::find(named.begin(), named.end(), ticket.gateway) != named.end()) {
    add_opened(state, block, bid, ticket.gateway);
    wake(state, block, bid);
  } else {
    // An update has taken the gateway away since: what was served counts, no more is wanted.
    rescale(state, block, params, bid.id, CloseReason::kIdle);
  }
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const ReleaseLease& message) {
  const auto own = find_own(state, tx, message.lease, message.term);
  if (!own) return own.error();

  Host host = own->host;
  lower_standing(host, kReleaseLowers, block.time_ms);
  touch_host(state, block, host);
  end_term(state, block, market_params(state), message.lease, CloseReason::kByHost, block.time_ms);
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const Heartbeat& message) {
  std::optional<Host> host = load<Host>(state, host_key(message.host));
  if (!host) return Fault::kHostNotFound;
  if (host->operator_account != tx.sender) return Fault::kNotHostOperator;
  touch_host(state, block, *host);
  return Fault::kNone;
}

}  // namespace fog::market
