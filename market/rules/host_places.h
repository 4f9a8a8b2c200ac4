// HostPlaces: at which place the index keeps a Host, found in one look where a map of a million
// would compare twenty ids on the way down. It has no order and is never walked, so that nothing
// can depend on one.
//
// The hash starts from the table's own address, which nobody outside knows, so that nobody can
// choose ids that collide. Not thread safe.
#pragma once

#include <optional>
#include <vector>

#include "chain/base/math.h"
#include "market/rules/offer_store.h"

namespace fog::market {

class HostPlaces {
 public:
  HostPlaces() = default;
  HostPlaces(const HostPlaces&) = delete;
  HostPlaces& operator=(const HostPlaces&) = delete;

  std::size_t size() const { return used_; }
  std::optional<OfferPlace> find(const HostId& host) const;
  // The Host must not be in it.
  void add(const HostId& host, OfferPlace place);
  // The Host must be in it.
  void remove(const HostId& host);
  std::size_t memory_bytes() const { return slots_.size() * sizeof(Slot); }

 private:
  struct Slot {
    HostId host;
    OfferPlace place = kEmpty;
  };
  static constexpr OfferPlace kEmpty = ~OfferPlace{0};
  static constexpr std::size_t kFirstSlots = 64;

  std::size_t mask() const { return slots_.size() - 1; }
  std::size_t home_of(const HostId& host) const;
  // Where the Host is, or would be put.
  std::size_t slot_for(const HostId& host) const;
  void grow();

  std::vector<Slot> slots_;  // a power of two, at most two thirds taken
  std::size_t used_ = 0;
};

}  // namespace fog::market
