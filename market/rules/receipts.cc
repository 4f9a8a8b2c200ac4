// Receipts: what a Host claims for its leases, checked against vouchers and logs, billed and paid.
#include "market/rules/gateway_keys.h"
#include "market/rules/leases.h"
#include "market/rules/metered.h"
#include "market/rules/pricing.h"
#include "market/rules/rules.h"
#include "market/rules/settlement.h"

namespace fog::market {
namespace {

constexpr std::uint64_t kHourMs = 3'600'000;

bool not_below(const Counters& later, const Counters& earlier) {
  return later.requests >= earlier.requests && later.fuel >= earlier.fuel &&
         later.egress_bytes >= earlier.egress_bytes;
}

// The end of the time that a receipt at this block bills.
std::uint64_t bill_until(const BlockContext& block, const Lease& lease) {
  const bool ends = lease.state == LeaseState::kClosing || lease.state == LeaseState::kClosed;
  const std::uint64_t until = ends ? std::min(block.time_ms, lease.closing_at_ms) : block.time_ms;
  return std::max(until, lease.billed_until_ms);
}

Fault check_term(const BlockContext& block, const MarketParams& params, const Lease& lease,
                 const HostId& host) {
  if (lease.host != host) return Fault::kNotLeaseHost;
  if (lease.active_since_ms == 0) {
    return lease.state == LeaseState::kClosed ? Fault::kLeaseClosed : Fault::kLeaseNotActive;
  }
  const bool over = lease.state == LeaseState::kClosed &&
                    block.time_ms > lease.closed_ms + params.final_receipt_window_ms;
  return over ? Fault::kLeaseClosed : Fault::kNone;
}

Fault check_voucher(const ReadView& state, const BlockContext& block, const Lease& lease,
                    const LogClaim& claim, const LogState& last) {
  const Voucher& voucher = claim.voucher.voucher;
  if (voucher.chain_id != block.chain_id || voucher.lease != lease.id ||
      voucher.term != lease.term || voucher.gateway != claim.gateway) {
    return Fault::kBadVoucher;
  }
  if (voucher.count < last.vouched_count || voucher.response_bytes < last.vouched_response_bytes) {
    return Fault::kBadVoucher;
  }
  const auto signed_by = [&](const PublicKey& key) { return verify_voucher(claim.voucher, key); };
  return any_key_counts(state, block, claim.gateway, signed_by) ? Fault::kNone : Fault::kBadVoucher;
}

// Whether the claim extends the last included state of its log and is covered by its voucher. The
// cheap checks first, hashing after, the signature last.
Fault check_claim(const ReadView& state, const BlockContext& block, const Bid& bid,
                  const Lease& lease, const LogClaim& claim, const LogState& last) {
  if (!may_vouch(block, bid, claim.gateway)) return Fault::kGatewayNotAuthorized;
  const Voucher& voucher = claim.voucher.voucher;
  const Counters& sums = claim.root.sums;
  if (claim.count < last.count || !not_below(sums, last.root.sums)) {
    return Fault::kReceiptBackwards;
  }
  if (claim.count > voucher.count) return Fault::kReceiptNotVouchered;
  if (sums.requests > claim.count || sums.egress_bytes > voucher.response_bytes) {
    return Fault::kReceiptBadSums;
  }
  if (!verify_consistency(last.count, last.root, claim.count, claim.root, claim.consistency)) {
    return Fault::kReceiptNotExtending;
  }
  return check_voucher(state, block, lease, claim, last);
}

// The place of a gateway's log in the lease, ascending by gateway; made if it is new.
LogState& log_of(Lease& lease, const Address& gateway) {
  auto place = std::find_if(lease.logs.begin(), lease.logs.end(),
                            [&](const LogState& log) { return log.gateway >= gateway; });
  if (place == lease.logs.end() || place->gateway != gateway) {
    place = lease.logs.insert(place, LogState{});
    place->gateway = gateway;
  }
  return *place;
}

// Takes the claims into the lease's logs, or says what is wrong with the first bad one.
Fault extend_logs(const ReadView& state, const BlockContext& block, const Bid& bid, Lease& lease,
                  const Receipt& receipt) {
  for (const LogClaim& claim : receipt.logs) {
    LogState last;
    bool is_new = true;
    for (const LogState& log : lease.logs) {
      if (log.gateway != claim.gateway) continue;
      last = log;
      is_new = false;
    }
    if (is_new && lease.logs.size() == decltype(lease.logs)::kMax) return Fault::kTooManyLogs;
    if (const Fault fault = check_claim(state, block, bid, lease, claim, last);
        fault != Fault::kNone) {
      return fault;
    }
    LogState& log = log_of(lease, claim.gateway);
    log.count = claim.count;
    log.root = claim.root;
    log.vouched_count = claim.voucher.voucher.count;
    log.vouched_response_bytes = claim.voucher.voucher.response_bytes;
  }
  return Fault::kNone;
}

std::optional<Counters> total_of(const Lease& lease) {
  std::optional<Counters> total = Counters{};
  for (const LogState& log : lease.logs) {
    total = checked_add(*total, log.root.sums);
    if (!total) return std::nullopt;
  }
  return total;
}

// Whether so much fuel can have been burned by what the lease reserves in its active time.
bool within_capacity(const MarketParams& params, const Lease& lease, const Counters& total,
                     std::uint64_t until_ms) {
  const u128 core_ms = u128{lease.resources.cpu_milli} * (until_ms - lease.active_since_ms);
  // cpu_milli is below 2^21 and times are below 2^64, so only an absurd parameter can overflow.
  const u128 limit =
      core_ms > (~u128{0} >> 64) ? ~u128{0} : core_ms * params.fuel_per_core_second_max;
  return u128{total.fuel} * 1'000'000 <= limit;
}

// Fills what may be paid now by the time that this receipt bills, up to a whole slice.
void grow_allowance(const MarketParams& params, Lease& lease, std::uint64_t elapsed_ms) {
  const Amount full = full_slice(params, lease.spend_per_hour_max);
  const auto grown = mul_div_floor(lease.spend_per_hour_max.droplets, elapsed_ms, kHourMs);
  lease.allowance = std::min(
      full, saturating_add(lease.allowance,
                           Amount{grown.value_or(std::numeric_limits<std::uint64_t>::max())}));
}

ReceiptRecord record_of(const BlockContext& block, const Lease& before, const Lease& lease,
                        const Counters& total_before, const Counters& total,
                        const Payment& payment) {
  ReceiptRecord record;
  record.lease = lease.id;
  record.term = lease.term;
  record.host = lease.host;
  record.included_ms = block.time_ms;
  record.height = block.height;
  record.counters = {total.requests - total_before.requests, total.fuel - total_before.fuel,
                     total.egress_bytes - total_before.egress_bytes};
  record.rent = lease.rent_due - before.rent_due;
  record.use = lease.use_due - before.use_due;
  record.to_host = payment.to_host;
  record.held = payment.held;
  record.burned = payment.burned;
  record.short_by = payment.short_by;
  return record;
}

// Numbers the receipt, keeps it until its hold-back is released.
void keep_receipt(Overlay& state, const BlockContext& block, const MarketParams& params,
                  ReceiptRecord record) {
  // The number counts over all terms, so the present term's record has it.
  Lease present = must_load_lease(state, record.lease);
  record.number = present.receipts_ever++;
  store(state, lease_key(present.id), present);
  store(state, receipt_key(record.lease, record.number), record);
  StateKey index = receipts_by_lease(record.lease);
  append_be64(index, record.number);
  state.put(index, {});
  schedule(state, {block.time_ms + params.audit_window_ms, DueKind::kHoldback, record.lease,
                   record.number});
}

void pay_host(Overlay& state, const HostId& id, Amount amount) {
  Host host = must_load_host(state, id);
  ++host.holdbacks;
  host.earned = saturating_add(host.earned, amount);
  keep(state, host);
  credit(state, host.owner, amount);
}

// Everything a checked bill changes.
void settle_bill(Overlay& state, const BlockContext& block, const MarketParams& params,
                 const TermRecord& before, Lease lease, Bid bid, const Counters& total_before,
                 const Counters& total) {
  const std::uint64_t elapsed_ms = lease.billed_until_ms - before.lease.billed_until_ms;
  grow_allowance(params, lease, elapsed_ms);
  const Amount owed = saturating_add(lease.rent_due, lease.use_due) - lease.paid;
  const Payment payment = pay_from_slice(params, bid, lease, owed);
  const bool filled = !is_running(lease.state) ||
                      fill_slice(bid, lease, full_slice(params, lease.spend_per_hour_max));
  ++lease.receipts;
  lease.last_seen_ms = block.time_ms;
  store(state, before.key, lease);
  keep_escrow(state, block, params, bid);
  burn(state, payment.burned);
  pay_host(state, lease.host, payment.to_host);
  const ReceiptRecord record = record_of(block, before.lease, lease, total_before, total, payment);
  keep_receipt(state, block, params, record);
  update_metered(state, bid, record.counters, elapsed_ms);
  if (!filled) {
    give_notice(state, block, params, lease.id, CloseReason::kEscrowExhausted,
                block.time_ms + params.notice_ms);
  }
}

Fault apply_receipt(Overlay& state, const BlockContext& block, const MarketParams& params,
                    const HostId& host, const Receipt& receipt) {
  if (!load<Lease>(state, lease_key(receipt.lease))) return Fault::kLeaseNotFound;
  const std::optional<TermRecord> term = find_term(state, receipt.lease, receipt.term);
  if (!term) return Fault::kWrongTerm;
  if (const Fault fault = check_term(block, params, term->lease, host); fault != Fault::kNone) {
    return fault;
  }
  Lease lease = term->lease;
  // A reservation bills rent; what it serves counts once it has been opened.
  if (lease.opened_ms == 0 && !receipt.logs.empty()) return Fault::kLeaseNotActive;
  const std::uint64_t until_ms = bill_until(block, lease);
  if (receipt.logs.empty() && until_ms == lease.billed_until_ms) return Fault::kReceiptEmpty;
  const Bid bid = must_load_bid(state, lease.bid);
  const std::optional<Counters> total_before = total_of(lease);
  CHECK(total_before.has_value());
  if (const Fault fault = extend_logs(state, block, bid, lease, receipt); fault != Fault::kNone) {
    return fault;
  }
  const std::optional<Counters> total = total_of(lease);
  if (!total) return Fault::kReceiptBadSums;
  if (!within_capacity(params, lease, *total, until_ms)) return Fault::kReceiptBeyondCapacity;

  lease.rent_due = rent_due_at(lease, until_ms);
  bill_use(lease, *total_before, *total, until_ms);
  lease.billed_until_ms = until_ms;
  settle_bill(state, block, params, *term, std::move(lease), bid, *total_before, *total);
  return Fault::kNone;
}

}  // namespace

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const SubmitReceipts& message) {
  std::optional<Host> host = load<Host>(state, host_key(message.host));
  if (!host) return Fault::kHostNotFound;
  if (host->operator_account != tx.sender) return Fault::kNotHostOperator;
  if (message.receipts.empty()) return Fault::kReceiptEmpty;

  touch_host(state, block, *host);
  const MarketParams params = market_params(state);
  for (const Receipt& receipt : message.receipts) {
    if (const Fault fault = apply_receipt(state, block, params, message.host, receipt);
        fault != Fault::kNone) {
      return fault;
    }
  }
  return Fault::kNone;
}

}  // namespace fog::market
