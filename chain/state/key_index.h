// KeyIndex<Entry>: finds the entries of an ordered map by key in one look, where the map itself
// would compare a dozen keys on the way down. It holds pointers to the map's entries and decides
// nothing: whatever is visited in order is visited in the map's.
//
// The hash starts from the index's own address, which nobody outside knows, so that nobody can
// choose keys that collide. Not thread safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "chain/base/bytes.h"
#include "chain/base/math.h"

namespace fog {

// Entry has the key in `first` and does not move while it is here.
template <class Entry>
class KeyIndex {
 public:
  KeyIndex() = default;
  KeyIndex(const KeyIndex&) = delete;
  KeyIndex& operator=(const KeyIndex&) = delete;

  bool empty() const { return used_ == 0; }
  Entry* find(const Bytes& key) const {
    if (slots_.empty()) return nullptr;
    const std::uint64_t hash = hash_of(key);
    for (std::size_t at = hash & mask(); slots_[at].entry != nullptr; at = (at + 1) & mask()) {
      if (slots_[at].hash == hash && slots_[at].entry->first == key) return slots_[at].entry;
    }
    return nullptr;
  }
  // Its key must not be in here.
  void add(Entry& entry) {
    if ((used_ + 1) * 3 > slots_.size() * 2) grow();
    place({hash_of(entry.first), &entry});
    ++used_;
  }
  void clear() {
    slots_.clear();
    used_ = 0;
  }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    Entry* entry = nullptr;
  };
  static constexpr std::size_t kFirstSlots = 64;

  std::size_t mask() const { return slots_.size() - 1; }
  void place(const Slot& slot) {
    std::size_t at = slot.hash & mask();
    while (slots_[at].entry != nullptr) at = (at + 1) & mask();
    slots_[at] = slot;
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? kFirstSlots : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.entry != nullptr) place(slot);
    }
  }
  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    const u128 product = static_cast<u128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  // Multiply and fold, eight bytes at a time (after wyhash).
  std::uint64_t hash_of(const Bytes& key) const {
    const std::uint64_t seed = reinterpret_cast<std::uintptr_t>(this) * 0x9E37'79B9'7F4A'7C15U;
    std::uint64_t hash = seed ^ key.size();
    std::size_t at = 0;
    for (; at < key.size(); at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, key.data() + at, std::min<std::size_t>(8, key.size() - at));
      hash = fold(hash ^ word, seed | 1);
    }
    return fold(hash ^ 0xA076'1D64'78BD'642FU, seed | 1);
  }

  std::vector<Slot> slots_;  // a power of two, at most two thirds taken
  std::size_t used_ = 0;
};

}  // namespace fog
