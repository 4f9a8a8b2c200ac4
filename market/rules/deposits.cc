#include "market/rules/deposits.h"

#include <algorithm>

#include "market/rules/events.h"

namespace fog::market {
namespace {

// Takes off what was spent since the list last changed; who has nothing left leaves it, but for
// the owner.
void settle_deposits(Bid& bid) {
  const std::vector<Amount> left = refund_shares(bid.deposits, bid.free + bid.locked);
  for (std::size_t i = 0; i < left.size(); ++i) bid.deposits[i].left = left[i];
  std::erase_if(bid.deposits,
                [&](const Deposit& d) { return d.left == Amount{} && d.from != bid.owner; });
}

// Makes room in a full list; false when nobody can make way for so much.
bool make_room(Overlay& state, Bid& bid, Amount amount) {
  if (bid.deposits.size() < decltype(bid.deposits)::kMax) return true;
  auto least = bid.deposits.end();
  for (auto it = bid.deposits.begin(); it != bid.deposits.end(); ++it) {
    if (it->from == bid.owner) continue;
    if (least == bid.deposits.end() || it->left < least->left) least = it;
  }
  CHECK(least != bid.deposits.end());
  if (least->left >= amount || least->left > bid.free) return false;
  credit(state, least->from, least->left);
  bid.free -= least->left;
  bid.refunded += least->left;
  bid.deposits.erase(least);
  return true;
}

}  // namespace

Fault deposit_into(Overlay& state, Bid& bid, const Address& from, Amount amount) {
  if (amount == Amount{}) return Fault::kZeroAmount;
  // All deposits together stay within 64 bits, or the figures of the Bid would not.
  if (!checked_add(bid.deposited, amount)) return Fault::kAmountOverflow;
  if (const Fault fault = debit(state, from, amount); fault != Fault::kNone) return fault;
  settle_deposits(bid);
  const auto own = [&](const Deposit& d) { return d.from == from; };
  auto deposit = std::find_if(bid.deposits.begin(), bid.deposits.end(), own);
  if (deposit == bid.deposits.end()) {
    if (!make_room(state, bid, amount)) return Fault::kTooManyDepositors;
    bid.deposits.push_back({from, {}});
    deposit = std::prev(bid.deposits.end());
  }
  deposit->left += amount;
  bid.deposited += amount;
  bid.free += amount;
  return Fault::kNone;
}

std::vector<Amount> refund_shares(const std::vector<Deposit>& deposits, Amount amount) {
  Amount total;
  for (const Deposit& deposit : deposits) total += deposit.left;
  std::vector<Amount> shares;
  Amount rest = amount;
  for (const Deposit& deposit : deposits) {
    const auto share = mul_div_floor(amount.droplets, deposit.left.droplets,
                                     std::max<std::uint64_t>(total.droplets, 1));
    CHECK(share.has_value());
    shares.push_back(Amount{*share});
    rest -= shares.back();
  }
  for (std::size_t i = 0; rest > Amount{}; ++i) {
    CHECK(i < shares.size());
    shares[i] += Amount{1};
    rest -= Amount{1};
  }
  return shares;
}

void refund_when_unlocked(Overlay& state, const BlockContext& block, const MarketParams& params,
                          Bid& bid) {
  const bool refunded_before = bid.deposits.empty();
  if (bid.closed == CloseReason::kOpen || bid.locked != Amount{} || refunded_before) {
    return keep(state, bid);
  }
  const std::vector<Amount> shares = refund_shares(bid.deposits, bid.free);
  std::vector<Address> to{bid.owner};
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (shares[i] > Amount{}) credit(state, bid.deposits[i].from, shares[i]);
    if (bid.deposits[i].from != bid.owner) to.push_back(bid.deposits[i].from);
  }
  MarketEvent event;
  event.kind = EventKind::kBidRefunded;
  event.bid = bid.id;
  event.service = bid.terms.service;
  event.reason = bid.closed;
  event.amount = bid.free;
  emit(state, block, params, event, to);
  bid.refunded += bid.free;
  bid.free = {};
  bid.deposits.clear();
  keep(state, bid);
  // Its leases' last windows pass first.
  schedule(state, {block.time_ms + params.final_receipt_window_ms + params.audit_window_ms,
                   DueKind::kForgetBid, bid.id, 0});
}

}  // namespace fog::market
