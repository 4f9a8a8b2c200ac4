#include "market/rules/host_places.h"

namespace fog::market {

std::optional<OfferPlace> HostPlaces::find(const HostId& host) const {
  if (slots_.empty()) return std::nullopt;
  const Slot& slot = slots_[slot_for(host)];
  return slot.place == kEmpty ? std::nullopt : std::optional(slot.place);
}

void HostPlaces::add(const HostId& host, OfferPlace place) {
  CHECK(place != kEmpty);
  if ((used_ + 1) * 3 > slots_.size() * 2) grow();
  Slot& slot = slots_[slot_for(host)];
  CHECK(slot.place == kEmpty);
  slot = {host, place};
  ++used_;
}

// Those behind the gap move up where they would be looked for before it.
void HostPlaces::remove(const HostId& host) {
  std::size_t gap = slot_for(host);
  CHECK(slots_[gap].place != kEmpty);
  for (std::size_t at = (gap + 1) & mask(); slots_[at].place != kEmpty; at = (at + 1) & mask()) {
    const std::size_t from_home = (at - home_of(slots_[at].host)) & mask();
    if (from_home < ((at - gap) & mask())) continue;
    slots_[gap] = slots_[at];
    gap = at;
  }
  slots_[gap] = {};
  --used_;
}

std::size_t HostPlaces::home_of(const HostId& host) const {
  const std::uint64_t seed = reinterpret_cast<std::uintptr_t>(this) * 0x9E37'79B9'7F4A'7C15U;
  const u128 product = static_cast<u128>(id_prefix(host) ^ seed) * (seed | 1);
  return static_cast<std::size_t>(static_cast<std::uint64_t>(product >> 64) ^
                                  static_cast<std::uint64_t>(product)) &
         mask();
}

std::size_t HostPlaces::slot_for(const HostId& host) const {
  std::size_t at = home_of(host);
  while (slots_[at].place != kEmpty && slots_[at].host != host) at = (at + 1) & mask();
  return at;
}

void HostPlaces::grow() {
  std::vector<Slot> old(slots_.empty() ? kFirstSlots : slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.place != kEmpty) slots_[slot_for(slot.host)] = slot;
  }
}

}  // namespace fog::market
