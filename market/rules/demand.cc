#include "market/rules/demand.h"

#include <algorithm>

#include "market/rules/settlement.h"

namespace fog::market {
namespace {

StateKey timed_key(Table table, std::uint64_t number, const BidId& id) {
  StateKey key = state_key(table);
  append_be64(key, number);
  append(key, id);
  return key;
}
StateKey open_key(const Bid& bid) {
  return timed_key(Table::kOpenBids, bid.turn_height, bid.id);
}
StateKey sleeping_key(const Bid& bid) {
  return timed_key(Table::kSleepingBids, bid.turn_height, bid.id);
}
StateKey retry_key(const Bid& bid) {
  return timed_key(Table::kRetries, bid.sleep_until_ms, bid.id);
}

// The number and the Bid of a key of timed_key().
DemandTurn turn_of(const StateKey& key) {
  CHECK(key.size() == 1 + 8 + 32);
  return {read_be64(ByteView(key).subspan(1, 8)), *fixed_from<32>(ByteView(key).subspan(9))};
}

void each_of(const ReadView& state, Table table, const UseTurn& use) {
  const StateKey prefix = state_key(table);
  state.scan(prefix, prefix_end(prefix),
             [&](const StateKey& key, const Bytes&) { return use(turn_of(key)); });
}

void leave_sleep(Overlay& state, Bid& bid) {
  state.erase(sleeping_key(bid));
  if (bid.sleep_until_ms != 0) state.erase(retry_key(bid));
  bid.sleep_until_ms = 0;
}

void fall_asleep(Overlay& state, const BlockContext& block, Bid& bid) {
  leave_sleep(state, bid);
  state.erase(open_key(bid));
  bid.turn_height = block.height;
  state.put(sleeping_key(bid), {});
}

}  // namespace

std::uint64_t slices_of(const MarketParams& params, const Bid& bid) {
  return bid.free.droplets / full_slice(params, bid.terms.spend_per_hour_max).droplets;
}

bool can_pay_any(const MarketParams& params, const Bid& bid) {
  return (missing_replicas(bid) > 0 || missing_reservations(bid) > 0) && slices_of(params, bid) > 0;
}

void wake(Overlay& state, const BlockContext& block, Bid& bid) {
  leave_sleep(state, bid);
  if (!lacks_any(bid)) {
    state.erase(open_key(bid));
    bid.turn_height = 0;
    bid.asleep_since_ms = 0;
  } else if (!state.get(open_key(bid))) {
    bid.turn_height = block.height;
    state.put(open_key(bid), {});
  }
  keep(state, bid);
}

void wait_again(Overlay& state, const BlockContext& block, Bid& bid) {
  state.erase(open_key(bid));
  wake(state, block, bid);
}

void put_to_sleep(Overlay& state, const BlockContext& block, const MarketParams& params, Bid& bid,
                  std::uint64_t retry_by_ms) {
  CHECK(retry_by_ms > block.time_ms);
  fall_asleep(state, block, bid);
  if (bid.asleep_since_ms == 0) bid.asleep_since_ms = block.time_ms;
  const std::uint64_t slept_ms = block.time_ms - bid.asleep_since_ms;
  const std::uint64_t sleep_ms = std::max(
      {std::uint64_t{params.sleep_retry_ms}, std::min(slept_ms, kSleepMsMax), std::uint64_t{1}});
  bid.sleep_until_ms = std::min(block.time_ms + sleep_ms, retry_by_ms);
  state.put(retry_key(bid), {});
  keep(state, bid);
}

void sleep_without_money(Overlay& state, const BlockContext& block, Bid& bid) {
  fall_asleep(state, block, bid);
  keep(state, bid);
}

void wake_due(Overlay& state, const BlockContext& block) {
  const std::optional<std::uint64_t> first_ms = first_retry(state);
  if (!first_ms || *first_ms > block.time_ms) return;
  const std::size_t most = wakes_per_block(market_params(state));
  std::vector<BidId> due;
  each_of(state, Table::kRetries, [&](const DemandTurn& retry) {
    if (retry.height > block.time_ms) return false;
    due.push_back(retry.id);
    return due.size() < most;
  });
  for (const BidId& id : due) {
    Bid bid = must_load_bid(state, id);
    wake(state, block, bid);
  }
}

std::optional<std::uint64_t> first_retry(const ReadView& state) {
  std::optional<std::uint64_t> time_ms;
  each_of(state, Table::kRetries, [&](const DemandTurn& retry) {
    time_ms = retry.height;
    return false;
  });
  return time_ms;
}

bool any_awake(const ReadView& state) {
  return any_indexed(state, state_key(Table::kOpenBids));
}

bool any_asleep(const ReadView& state) {
  return any_indexed(state, state_key(Table::kSleepingBids));
}

bool is_asleep(const ReadView& state, const Bid& bid) {
  return state.get(sleeping_key(bid)).has_value();
}

std::optional<DemandTurn> sleeper_of(const StateKey& key) {
  if (key.empty() || key[0] != static_cast<std::uint8_t>(Table::kSleepingBids)) return std::nullopt;
  return turn_of(key);
}

void each_awake(const ReadView& state, const UseTurn& use) {
  each_of(state, Table::kOpenBids, use);
}

void each_asleep(const ReadView& state, const UseTurn& use) {
  each_of(state, Table::kSleepingBids, use);
}

}  // namespace fog::market
