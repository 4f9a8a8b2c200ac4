// Which Bids want replicas, and which of those are awake.
//
// A Bid that lacks replicas stands in Table::kOpenBids while awake and in Table::kSleepingBids
// while asleep, never in both; any other Bid in neither. Those that are awake wait for a search,
// the longest first. Sleeping costs nothing per block: a Bid wakes by its retry time
// (Table::kRetries), by money, or when an Offer that changed could serve it (fresh_offers.h).
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
// Replicas and reservations that a search is for, those to be cleared again included.
inline std::uint32_t sought(const Bid& bid) {
  return std::uint32_t{missing_replicas(bid)} + missing_reservations(bid) + bid.replicas_renewing;
}
// As so many a block counts a search for it: the replicas that it holds are looked at again, so
// many of which take no less time than finding one.
constexpr std::uint32_t kHeldPerSearch = 32;
inline std::uint32_t searches_of(const Bid& bid) {
  return sought(bid) + bid.replicas_held / kHeldPerSearch;
}
// Whether an auction has something to do for it.
inline bool lacks_any(const Bid& bid) {
  return sought(bid) > 0;
}

// Replicas and reservations that it lacks and can lock a slice for.
std::uint64_t slices_of(const MarketParams& params, const Bid& bid);
bool can_pay_any(const MarketParams& params, const Bid& bid);

// Puts the Bid where it belongs, awake if it lacks any; one that waits for a search already keeps
// its place. Writes the Bid.
void wake(Overlay& state, const BlockContext& block, Bid& bid);
// It has been searched for and goes on waiting, behind all others. Writes the Bid.
void wait_again(Overlay& state, const BlockContext& block, Bid& bid);
// A search found nothing (more). The Bid is searched again when an Offer changes, and anyway after
// a while, each time after twice as long as it has slept, but not later than `retry_by_ms`. Writes
// the Bid.
void put_to_sleep(Overlay& state, const BlockContext& block, const MarketParams& params, Bid& bid,
                  std::uint64_t retry_by_ms);
// The Bid cannot lock a slice: only money wakes it. Writes the Bid.
void sleep_without_money(Overlay& state, const BlockContext& block, Bid& bid);
// Wakes those whose retry time has come, the longest due first, as many as one block may
// (wakes_per_block). The others stay due.
void wake_due(Overlay& state, const BlockContext& block);
// When the first is due.
std::optional<std::uint64_t> first_retry(const ReadView& state);

// Half of what a block searches: by their time and by Offers together no more wake than are
// searched, so that what wakes leaves those who come anew their turn.
inline std::uint32_t wakes_per_block(const MarketParams& params) {
  return (params.searches_per_block + 1) / 2;
}

bool any_awake(const ReadView& state);
bool any_asleep(const ReadView& state);
bool is_asleep(const ReadView& state, const Bid& bid);

// A Bid's place among those that wait, or among those that sleep.
struct DemandTurn {
  std::uint64_t height = 0;  // Bid::turn_height
  BidId id;
  auto operator<=>(const DemandTurn&) const = default;
};
// Nothing for another key.
std::optional<DemandTurn> sleeper_of(const StateKey& key);
// In their order, as long as `use` says true.
using UseTurn = std::function<bool(const DemandTurn&)>;
void each_awake(const ReadView& state, const UseTurn& use);
void each_asleep(const ReadView& state, const UseTurn& use);

constexpr std::uint64_t kSleepMsMax = 3'600'000;

}  // namespace fog::market
