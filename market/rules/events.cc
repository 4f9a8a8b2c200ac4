#include "market/rules/events.h"

#include <algorithm>

namespace fog::market {
namespace {

// How many events a block has so far.
struct EventCount {
  std::uint64_t height = 0;
  std::uint32_t count = 0;
  static constexpr auto kFields = std::make_tuple(&EventCount::height, &EventCount::count);
};

std::uint32_t next_number(Overlay& state, const BlockContext& block) {
  const StateKey key = state_key(Table::kEventCount);
  EventCount last = load<EventCount>(state, key).value_or(EventCount{});
  if (last.height != block.height) last = {block.height, 0};
  const std::uint32_t number = last.count++;
  store(state, key, last);
  return number;
}

Hash32 as_due_object(const Address& address) {
  Hash32 object;
  std::copy(address.data.begin(), address.data.end(), object.data.begin());
  return object;
}
Address address_in(const Hash32& object) {
  return *fixed_from<20>(ByteView(object).first(20));
}

// Those that may serve for the Bid, and those that it has named no longer since a moment ago.
void append_gateways(std::vector<Address>& to, const BlockContext& block, const Bid& bid) {
  to.insert(to.end(), bid.terms.gateways.begin(), bid.terms.gateways.end());
  if (block.time_ms <= bid.gateways_before_until_ms)
    to.insert(to.end(), bid.gateways_before.begin(), bid.gateways_before.end());
}

StateKey event_key(const Address& to, const MarketEvent& event) {
  StateKey key = events_of(to);
  append_be64(key, event.height);
  for (int shift = 24; shift >= 0; shift -= 8) {
    key.push_back(static_cast<std::uint8_t>(event.number >> shift));
  }
  return key;
}

}  // namespace

void emit(Overlay& state, const BlockContext& block, const MarketParams& params, MarketEvent event,
          const std::vector<Address>& to) {
  event.height = block.height;
  event.time_ms = block.time_ms;
  event.number = next_number(state, block);
  const Bytes text = bcs_encode(event);
  for (auto at = to.begin(); at != to.end(); ++at) {
    const Address& address = *at;
    if (std::find(to.begin(), at, address) != at) continue;  // one who is both is told once
    if (!any_indexed(state, events_of(address))) {
      schedule(state, {block.time_ms + params.events_kept_ms, DueKind::kForgetEvents,
                       as_due_object(address), 0});
    }
    state.put(event_key(address, event), text);
  }
}

void tell_bid(Overlay& state, const BlockContext& block, const MarketParams& params, const Bid& bid,
              MarketEvent event) {
  event.bid = bid.id;
  event.service = bid.terms.service;
  std::vector<Address> to{bid.owner};
  if (!event.gateway.is_zero()) to.push_back(event.gateway);
  append_gateways(to, block, bid);
  emit(state, block, params, std::move(event), to);
}

void tell_lease(Overlay& state, const BlockContext& block, const MarketParams& params,
                const Lease& lease, EventKind kind, std::uint64_t at_ms) {
  MarketEvent event;
  event.kind = kind;
  event.service = lease.service;
  event.bid = lease.bid;
  event.lease = lease.id;
  event.term = lease.term;
  event.host = lease.host;
  event.reason = lease.closed;
  event.scale = lease.scale;
  event.at_ms = at_ms;
  const Host host = must_load_host(state, lease.host);
  std::vector<Address> to{lease.publisher, host.owner, host.operator_account};
  append_gateways(to, block, must_load_bid(state, lease.bid));
  emit(state, block, params, std::move(event), to);
}

void tell_host(Overlay& state, const BlockContext& block, const MarketParams& params,
               const Host& host, MarketEvent event) {
  event.host = host.id;
  emit(state, block, params, std::move(event), {host.owner, host.operator_account});
}

void forget_events(Overlay& state, const BlockContext& block, const MarketParams& params,
                   const Due& due) {
  const StateKey prefix = events_of(address_in(due.object));
  std::vector<StateKey> old;
  std::optional<std::uint64_t> next_ms;
  state.scan(prefix, prefix_end(prefix), [&](const StateKey& key, const Bytes& value) {
    const auto event = bcs_decode<MarketEvent>(value);
    CHECK(event.has_value());
    const std::uint64_t until_ms = event->time_ms + params.events_kept_ms;
    if (until_ms > block.time_ms) {
      next_ms = until_ms;
      return false;
    }
    old.push_back(key);
    return true;
  });
  for (const StateKey& key : old) state.erase(key);
  if (next_ms) schedule(state, {*next_ms, DueKind::kForgetEvents, due.object, 0});
}

}  // namespace fog::market
