#include "market/rules/release.h"

#include "market/rules/events.h"
#include "market/rules/leases.h"
#include "market/rules/rules.h"

namespace fog::market {

void release_holdback(Overlay& state, const Due& due) {
  const StateKey key = receipt_key(due.object, due.number);
  const auto receipt = must_load<ReceiptRecord>(state, key);
  state.erase(key);
  StateKey index = receipts_by_lease(receipt.lease);
  append_be64(index, receipt.number);
  state.erase(index);

  Host host = must_load_host(state, receipt.host);
  host.earned = saturating_add(host.earned, receipt.held);
  CHECK(host.holdbacks > 0);
  --host.holdbacks;
  keep(state, host);
  credit(state, host.owner, receipt.held);
  std::optional<TermRecord> term = find_term(state, receipt.lease, receipt.term);
  if (!term) return;
  term->lease.held -= receipt.held;
  store(state, term->key, term->lease);
}

void return_bond(Overlay& state, const BlockContext& block, const MarketParams& params,
                 const Due& due) {
  Host host = must_load_host(state, due.object);
  if (host.leases_open > 0) {
    const std::uint64_t wait_ms = std::max<std::uint64_t>(params.bond_return_ms, 1);
    schedule(state, {block.time_ms + wait_ms, DueKind::kBondReturn, host.id, 0});
    return;
  }
  credit(state, host.owner, host.bond);
  MarketEvent event;
  event.kind = EventKind::kBondReturned;
  event.amount = host.bond;
  tell_host(state, block, params, host, event);
  host.bond = {};
  keep(state, host);
  drop_index(state, all_hosts(), host.id);
  drop_index(state, hosts_by_owner(host.owner), host.id);
  schedule(state, {block.time_ms + params.final_receipt_window_ms + params.audit_window_ms,
                   DueKind::kForgetHost, host.id, 0});
}

void forget_host(Overlay& state, const BlockContext& block, const MarketParams& params,
                 const Due& due) {
  const Host host = must_load_host(state, due.object);
  // A vote that lengthens the windows may leave some open.
  if (host.holdbacks > 0 || any_indexed(state, leases_by_host(host.id))) {
    const std::uint64_t wait_ms = std::max<std::uint64_t>(params.audit_window_ms, 1);
    schedule(state, {block.time_ms + wait_ms, DueKind::kForgetHost, host.id, 0});
    return;
  }
  state.erase(host_key(host.id));
}

void forget_bid(Overlay& state, const BlockContext& block, const MarketParams& params,
                const Due& due) {
  const Bid bid = must_load_bid(state, due.object);
  if (any_indexed(state, leases_by_bid(bid.id))) {
    const std::uint64_t wait_ms = std::max<std::uint64_t>(params.audit_window_ms, 1);
    schedule(state, {block.time_ms + wait_ms, DueKind::kForgetBid, bid.id, 0});
    return;
  }
  drop_index(state, bids_by_owner(bid.owner), bid.id);
  drop_index(state, bids_by_service(bid.terms.service), bid.id);
  state.erase(bid_key(bid.id));
}

HeldMoney held_money(const StateKey& key, const Bytes& value) {
  HeldMoney money;
  if (key.empty()) return money;
  const auto decode = [&]<class T>(T record) {
    auto decoded = bcs_decode<T>(value);
    CHECK(decoded.has_value());
    record = *std::move(decoded);
    return record;
  };
  if (key[0] == static_cast<std::uint8_t>(Table::kHost)) {
    money.bonds = decode(Host{}).bond.droplets;
  } else if (key[0] == static_cast<std::uint8_t>(Table::kBid)) {
    const Bid bid = decode(Bid{});
    money.escrows = u128{bid.free.droplets} + bid.locked.droplets;
  } else if (key[0] == static_cast<std::uint8_t>(Table::kReceipt)) {
    money.escrows = decode(ReceiptRecord{}).held.droplets;
  }
  return money;
}

}  // namespace fog::market
