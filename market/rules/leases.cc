#include "market/rules/leases.h"

#include "market/rules/demand.h"
#include "market/rules/rules.h"
#include "market/rules/settlement.h"
#include "market/rules/standing.h"

namespace fog::market {
namespace {

bool is_open(const Lease& lease) {
  return lease.state != LeaseState::kClosed;
}

// A lease by id and term, for a message of its Host's operator.
struct OwnLease {
  Lease lease;
  Host host;
};
Result<OwnLease, Fault> find_own(const ReadView& state, const TxContext& tx, const LeaseId& id,
                                 std::uint32_t term) {
  std::optional<Lease> lease = load<Lease>(state, lease_key(id));
  if (!lease) return Fail{Fault::kLeaseNotFound};
  Host host = must_load_host(state, lease->host);
  // An earlier term may have been this sender's; what it lacks then is the term, not the right.
  if (lease->term != term) return Fail{Fault::kWrongTerm};
  if (host.operator_account != tx.sender) return Fail{Fault::kNotLeaseHost};
  if (!is_open(*lease)) return Fail{Fault::kLeaseClosed};
  return OwnLease{*std::move(lease), std::move(host)};
}

// The chain stood still past this deadline by more than Hosts' usual reports are apart, so nobody
// could have met it.
bool chain_was_late(const BlockContext& block, const MarketParams& params, const Due& due) {
  return block.time_ms - due.time_ms > params.receipt_interval_ms;
}

// When the windows of a closed term have passed: no receipt can come, every hold-back is released.
std::uint64_t term_over_ms(const MarketParams& params, const Lease& lease) {
  return lease.closed_ms + params.final_receipt_window_ms + params.audit_window_ms;
}

// The Host failed: standing, count, and out of the auctions until it shows life.
void mark_down(Overlay& state, const BlockContext& block, const HostId& id, std::uint16_t lowers) {
  Host host = must_load_host(state, id);
  lower_standing(host, lowers, block.time_ms);
  ++host.failures;
  host.down_since_ms = block.time_ms;
  keep(state, host);
}

void slash(Overlay& state, const MarketParams& params, const HostId& id) {
  Host host = must_load_host(state, id);
  const auto slashed = mul_div_floor(host.bond.droplets, params.failure_slash_permille, 1'000);
  CHECK(slashed.has_value());
  host.bond -= Amount{*slashed};
  burn(state, Amount{*slashed});
  keep(state, host);
}

// What the lease held is free for others again.
void give_back_capacity(Overlay& state, const Lease& lease) {
  Host host = must_load_host(state, lease.host);
  CHECK(host.leases_open > 0);
  --host.leases_open;
  keep(state, host);
  std::optional<Offer> offer = load<Offer>(state, offer_key(lease.host));
  if (!offer) return;
  offer->free.give_back(lease.resources);
  keep(state, *offer);
  note_offer_changed(state, lease.host);
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
                   const BidId& bid_id, const HostId& host_id, Scale scale,
                   const std::optional<LeaseId>& waiting) {
  Bid bid = must_load_bid(state, bid_id);
  Host host = must_load_host(state, host_id);
  auto offer = must_load<Offer>(state, offer_key(host_id));
  Lease lease = next_term(state, block, params, bid, waiting);
  lease.service_version = must_load<Service>(state, service_key(lease.service)).version;
  lease.host = host_id;
  lease.prices = params.classes[offer.price_class].prices;
  lease.scale = scale;
  lease.runtime = bid.terms.constraints.runtime.value_or(host.runtimes.front());
  lease.proposed_ms = block.time_ms;
  lease.ack_deadline_ms = block.time_ms + params.ack_deadline_ms;
  CHECK(fill_slice(bid, lease, full_slice(params, bid.terms)));
  ++bid.replicas_held;
  keep(state, bid);
  store(state, lease_key(lease.id), lease);
  add_index(state, leases_by_host(host_id), lease.id);
  schedule(state, {lease.ack_deadline_ms, DueKind::kAckDeadline, lease.id, lease.term});
  offer.free.take(lease.resources);
  ++host.leases_open;
  keep(state, offer);
  keep(state, host);
}

void start_closing(Overlay& state, const BlockContext& block, const MarketParams& params,
                   const LeaseId& id, CloseReason reason) {
  Lease lease = must_load_lease(state, id);
  CHECK(lease.state == LeaseState::kActive);
  lease.state = LeaseState::kClosing;
  lease.closed = reason;
  lease.closing_at_ms = block.time_ms + params.notice_ms;
  store(state, lease_key(id), lease);
  schedule(state, {lease.closing_at_ms, DueKind::kClosing, id, lease.term});
}

void end_term(Overlay& state, const BlockContext& block, const MarketParams& params,
              const LeaseId& id, CloseReason reason, std::uint64_t bill_until_ms) {
  Lease lease = must_load_lease(state, id);
  CHECK(is_open(lease));
  Bid bid = must_load_bid(state, lease.bid);
  const bool served = lease.state != LeaseState::kProposed;
  lease.state = LeaseState::kClosed;
  lease.closed = reason;
  lease.closed_ms = block.time_ms;
  lease.closing_at_ms = std::min(bill_until_ms, block.time_ms);
  if (!served) {
    unschedule(state, {lease.ack_deadline_ms, DueKind::kAckDeadline, id, lease.term});
    unlock_slice(bid, lease);
  }
  CHECK(bid.replicas_held > 0);
  --bid.replicas_held;
  store(state, lease_key(id), lease);
  give_back_capacity(state, lease);
  wake(state, bid);
  schedule(state, {block.time_ms + params.final_receipt_window_ms, DueKind::kFinalReceipts, id,
                   lease.term});
  schedule(state, {term_over_ms(params, lease), DueKind::kForgetTerm, id, lease.term});
}

void touch_host(Overlay& state, const BlockContext& block, Host& host) {
  host.last_seen_ms = block.time_ms;
  if (host.down_since_ms != 0) {
    host.down_since_ms = 0;
    note_offer_changed(state, host.id);
  }
  keep(state, host);
}

void settle_ack_deadline(Overlay& state, const BlockContext& block, const MarketParams& params,
                         const Due& due) {
  Lease lease = must_load_lease(state, due.object);
  if (lease.term != due.number || lease.state != LeaseState::kProposed) return;
  if (lease.ack_deadline_ms != due.time_ms) return;
  if (chain_was_late(block, params, due)) {
    lease.ack_deadline_ms = block.time_ms + params.ack_deadline_ms;
    store(state, lease_key(lease.id), lease);
    schedule(state, {lease.ack_deadline_ms, DueKind::kAckDeadline, lease.id, lease.term});
    return;
  }
  end_term(state, block, params, lease.id, CloseReason::kAckMissed, block.time_ms);
  mark_down(state, block, lease.host, kMissedAckLowers);
}

void settle_silence(Overlay& state, const BlockContext& block, const MarketParams& params,
                    const Due& due) {
  const Lease lease = must_load_lease(state, due.object);
  const bool serves = lease.state == LeaseState::kActive || lease.state == LeaseState::kClosing;
  if (lease.term != due.number || !serves) return;
  const Host host = must_load_host(state, lease.host);
  const std::uint64_t seen_ms = std::max(lease.last_seen_ms, host.last_seen_ms);
  const std::uint64_t lost_at_ms = chain_was_late(block, params, due)
                                       ? block.time_ms + params.lease_timeout_ms
                                       : seen_ms + params.lease_timeout_ms;
  if (lost_at_ms > block.time_ms) {
    schedule(state, {lost_at_ms, DueKind::kSilence, lease.id, lease.term});
    return;
  }
  end_term(state, block, params, lease.id, CloseReason::kHostSilent, seen_ms);
  slash(state, params, lease.host);
  mark_down(state, block, lease.host, kLostLeaseLowers);
}

void settle_closing(Overlay& state, const BlockContext& block, const MarketParams& params,
                    const Due& due) {
  const Lease lease = must_load_lease(state, due.object);
  if (lease.term != due.number || lease.state != LeaseState::kClosing) return;
  end_term(state, block, params, lease.id, lease.closed, lease.closing_at_ms);
}

void settle_final_receipts(Overlay& state, const BlockContext& block, const MarketParams& params,
                           const Due& due) {
  std::optional<TermRecord> record =
      find_term(state, due.object, static_cast<std::uint32_t>(due.number));
  CHECK(record.has_value());
  Lease& lease = record->lease;
  Bid bid = must_load_bid(state, lease.bid);
  unlock_slice(bid, lease);
  store(state, record->key, lease);
  const Lease latest = must_load_lease(state, lease.id);
  if (latest.term == lease.term || latest.host != lease.host) {
    drop_index(state, leases_by_host(lease.host), lease.id);
  }
  if (bid.closed == CloseReason::kOpen) {
    wake(state, bid);
  } else {
    refund_when_unlocked(state, block, params, bid);
  }
}

void forget_term(Overlay& state, const Due& due) {
  state.erase(past_term_key(due.object, static_cast<std::uint32_t>(due.number)));
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
  lease.state = LeaseState::kActive;
  lease.active_since_ms = block.time_ms;
  lease.billed_until_ms = block.time_ms;
  lease.last_seen_ms = block.time_ms;
  lease.allowance = lease.slice;
  store(state, lease_key(lease.id), lease);
  schedule(state,
           {block.time_ms + params.lease_timeout_ms, DueKind::kSilence, lease.id, lease.term});
  Host host = own->host;
  touch_host(state, block, host);
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
