#include "market/rules/host_places.h"

#include <cstring>

#include "chain/base/math.h"

namespace fog::market {

std::optional<OfferPlace> HostPlaces::find(const HostId& host) const {
  if (slots_.empty()) return std::nullopt;
  const Slot& slot = slots_[slot_for(host, hash_of(host))];
  return slot.place == kEmpty ? std::nullopt : std::optional(slot.place);
}

void HostPlaces::add(const HostId& host, OfferPlace place) {
  CHECK(place != kEmpty);
  if ((used_ + 1) * 3 > slots_.size() * 2) grow();
  const std::uint32_t hash = hash_of(host);
  Slot& slot = slots_[slot_for(host, hash)];
  CHECK(slot.place == kEmpty);
  slot = {hash, place};
  ++used_;
}

// Those behind the gap move up where they would be looked for before it.
void HostPlaces::remove(const HostId& host) {
  std::size_t gap = slot_for(host, hash_of(host));
  CHECK(slots_[gap].place != kEmpty);
  for (std::size_t at = (gap + 1) & mask(); slots_[at].place != kEmpty; at = (at + 1) & mask()) {
    const std::size_t from_home = (at - slots_[at].hash) & mask();
    if (from_home < ((at - gap) & mask())) continue;
    slots_[gap] = slots_[at];
    gap = at;
  }
  slots_[gap] = {};
  --used_;
}

std::uint32_t HostPlaces::hash_of(const HostId& host) const {
  const std::uint64_t seed = reinterpret_cast<std::uintptr_t>(this) * 0x9E37'79B9'7F4A'7C15U;
  std::uint64_t first = 0;
  std::memcpy(&first, host.data.data(), sizeof first);
  const u128 product = static_cast<u128>(first ^ seed) * (seed | 1);
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(product >> 64) ^
                                    static_cast<std::uint64_t>(product));
}

std::size_t HostPlaces::slot_for(const HostId& host, std::uint32_t hash) const {
  std::size_t at = hash & mask();
  for (; slots_[at].place != kEmpty; at = (at + 1) & mask()) {
    if (slots_[at].hash == hash && host_at_(owner_, slots_[at].place) == host) break;
  }
  return at;
}

void HostPlaces::grow() {
  std::vector<Slot, HugePages<Slot>> old(slots_.empty() ? kFirstSlots : slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.place == kEmpty) continue;
    std::size_t at = slot.hash & mask();
    while (slots_[at].place != kEmpty) at = (at + 1) & mask();
    slots_[at] = slot;
  }
}

}  // namespace fog::market
