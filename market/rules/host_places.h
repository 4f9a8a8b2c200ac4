// HostPlaces: at which place the index keeps a Host, found in one look where a map of a million
// would compare twenty ids on the way down. It has no order and is never walked, so that nothing
// can depend on one.
//
// The hash starts from the table's own address, which nobody outside knows, so that nobody can
// choose ids that collide. Not thread safe.
#pragma once

#include <optional>
#include <vector>

#include "chain/state/huge_pages.h"
#include "market/rules/offer_store.h"

namespace fog::market {

class HostPlaces {
 public:
  // Which Host stands at a place.
  using HostAt = const HostId& (*)(const void* owner, OfferPlace place);

  HostPlaces(const void* owner, HostAt host_at) : owner_(owner), host_at_(host_at) {}
  HostPlaces(const HostPlaces&) = delete;
  HostPlaces& operator=(const HostPlaces&) = delete;

  std::size_t size() const { return used_; }
  std::optional<OfferPlace> find(const HostId& host) const;
  // Starts to fetch what find() looks at.
  void prefetch(const HostId& host) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[hash_of(host) & mask()]);
  }
  // The Host must not be in it, and stand there.
  void add(const HostId& host, OfferPlace place);
  // The Host must be in it, and still stand there.
  void remove(const HostId& host);
  std::size_t memory_bytes() const { return slots_.size() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    OfferPlace place = kEmpty;
  };
  static constexpr OfferPlace kEmpty = ~OfferPlace{0};
  static constexpr std::size_t kFirstSlots = 64;

  std::size_t mask() const { return slots_.size() - 1; }
  std::uint32_t hash_of(const HostId& host) const;
  // Where the Host is, or would be put.
  std::size_t slot_for(const HostId& host, std::uint32_t hash) const;
  void grow();

  const void* owner_;
  HostAt host_at_;
  std::vector<Slot, HugePages<Slot>> slots_;  // a power of two, at most two thirds taken
  std::size_t used_ = 0;
};

}  // namespace fog::market
