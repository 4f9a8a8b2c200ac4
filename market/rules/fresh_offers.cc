#include "market/rules/fresh_offers.h"

#include <algorithm>

#include "market/rules/matching_index.h"
#include "market/rules/query.h"

namespace fog::market {
namespace {

StateKey fresh_key(const HostId& host) {
  return state_key(Table::kFreshOffers, {host});
}
StateKey cursor_key() {
  return state_key(Table::kFreshCursor);
}

// The Hosts whose Offers are fresh, from the one on where the last block stopped, round to it.
std::vector<HostId> fresh_hosts(const ReadView& state, std::size_t most) {
  const StateKey first = state_key(Table::kFreshOffers);
  StateKey middle = first;
  if (const std::optional<Bytes> cursor = state.get(cursor_key())) append(middle, *cursor);
  std::vector<HostId> hosts;
  const auto take = [&](const StateKey& key, const Bytes&) {
    hosts.push_back(*fixed_from<32>(ByteView(key).subspan(1)));
    return hosts.size() < most;
  };
  state.scan(middle, prefix_end(first), take);
  if (hosts.size() < most) state.scan(first, middle, take);
  return hosts;
}

// What one block shows.
class Showing {
 public:
  Showing(Overlay& state, const BlockContext& block, const MarketParams& params,
          MatchingIndex& index)
      : state_(state),
        block_(block),
        params_(params),
        index_(index),
        showings_(showings_per_block(params)),
        sights_(sights_per_block(params)),
        looks_(looks_per_block(params)),
        wakes_(wakes_per_block(params)) {}

  // Whether the block may go on with the next Host.
  bool show(const HostId& host) {
    if (showings_ == 0 || looks_ == 0) return false;
    --showings_;  // a look at the Host itself
    const std::optional<Offer> offer = load<Offer>(state_, offer_key(host));
    if (offer && offer->since_height >= block_.height) return true;  // takes part from the next
    const IndexedOffer* indexed = index_.offers.find_offer(host);
    if (offer && indexed != nullptr && !show_to_sleepers(host, *offer, *indexed)) return false;
    state_.erase(fresh_key(host));
    return true;
  }

 private:
  // Whether all have seen it.
  bool show_to_sleepers(const HostId& host, const Offer& offer, const IndexedOffer& indexed) {
    auto fresh = must_load<FreshOffer>(state_, fresh_key(host));
    // Who has been searched for since it counts has seen it.
    const std::uint64_t counts_from = std::max(fresh.changed_height, offer.since_height + 1);
    SleeperIndex::Walk walk(index_.sleepers, indexed, {fresh.shown_height, fresh.shown},
                            counts_from);
    std::vector<BidId> woken;
    const bool has_all_looks = looks_ == looks_per_block(params_);
    bool any_sight = false;
    bool is_over = false;
    for (;;) {
      const auto sleeper = walk.next(looks_);
      is_over = !sleeper && (walk.is_over() || (has_all_looks && !any_sight));
      if (!sleeper || showings_ == 0 || sights_ == 0 || wakes_ == 0) break;
      any_sight = true;
      --sights_;
      fresh.shown_height = sleeper->turn.height;
      fresh.shown = sleeper->turn.id;
      if (!sleeper->may_want) continue;
      --showings_;
      Bid bid = must_load_bid(state_, sleeper->turn.id);
      if (!can_pay_any(params_, bid)) continue;
      if (!index_.offers.can_serve(host, query_of(state_, block_, bid, {}), params_)) continue;
      wake(state_, block_, bid);
      woken.push_back(bid.id);
      --wakes_;
    }
    for (const BidId& id : woken) index_.sleepers.remove(id);
    if (!is_over) store(state_, fresh_key(host), fresh);
    return is_over;
  }

  Overlay& state_;
  const BlockContext& block_;
  const MarketParams& params_;
  MatchingIndex& index_;
  std::uint64_t showings_;
  std::uint64_t sights_;
  std::uint64_t looks_;
  std::uint64_t wakes_;
};

}  // namespace

void note_offer_changed(Overlay& state, const BlockContext& block, const HostId& host) {
  store(state, fresh_key(host), FreshOffer{block.height, 0, {}});
}

bool any_fresh_offer(const ReadView& state) {
  return any_indexed(state, state_key(Table::kFreshOffers));
}

void show_fresh_offers(Overlay& state, const BlockContext& block, const MarketParams& params,
                       MatchingIndex& index) {
  Showing showing(state, block, params, index);
  const std::vector<HostId> hosts = fresh_hosts(state, showings_per_block(params) + 1);
  const auto stopped = std::find_if(hosts.begin(), hosts.end(),
                                    [&](const HostId& host) { return !showing.show(host); });
  if (stopped != hosts.end()) {
    state.put(cursor_key(), to_bytes(*stopped));
  } else {
    state.erase(cursor_key());
  }
}

}  // namespace fog::market
