// What falls due in the life of a lease's term.
#include "market/rules/demand.h"
#include "market/rules/deposits.h"
#include "market/rules/leases.h"
#include "market/rules/settlement.h"
#include "market/rules/standing.h"

namespace fog::market {
namespace {

// The chain stood still past this deadline by more than Hosts' usual reports are apart, so nobody
// could have met it.
bool chain_was_late(const BlockContext& block, const MarketParams& params, const Due& due) {
  return block.time_ms - due.time_ms > params.receipt_interval_ms;
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

}  // namespace

void settle_ack_deadline(Overlay& state, const BlockContext& block, const MarketParams& params,
                         const Due& due) {
  std::optional<Lease> found = load<Lease>(state, lease_key(due.object));
  if (!found) return;
  Lease& lease = *found;
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
  const std::optional<Lease> found = load<Lease>(state, lease_key(due.object));
  if (!found) return;
  const Lease& lease = *found;
  if (lease.term != due.number || !is_running(lease.state)) return;
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
  const std::optional<Lease> lease = load<Lease>(state, lease_key(due.object));
  if (!lease || lease->term != due.number || lease->state != LeaseState::kClosing) return;
  if (lease->closing_at_ms != due.time_ms) return;
  end_term(state, block, params, lease->id, lease->closed, lease->closing_at_ms);
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
    wake(state, block, bid);
    keep_escrow(state, block, params, bid);
  } else {
    refund_when_unlocked(state, block, params, bid);
  }
}

void forget_term(Overlay& state, const Due& due) {
  state.erase(past_term_key(due.object, static_cast<std::uint32_t>(due.number)));
  // The last term of a replica that nobody has followed: the lease ends with it.
  const std::optional<Lease> lease = load<Lease>(state, lease_key(due.object));
  if (!lease || lease->term != due.number) return;
  CHECK(lease->state == LeaseState::kClosed);
  state.erase(lease_key(lease->id));
  drop_index(state, leases_by_bid(lease->bid), lease->id);
}

}  // namespace fog::market
