// NodeArena<T>: numbered places for nodes of one size, in chunks that never move, with a free list
// inside the free places. A place costs sizeof(T) and nothing else.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

#include "chain/base/check.h"

namespace fog {

template <class T>
class NodeArena {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) >= sizeof(std::uint32_t));

 public:
  static constexpr std::uint32_t kPlacesMax = (1U << 31) - 1;

  std::uint32_t allocate(const T& value) {
    std::uint32_t index = first_free_;
    if (index != kNone) {
      std::memcpy(&first_free_, &place(index), sizeof first_free_);
    } else {
      CHECK(places_ < kPlacesMax);
      if (places_ % kChunk == 0) chunks_.push_back(std::make_unique_for_overwrite<T[]>(kChunk));
      index = places_++;
    }
    place(index) = value;
    ++in_use_;
    return index;
  }
  void free(std::uint32_t index) {
    CHECK(index < places_ && in_use_ > 0);
    std::memcpy(static_cast<void*>(&place(index)), &first_free_, sizeof first_free_);
    first_free_ = index;
    --in_use_;
  }
  const T& operator[](std::uint32_t index) const { return chunks_[index / kChunk][index % kChunk]; }

  std::size_t in_use() const { return in_use_; }
  std::size_t memory_bytes() const { return chunks_.size() * kChunk * sizeof(T); }

 private:
  static constexpr std::uint32_t kNone = 0xFFFF'FFFF;
  static constexpr std::uint32_t kChunk = 1U << 12;

  T& place(std::uint32_t index) { return chunks_[index / kChunk][index % kChunk]; }

  std::vector<std::unique_ptr<T[]>> chunks_;
  std::uint32_t places_ = 0;
  std::uint32_t first_free_ = kNone;
  std::size_t in_use_ = 0;
};

}  // namespace fog
