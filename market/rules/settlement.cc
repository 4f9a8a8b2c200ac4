#include "market/rules/settlement.h"

#include <algorithm>

#include "market/rules/due.h"

namespace fog::market {
namespace {

constexpr std::uint64_t kHourMs = 3'600'000;
constexpr std::uint64_t kPermille = 1'000;

}  // namespace

Amount full_slice(const MarketParams& params, const BidTerms& terms) {
  const std::uint64_t span_ms = params.receipt_interval_ms + params.notice_ms;
  const auto slice = mul_div_ceil(terms.spend_per_hour_max.droplets, span_ms, kHourMs);
  return Amount{
      std::max<std::uint64_t>(slice.value_or(std::numeric_limits<std::uint64_t>::max()), 1)};
}

bool fill_slice(Bid& bid, Lease& lease, Amount full) {
  if (lease.slice >= full) return true;
  const Amount wanted = full - lease.slice;
  const Amount moved = std::min(wanted, bid.free);
  bid.free -= moved;
  bid.locked += moved;
  lease.slice += moved;
  return moved == wanted;
}

void unlock_slice(Bid& bid, Lease& lease) {
  bid.locked -= lease.slice;
  bid.free += lease.slice;
  lease.slice = {};
}

Payment pay_from_slice(const MarketParams& params, Bid& bid, Lease& lease, Amount owed) {
  const Amount paid = std::min({owed, lease.slice, lease.allowance});
  lease.slice -= paid;
  lease.allowance -= paid;
  bid.locked -= paid;
  bid.spent += paid;
  lease.paid += paid;
  const auto burned_ever = mul_div_floor(lease.paid.droplets, params.burn_permille, kPermille);
  CHECK(burned_ever.has_value());

  Payment payment;
  payment.short_by = owed - paid;
  payment.burned = Amount{*burned_ever} - lease.burned;
  const Amount rest = paid - payment.burned;
  const auto held = mul_div_floor(rest.droplets, params.holdback_permille, kPermille);
  CHECK(held.has_value());
  payment.held = Amount{*held};
  payment.to_host = rest - payment.held;
  lease.burned = Amount{*burned_ever};
  lease.held += payment.held;
  return payment;
}

std::vector<Amount> refund_shares(const std::vector<Deposit>& deposits, Amount amount) {
  Amount total;
  for (const Deposit& deposit : deposits) total += deposit.amount;
  std::vector<Amount> shares;
  Amount rest = amount;
  for (const Deposit& deposit : deposits) {
    const auto share = mul_div_floor(amount.droplets, deposit.amount.droplets,
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
  if (bid.closed != CloseReason::kOpen && bid.locked == Amount{}) {
    const std::vector<Amount> shares = refund_shares(bid.deposits, bid.free);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      if (shares[i] > Amount{}) credit(state, bid.deposits[i].from, shares[i]);
    }
    bid.refunded += bid.free;
    bid.free = {};
    schedule(state, {block.time_ms + params.audit_window_ms, DueKind::kForgetBid, bid.id, 0});
  }
  keep(state, bid);
}

}  // namespace fog::market
