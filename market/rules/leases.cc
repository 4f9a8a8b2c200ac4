#include "market/rules/leases.h"

#include "market/rules/demand.h"
#include "market/rules/events.h"
#include "market/rules/fresh_offers.h"
#include "market/rules/settlement.h"

namespace fog::market {
namespace {

bool is_open(const Lease& lease) {
  return lease.state != LeaseState::kClosed;
}

// When the windows of a closed term have passed: no receipt can come, every hold-back is released.
std::uint64_t term_over_ms(const MarketParams& params, const Lease& lease) {
  return lease.closed_ms + params.final_receipt_window_ms + params.audit_window_ms;
}

// What the lease held is free for others again.
void give_back_capacity(Overlay& state, const BlockContext& block, const Lease& lease) {
  Host host = must_load_host(state, lease.host);
  CHECK(host.leases_open > 0);
  --host.leases_open;
  keep(state, host);
  std::optional<Offer> offer = load<Offer>(state, offer_key(lease.host));
  if (!offer) return;
  offer->free.give_back(lease.resources);
  keep(state, *offer);
  note_offer_changed(state, block, lease.host);
}

// The waiting lease's closed term makes room for the next one under the same id.
void put_aside(Overlay& state, const BlockContext& block, const MarketParams& params,
               const Lease& closed) {
  CHECK(!is_open(closed));
  if (block.time_ms < term_over_ms(params, closed)) {
    store(state, past_term_key(closed.id, closed.term), closed);
  }
}

Lease next_term(Overlay& state, const BlockContext& block, const MarketParams& params, Bid& bid,
                const std::optional<LeaseId>& waiting) {
  Lease lease;
  if (waiting) {
    const Lease closed = must_load_lease(state, *waiting);
    put_aside(state, block, params, closed);
    lease.id = closed.id;
    lease.ordinal = closed.ordinal;
    lease.term = closed.term + 1;
    lease.receipts_ever = closed.receipts_ever;
  } else {
    lease.ordinal = bid.leases_ever++;
    lease.id = make_lease_id(bid.id, lease.ordinal);
    add_index(state, leases_by_bid(bid.id), lease.id);
  }
  lease.bid = bid.id;
  lease.service = bid.terms.service;
  lease.publisher = bid.owner;
  lease.resources = bid.terms.resources;
  lease.beacon = block.beacon;
  return lease;
}

}  // namespace

std::optional<TermRecord> find_term(const ReadView& state, const LeaseId& id, std::uint32_t term) {
  for (const StateKey& key : {lease_key(id), past_term_key(id, term)}) {
    std::optional<Lease> lease = load<Lease>(state, key);
    if (lease && lease->term == term) return TermRecord{key, *std::move(lease)};
  }
  return std::nullopt;
}

void propose_lease(Overlay& state, const BlockContext& block, const MarketParams& params,
                   const Proposal& proposal) {
  Bid bid = must_load_bid(state, proposal.bid);
  Host host = must_load_host(state, proposal.host);
  auto offer = must_load<Offer>(state, offer_key(host.id));
  Lease lease = next_term(state, block, params, bid, proposal.waiting);
  lease.service_version = must_load<Service>(state, service_key(lease.service)).version;
  lease.host = host.id;
  lease.prices = params.classes[offer.price_class].prices;
  lease.scale = proposal.scale;
  lease.runtime = bid.terms.constraints.runtime.value_or(host.runtimes.front());
  lease.proposed_ms = block.time_ms;
  lease.ack_deadline_ms = block.time_ms + params.ack_deadline_ms;
  lease.spend_per_hour_max = bid.terms.spend_per_hour_max;
  lease.reserved = proposal.reserved;
  CHECK(fill_slice(bid, lease, full_slice(params, lease.spend_per_hour_max)));
  ++bid.replicas_held;
  if (lease.reserved) ++bid.replicas_reserved;
  keep_escrow(state, block, params, bid);
  store(state, lease_key(lease.id), lease);
  add_index(state, leases_by_host(host.id), lease.id);
  schedule(state, {lease.ack_deadline_ms, DueKind::kAckDeadline, lease.id, lease.term});
  offer.free.take(lease.resources);
  ++host.leases_open;
  keep(state, offer);
  keep(state, host);
  tell_lease(state, block, params, lease, EventKind::kLeaseProposed, lease.ack_deadline_ms);
}

void schedule_renewal(Overlay& state, Lease& lease, std::uint64_t time_ms) {
  lease.renews_ms = time_ms;
  schedule(state, {time_ms, DueKind::kRenewal, lease.id, lease.term});
}

void drop_renewal(Bid& bid, Lease& lease) {
  if (!lease.renewing) return;
  CHECK(bid.replicas_renewing > 0);
  --bid.replicas_renewing;
  lease.renewing = false;
}

void start_closing(Overlay& state, const BlockContext& block, const MarketParams& params,
                   const LeaseId& id, CloseReason reason, std::uint64_t closing_at_ms) {
  Lease lease = must_load_lease(state, id);
  CHECK(lease.state == LeaseState::kActive);
  lease.state = LeaseState::kClosing;
  lease.closed = reason;
  lease.closing_at_ms = closing_at_ms;
  lease.renews_ms = 0;
  Bid bid = must_load_bid(state, lease.bid);
  drop_renewal(bid, lease);
  if (is_followed(reason)) ++bid.replicas_leaving;
  store(state, lease_key(id), lease);
  schedule(state, {lease.closing_at_ms, DueKind::kClosing, id, lease.term});
  wake(state, block, bid);
  tell_lease(state, block, params, lease, EventKind::kLeaseClosing, closing_at_ms);
}

void give_notice(Overlay& state, const BlockContext& block, const MarketParams& params,
                 const LeaseId& id, CloseReason reason, std::uint64_t closing_at_ms) {
  switch (must_load_lease(state, id).state) {
    case LeaseState::kProposed:
    case LeaseState::kReserved:
      return end_term(state, block, params, id, reason, block.time_ms);
    case LeaseState::kActive:
      return start_closing(state, block, params, id, reason, closing_at_ms);
    case LeaseState::kClosing:
    case LeaseState::kClosed:
      return;
  }
}

void end_term(Overlay& state, const BlockContext& block, const MarketParams& params,
              const LeaseId& id, CloseReason reason, std::uint64_t bill_until_ms) {
  Lease lease = must_load_lease(state, id);
  CHECK(is_open(lease));
  Bid bid = must_load_bid(state, lease.bid);
  if (lease.state == LeaseState::kClosing && is_followed(lease.closed)) {
    CHECK(bid.replicas_leaving > 0);
    --bid.replicas_leaving;
  }
  const bool served = lease.state != LeaseState::kProposed;
  lease.state = LeaseState::kClosed;
  lease.closed = reason;
  lease.closed_ms = block.time_ms;
  lease.closing_at_ms = std::min(bill_until_ms, block.time_ms);
  lease.renews_ms = 0;
  drop_renewal(bid, lease);
  if (!served) {
    unschedule(state, {lease.ack_deadline_ms, DueKind::kAckDeadline, id, lease.term});
    unlock_slice(bid, lease);
  }
  CHECK(bid.replicas_held > 0);
  --bid.replicas_held;
  if (lease.reserved) {
    CHECK(bid.replicas_reserved > 0);
    --bid.replicas_reserved;
  }
  store(state, lease_key(id), lease);
  give_back_capacity(state, block, lease);
  wake(state, block, bid);
  keep_escrow(state, block, params, bid);
  schedule(state, {block.time_ms + params.final_receipt_window_ms, DueKind::kFinalReceipts, id,
                   lease.term});
  schedule(state, {term_over_ms(params, lease), DueKind::kForgetTerm, id, lease.term});
  tell_lease(state, block, params, lease, EventKind::kLeaseClosed);
}

void touch_host(Overlay& state, const BlockContext& block, Host& host) {
  host.last_seen_ms = block.time_ms;
  if (host.down_since_ms != 0) {
    host.down_since_ms = 0;
    note_offer_changed(state, block, host.id);
  }
  keep(state, host);
}

}  // namespace fog::market
