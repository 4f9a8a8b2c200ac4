// Reading and writing the market's records by id. A record that another one names must exist: its
// absence is our own bug and stops the node.
#pragma once

#include "chain/ledger/context.h"
#include "market/types/objects.h"

namespace fog::market {

template <class T>
T must_load(const ReadView& state, const StateKey& key) {
  std::optional<T> value = load<T>(state, key);
  CHECK(value.has_value());
  return *std::move(value);
}

inline MarketParams market_params(const ReadView& state) {
  return must_load<MarketParams>(state, market_params_key());
}
inline Host must_load_host(const ReadView& state, const HostId& id) {
  return must_load<Host>(state, host_key(id));
}
inline Bid must_load_bid(const ReadView& state, const BidId& id) {
  return must_load<Bid>(state, bid_key(id));
}
inline Lease must_load_lease(const ReadView& state, const LeaseId& id) {
  return must_load<Lease>(state, lease_key(id));
}
inline void keep(Overlay& state, const Host& host) {
  store(state, host_key(host.id), host);
}
inline void keep(Overlay& state, const Offer& offer) {
  store(state, offer_key(offer.host), offer);
}
inline void keep(Overlay& state, const Gateway& gateway) {
  store(state, gateway_key(gateway.owner), gateway);
}
inline void keep(Overlay& state, const Service& service) {
  store(state, service_key(service.name), service);
}
inline void keep(Overlay& state, const Bid& bid) {
  store(state, bid_key(bid.id), bid);
}

// Index entries: key = prefix || tail, value empty.
inline StateKey index_key(StateKey prefix, ByteView tail) {
  append(prefix, tail);
  return prefix;
}
inline void add_index(Overlay& state, StateKey prefix, ByteView tail) {
  state.put(index_key(std::move(prefix), tail), {});
}
inline void drop_index(Overlay& state, StateKey prefix, ByteView tail) {
  state.erase(index_key(std::move(prefix), tail));
}
// The 32-byte ids under a prefix, ascending.
std::vector<Hash32> indexed_ids(const ReadView& state, const StateKey& prefix);
bool any_indexed(const ReadView& state, const StateKey& prefix);

// a + b, or the largest amount: for figures that are shown and never paid from.
inline Amount saturating_add(Amount a, Amount b) {
  return checked_add(a, b).value_or(Amount{std::numeric_limits<std::uint64_t>::max()});
}

}  // namespace fog::market
