// Which Bids want replicas, and which of those are awake.
//
// A Bid that lacks replicas stands in Table::kOpenBids while awake and in Table::kSleepingBids
// while asleep, never in both; any other Bid in neither. Sleeping costs nothing per block: a Bid
// wakes by its retry time (due queue), by money, or when an Offer that changed could serve it.
#pragma once

#include "market/rules/keep.h"

namespace fog::market {

// Replicas that are to serve: the fewest, and those that gateways ask for beyond, up to the most.
inline std::uint16_t replicas_wanted(const Bid& bid) {
  if (bid.closed != CloseReason::kOpen) return 0;
  const std::uint32_t all = std::uint32_t{bid.terms.replicas_min} + bid.replicas_demanded;
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(all, bid.terms.replicas_max));
}
// Warm reservations that are to be kept beside them, as far as the Bid's most allows.
inline std::uint16_t reservations_wanted(const Bid& bid) {
  if (bid.closed != CloseReason::kOpen) return 0;
  return std::min(bid.terms.warm,
                  static_cast<std::uint16_t>(bid.terms.replicas_max - replicas_wanted(bid)));
}
// Replicas held that serve, or will, and stay.
inline std::uint16_t replicas_staying(const Bid& bid) {
  return static_cast<std::uint16_t>(bid.replicas_held - bid.replicas_leaving -
                                    bid.replicas_reserved);
}
// Replicas that a Bid lacks. A reservation may fill the place of one.
inline std::uint16_t missing_replicas(const Bid& bid) {
  const std::uint16_t wanted = replicas_wanted(bid);
  return static_cast<std::uint16_t>(wanted - std::min(wanted, replicas_staying(bid)));
}
inline std::uint16_t missing_reservations(const Bid& bid) {
  const std::uint16_t wanted = reservations_wanted(bid);
  return static_cast<std::uint16_t>(wanted - std::min(wanted, bid.replicas_reserved));
}
// Whether an auction has something to do for it.
inline bool lacks_any(const Bid& bid) {
  return missing_replicas(bid) > 0 || missing_reservations(bid) > 0 || bid.replicas_renewing > 0;
}

// Puts the Bid where it belongs, awake if it lacks any. Writes the Bid.
void wake(Overlay& state, Bid& bid);
// A search found nothing (more). The Bid is searched again when an Offer changes, and anyway after
// a while, each time after twice as long as it has slept, but not later than `retry_by_ms`. Writes
// the Bid.
void put_to_sleep(Overlay& state, const BlockContext& block, const MarketParams& params, Bid& bid,
                  std::uint64_t retry_by_ms);
// The Bid cannot lock a slice: only money wakes it. Writes the Bid.
void sleep_without_money(Overlay& state, Bid& bid);
// The retry time has come.
void retry_demand(Overlay& state, const BidId& id, std::uint64_t time_ms);

bool any_awake(const ReadView& state);
bool any_asleep(const ReadView& state);
struct AwakeBid {
  std::uint64_t created_height = 0;
  BidId id;
};
// Oldest first.
std::vector<AwakeBid> awake_bids(const ReadView& state);
std::vector<BidId> sleeping_bids(const ReadView& state);

// An Offer is new, cheaper, or has more room: sleeping Bids are to look at it.
void note_offer_changed(Overlay& state, const HostId& host);
std::vector<HostId> fresh_offers(const ReadView& state);
void forget_fresh_offer(Overlay& state, const HostId& host);
bool any_fresh_offer(const ReadView& state);

constexpr std::uint64_t kSleepMsMax = 3'600'000;

}  // namespace fog::market
