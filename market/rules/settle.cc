// What falls due: one case a kind of deadline.
#include <algorithm>

#include "market/rules/bids.h"
#include "market/rules/demand.h"
#include "market/rules/due.h"
#include "market/rules/events.h"
#include "market/rules/fresh_offers.h"
#include "market/rules/gateway_demand.h"
#include "market/rules/leases.h"
#include "market/rules/release.h"
#include "market/rules/renewals.h"
#include "market/rules/rules.h"

namespace fog::market {
namespace {

void settle(Overlay& state, const BlockContext& block, const MarketParams& params, const Due& due) {
  switch (due.kind) {
    case DueKind::kAckDeadline:
      return settle_ack_deadline(state, block, params, due);
    case DueKind::kSilence:
      return settle_silence(state, block, params, due);
    case DueKind::kClosing:
      return settle_closing(state, block, params, due);
    case DueKind::kFinalReceipts:
      return settle_final_receipts(state, block, params, due);
    case DueKind::kHoldback:
      return release_holdback(state, due);
    case DueKind::kBondReturn:
      return return_bond(state, block, params, due);
    case DueKind::kForgetTerm:
      return forget_term(state, due);
    case DueKind::kForgetBid:
      return forget_bid(state, block, params, due);
    case DueKind::kDemandOver:
      return settle_demands(state, block, params, due);
    case DueKind::kRenewal:
      return settle_renewal(state, block, params, due);
    case DueKind::kForgetHost:
      return forget_host(state, block, params, due);
    case DueKind::kForgetEvents:
      return forget_events(state, block, params, due);
    case DueKind::kStartBy:
      return settle_start_by(state, block, params, due);
  }
  CHECK(false);
}

}  // namespace

void settle_due(Overlay& state, const BlockContext& block) {
  // Settling may schedule more for this block (a window of zero length), hence the loop.
  for (std::vector<Due> due; !(due = due_until(state, block.time_ms)).empty();) {
    const MarketParams params = market_params(state);
    for (const Due& one : due) {
      unschedule(state, one);
      settle(state, block, params, one);
    }
  }
  wake_due(state, block);
}

std::optional<std::uint64_t> next_due_ms(const ReadView& state, std::uint64_t now_ms) {
  if (any_awake(state)) return now_ms;
  if (any_fresh_offer(state) && any_asleep(state)) return now_ms;
  const std::optional<std::uint64_t> due_ms = first_due(state);
  const std::optional<std::uint64_t> retry_ms = first_retry(state);
  return due_ms && retry_ms ? std::min(*due_ms, *retry_ms) : due_ms ? due_ms : retry_ms;
}

}  // namespace fog::market
