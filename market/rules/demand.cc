#include "market/rules/demand.h"

#include <algorithm>

#include "market/rules/due.h"

namespace fog::market {
namespace {

StateKey open_key(const Bid& bid) {
  StateKey key = state_key(Table::kOpenBids);
  append_be64(key, bid.created_height);
  append(key, bid.id);
  return key;
}
StateKey sleeping_prefix() {
  return state_key(Table::kSleepingBids);
}
StateKey fresh_prefix() {
  return state_key(Table::kFreshOffers);
}

void leave_sleep(Overlay& state, Bid& bid) {
  drop_index(state, sleeping_prefix(), bid.id);
  if (bid.sleep_until_ms != 0) {
    unschedule(state, {bid.sleep_until_ms, DueKind::kRetry, bid.id, 0});
  }
  bid.sleep_until_ms = 0;
}

void fall_asleep(Overlay& state, Bid& bid) {
  leave_sleep(state, bid);
  state.erase(open_key(bid));
  add_index(state, sleeping_prefix(), bid.id);
}

}  // namespace

void wake(Overlay& state, Bid& bid) {
  leave_sleep(state, bid);
  if (lacks_any(bid)) {
    state.put(open_key(bid), {});
  } else {
    state.erase(open_key(bid));
    bid.asleep_since_ms = 0;
  }
  keep(state, bid);
}

void put_to_sleep(Overlay& state, const BlockContext& block, const MarketParams& params, Bid& bid,
                  std::uint64_t retry_by_ms) {
  CHECK(retry_by_ms > block.time_ms);
  fall_asleep(state, bid);
  if (bid.asleep_since_ms == 0) bid.asleep_since_ms = block.time_ms;
  const std::uint64_t slept_ms = block.time_ms - bid.asleep_since_ms;
  const std::uint64_t sleep_ms = std::max(
      {std::uint64_t{params.sleep_retry_ms}, std::min(slept_ms, kSleepMsMax), std::uint64_t{1}});
  bid.sleep_until_ms = std::min(block.time_ms + sleep_ms, retry_by_ms);
  schedule(state, {bid.sleep_until_ms, DueKind::kRetry, bid.id, 0});
  keep(state, bid);
}

void sleep_without_money(Overlay& state, Bid& bid) {
  fall_asleep(state, bid);
  keep(state, bid);
}

void retry_demand(Overlay& state, const BidId& id, std::uint64_t time_ms) {
  std::optional<Bid> bid = load<Bid>(state, bid_key(id));
  if (bid && bid->sleep_until_ms == time_ms) wake(state, *bid);
}

bool any_awake(const ReadView& state) {
  return any_indexed(state, state_key(Table::kOpenBids));
}

bool any_asleep(const ReadView& state) {
  return any_indexed(state, sleeping_prefix());
}

std::vector<AwakeBid> awake_bids(const ReadView& state) {
  std::vector<AwakeBid> bids;
  const StateKey prefix = state_key(Table::kOpenBids);
  state.scan(prefix, prefix_end(prefix), [&](const StateKey& key, const Bytes&) {
    const auto id = fixed_from<32>(ByteView(key).subspan(9));
    CHECK(id.has_value());
    bids.push_back({read_be64(ByteView(key).subspan(1, 8)), *id});
    return true;
  });
  return bids;
}

std::vector<BidId> sleeping_bids(const ReadView& state) {
  return indexed_ids(state, sleeping_prefix());
}

void note_offer_changed(Overlay& state, const HostId& host) {
  add_index(state, fresh_prefix(), host);
}

std::vector<HostId> fresh_offers(const ReadView& state) {
  return indexed_ids(state, fresh_prefix());
}

void forget_fresh_offer(Overlay& state, const HostId& host) {
  drop_index(state, fresh_prefix(), host);
}

bool any_fresh_offer(const ReadView& state) {
  return any_indexed(state, fresh_prefix());
}

}  // namespace fog::market
