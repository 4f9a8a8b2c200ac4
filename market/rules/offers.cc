// Offers: a Host's one number, and how much of its capacity it offers at that.
#include "market/rules/capacity.h"
#include "market/rules/fresh_offers.h"
#include "market/rules/rules.h"

namespace fog::market {
namespace {

StateKey offer_index_key(const Offer& offer) {
  StateKey key = state_key(Table::kOffersByClass);
  key.push_back(offer.price_class);
  for (int shift = 24; shift >= 0; shift -= 8) {
    key.push_back(static_cast<std::uint8_t>(offer.scale >> shift));
  }
  append(key, offer.host);
  return key;
}

Result<Host, Fault> host_for(const ReadView& state, const TxContext& tx, const HostId& id) {
  std::optional<Host> host = load<Host>(state, host_key(id));
  if (!host) return Fail{Fault::kHostNotFound};
  if (tx.sender != host->owner && tx.sender != host->operator_account) {
    return Fail{Fault::kNotHostOperator};
  }
  return *std::move(host);
}

}  // namespace

Resources capacity_held(const ReadView& state, const HostId& host) {
  Resources held;
  for (const LeaseId& id : indexed_ids(state, leases_by_host(host))) {
    const Lease lease = must_load_lease(state, id);
    if (lease.host != host || lease.state == LeaseState::kClosed) continue;
    held.cpu_milli += lease.resources.cpu_milli;
    held.memory_mib += lease.resources.memory_mib;
    held.storage_mib += lease.resources.storage_mib;
    held.egress_mbps += lease.resources.egress_mbps;
    if (lease.resources.gpu) {
      if (!held.gpu) held.gpu = Gpu{lease.resources.gpu->model, 0};
      held.gpu->milli += lease.resources.gpu->milli;
    }
  }
  return held;
}

Resources capacity_left(Resources total, const Resources& held) {
  total.take(held);
  return total;
}

Resources smaller_of(const Resources& a, const Resources& b) {
  Resources out{std::min(a.cpu_milli, b.cpu_milli), std::min(a.memory_mib, b.memory_mib),
                std::min(a.storage_mib, b.storage_mib), std::min(a.egress_mbps, b.egress_mbps),
                std::nullopt};
  if (a.gpu && b.gpu && a.gpu->model == b.gpu->model) {
    out.gpu = Gpu{a.gpu->model, std::min(a.gpu->milli, b.gpu->milli)};
  }
  return out;
}

void drop_offer(Overlay& state, const HostId& host) {
  const std::optional<Offer> offer = load<Offer>(state, offer_key(host));
  if (!offer) return;
  state.erase(offer_index_key(*offer));
  state.erase(offer_key(host));
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const SetOffer& message) {
  const auto host = host_for(state, tx, message.host);
  if (!host) return host.error();
  if (host->retired_at_ms != 0) return Fault::kHostRetired;
  if (block.time_ms < host->leaving_at_ms) return Fault::kHostLeaving;
  const MarketParams params = market_params(state);
  if (host->bond < params.host_bond_min) return Fault::kBondTooLow;
  if (message.price_class >= params.classes.size()) return Fault::kBadPriceClass;
  if (message.scale < kScaleMin || message.scale > kScaleMax) return Fault::kBadScale;
  const Resources& offered = message.offered;
  if (offered.cpu_milli == 0 || offered.memory_mib == 0 || !offered.within_bounds() ||
      !host->capacity.fits(offered)) {
    return Fault::kBadResources;
  }
  const Resources held = capacity_held(state, message.host);
  if (!offered.fits(held)) return Fault::kHostBusy;

  drop_offer(state, message.host);
  const Offer offer{message.host, message.price_class, message.scale, capacity_left(offered, held),
                    block.height};
  keep(state, offer);
  state.put(offer_index_key(offer), {});
  note_offer_changed(state, block, message.host);
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext&, const TxContext& tx,
            const WithdrawOffer& message) {
  const auto host = host_for(state, tx, message.host);
  if (!host) return host.error();
  if (!load<Offer>(state, offer_key(message.host))) return Fault::kOfferNotFound;

  drop_offer(state, message.host);
  return Fault::kNone;
}

}  // namespace fog::market
