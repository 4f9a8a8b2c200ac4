// Hosts: registering, changing and retiring.
#include "market/rules/capacity.h"
#include "market/rules/events.h"
#include "market/rules/fresh_offers.h"
#include "market/rules/leases.h"
#include "market/rules/rules.h"
#include "market/types/tunnel.h"

namespace fog::market {
namespace {

// What RegisterHost and UpdateHost have in common.
template <class Message>
Fault check_host(const Message& message) {
  if (!is_valid(message.operator_key)) return Fault::kBadPublicKey;
  if (!is_host_endpoint(message.endpoint)) return Fault::kBadEndpoint;
  if (!is_location(message.location)) return Fault::kBadLocation;
  if (!message.capacity.within_bounds() || message.capacity.cpu_milli == 0 ||
      message.capacity.memory_mib == 0) {
    return Fault::kBadResources;
  }
  if (message.runtimes.empty()) return Fault::kBadRuntime;
  for (const RuntimeProfile& runtime : message.runtimes) {
    if (runtime.is_zero()) return Fault::kBadRuntime;
  }
  return Fault::kNone;
}

template <class Message>
void take_over(Host& host, const Message& message) {
  host.operator_account = address_of(message.operator_key);
  host.operator_key = message.operator_key;
  host.endpoint = message.endpoint;
  host.location = message.location;
  host.capacity = message.capacity;
  host.attributes = message.attributes;
  host.runtimes = message.runtimes;
}

// The Host takes no new leases; those that serve do so until `until_ms`, when others have taken
// their places.
void take_out(Overlay& state, const BlockContext& block, const MarketParams& params,
              const HostId& host, CloseReason reason, std::uint64_t until_ms) {
  drop_offer(state, host);
  for (const LeaseId& id : indexed_ids(state, leases_by_host(host))) {
    if (must_load_lease(state, id).host != host) continue;
    give_notice(state, block, params, id, reason, until_ms);
  }
}

}  // namespace

bool is_location(const Location& location) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  return location.country.size() == 2 && upper(location.country[0]) && upper(location.country[1]) &&
         location.lat_milli <= 180'000 && location.lon_milli <= 360'000;
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const RegisterHost& message) {
  const HostId id = make_host_id(tx.id, tx.message);
  if (const Fault fault = check_host(message); fault != Fault::kNone) return fault;
  if (message.bond < market_params(state).host_bond_min) return Fault::kBondTooLow;
  if (const Fault fault = debit(state, tx.sender, message.bond); fault != Fault::kNone) {
    return fault;
  }

  Host host;
  host.id = id;
  host.owner = tx.sender;
  host.bond = message.bond;
  host.standing_as_of_ms = block.time_ms;
  host.last_seen_ms = block.time_ms;
  take_over(host, message);
  keep(state, host);
  add_index(state, hosts_by_owner(host.owner), id);
  add_index(state, all_hosts(), id);
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const UpdateHost& message) {
  std::optional<Host> host = load<Host>(state, host_key(message.host));
  if (!host) return Fault::kHostNotFound;
  if (host->owner != tx.sender) return Fault::kNotHostOwner;
  if (host->retired_at_ms != 0) return Fault::kHostRetired;
  if (const Fault fault = check_host(message); fault != Fault::kNone) return fault;
  const Resources held = capacity_held(state, message.host);
  if (!message.capacity.fits(held)) return Fault::kHostBusy;
  if (const Fault fault = debit(state, tx.sender, message.bond_added); fault != Fault::kNone) {
    return fault;
  }

  host->bond += message.bond_added;
  take_over(*host, message);
  keep(state, *host);
  std::optional<Offer> offer = load<Offer>(state, offer_key(message.host));
  if (!offer) return Fault::kNone;
  // What may decide an auction has changed, so the Offer counts as recorded now.
  offer->free = smaller_of(offer->free, capacity_left(message.capacity, held));
  offer->since_height = block.height;
  keep(state, *offer);
  note_offer_changed(state, block, message.host);
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const RetireHost& message) {
  std::optional<Host> host = load<Host>(state, host_key(message.host));
  if (!host) return Fault::kHostNotFound;
  if (host->owner != tx.sender) return Fault::kNotHostOwner;
  if (host->retired_at_ms != 0) return Fault::kHostRetired;

  const MarketParams params = market_params(state);
  host->retired_at_ms = block.time_ms;
  host->auditors = 0;
  keep(state, *host);
  state.erase(host_audit_key(message.host));
  take_out(state, block, params, message.host, CloseReason::kHostRetired,
           block.time_ms + params.notice_ms);
  const std::uint64_t returned_ms = block.time_ms + params.bond_return_ms;
  schedule(state, {returned_ms, DueKind::kBondReturn, message.host, 0});
  MarketEvent event;
  event.kind = EventKind::kHostRetired;
  event.at_ms = returned_ms;
  tell_host(state, block, params, *host, event);
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const DrainHost& message) {
  std::optional<Host> host = load<Host>(state, host_key(message.host));
  if (!host) return Fault::kHostNotFound;
  if (tx.sender != host->owner && tx.sender != host->operator_account) {
    return Fault::kNotHostOperator;
  }
  if (host->retired_at_ms != 0) return Fault::kHostRetired;
  if (block.time_ms < host->leaving_at_ms) return Fault::kHostLeaving;
  const MarketParams params = market_params(state);
  if (message.after_ms < params.notice_ms || message.after_ms > kDrainMsMax) {
    return Fault::kBadNotice;
  }

  host->leaving_at_ms = block.time_ms + message.after_ms;
  keep(state, *host);
  take_out(state, block, params, message.host, CloseReason::kHostLeaving, host->leaving_at_ms);
  MarketEvent event;
  event.kind = EventKind::kHostLeaving;
  event.at_ms = host->leaving_at_ms;
  tell_host(state, block, params, *host, event);
  return Fault::kNone;
}

}  // namespace fog::market
