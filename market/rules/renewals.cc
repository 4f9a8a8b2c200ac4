#include "market/rules/renewals.h"

#include <algorithm>

#include "market/rules/demand.h"
#include "market/rules/events.h"
#include "market/rules/offer_index.h"
#include "market/rules/pricing.h"
#include "market/rules/settlement.h"

namespace fog::market {
namespace {

// A Host that has just changed its Offer is cleared with the next block, when the Offer counts; not
// for ever, or it could put the auction off.
bool waits_for_offer(const BlockContext& block, const MarketParams& params, const Lease& lease,
                     const std::optional<Offer>& offer) {
  return offer && offer->since_height >= block.height &&
         block.time_ms < lease.renews_ms + params.notice_ms;
}

}  // namespace

void settle_renewal(Overlay& state, const BlockContext& block, const MarketParams& params,
                    const Due& due) {
  std::optional<Lease> lease = load<Lease>(state, lease_key(due.object));
  if (!lease || lease->term != due.number || lease->renews_ms != due.time_ms) return;
  if (lease->state == LeaseState::kReserved) {
    return end_term(state, block, params, lease->id, CloseReason::kLeaseOver, block.time_ms);
  }
  if (lease->state != LeaseState::kActive || lease->renewing) return;
  lease->renewing = true;
  store(state, lease_key(lease->id), *lease);
  Bid bid = must_load_bid(state, lease->bid);
  ++bid.replicas_renewing;
  wake(state, block, bid);
}

Renewals::Renewals(Overlay& state, const BlockContext& block, const MarketParams& params,
                   OfferIndex& index, const BidId& id)
    : state_(state), block_(block), params_(params), index_(index) {
  Bid bid = must_load_bid(state, id);
  if (bid.replicas_renewing == 0) return;
  std::map<std::uint32_t, Lease> leases;
  for (const LeaseId& lease_id : indexed_ids(state, leases_by_bid(id))) {
    Lease lease = must_load_lease(state, lease_id);
    if (lease.renewing) leases.emplace(lease.ordinal, std::move(lease));
  }
  for (auto& [ordinal, lease] : leases) {
    std::optional<Offer> offer = load<Offer>(state, offer_key(lease.host));
    if (waits_for_offer(block, params, lease, offer)) continue;
    drop_renewal(bid, lease);
    store(state, lease_key(lease.id), lease);
    // Whoever has not reported since the last renewal, or runs what the Bid no longer asks for,
    // cannot go on as it is.
    const bool may_go_on = offer && !lease.past_price && lease.resources == bid.terms.resources;
    if (may_go_on) {
      offer->free.give_back(lease.resources);
      keep(state, *offer);
      index.touch(lease.host);
    }
    leases_.push_back({lease.id, lease.host, lease.resources, may_go_on});
  }
  keep(state, bid);
  index.refresh(state);
}

bool Renewals::contains(const LeaseId& id) const {
  return std::any_of(leases_.begin(), leases_.end(),
                     [&](const Item& item) { return item.id == id; });
}

void Renewals::take_back(const Item& item) {
  auto offer = must_load<Offer>(state_, offer_key(item.host));
  offer.free.take(item.resources);
  keep(state_, offer);
  index_.touch(item.host);
}

bool Renewals::renew(const HostId& host, Scale scale) {
  const auto item = std::find_if(leases_.begin(), leases_.end(),
                                 [&](const Item& i) { return i.lent && i.host == host; });
  if (item == leases_.end()) return false;
  take_back(*item);
  Lease lease = must_load_lease(state_, item->id);
  leases_.erase(item);
  Bid bid = must_load_bid(state_, lease.bid);
  const auto offer = must_load<Offer>(state_, offer_key(host));
  change_price(lease, block_.time_ms, params_.classes[offer.price_class].prices, scale);
  ++lease.renewals;
  lease.renews_ms = 0;
  if (bid.terms.lease_ms != 0) {
    schedule_renewal(state_, lease, block_.time_ms + bid.terms.lease_ms);
  }
  lease.spend_per_hour_max = bid.terms.spend_per_hour_max;
  const Amount full = full_slice(params_, lease.spend_per_hour_max);
  const bool filled = fill_slice(bid, lease, full);
  lease.allowance = std::min(lease.allowance, full);
  store(state_, lease_key(lease.id), lease);
  keep_escrow(state_, block_, params_, bid);
  tell_lease(state_, block_, params_, lease, EventKind::kLeaseRenewed, lease.renews_ms);
  if (!filled) {
    start_closing(state_, block_, params_, lease.id, CloseReason::kEscrowExhausted,
                  block_.time_ms + params_.notice_ms);
  }
  return true;
}

void Renewals::finish(bool short_of_money) {
  for (const Item& item : leases_) {
    if (item.lent) take_back(item);
    const Bid bid = must_load_bid(state_, must_load_lease(state_, item.id).bid);
    const bool has_follower = replicas_staying(bid) > replicas_wanted(bid);
    start_closing(
        state_, block_, params_, item.id,
        short_of_money && !has_follower ? CloseReason::kEscrowExhausted : CloseReason::kLeaseOver,
        block_.time_ms + params_.notice_ms);
  }
  leases_.clear();
  index_.refresh(state_);
}

}  // namespace fog::market
