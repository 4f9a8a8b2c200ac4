// NodeArena<T, kChunk>: numbered places for nodes of one size, in chunks of kChunk places that
// never move, with a free list inside the free places. A place costs sizeof(T) and nothing else.
//
// A chunk is whole huge pages.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

#include "chain/state/huge_pages.h"

namespace fog {

template <class T, std::uint32_t kChunk>
class NodeArena {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) >= sizeof(std::uint32_t));
  static constexpr std::size_t kChunkBytes = kChunk * sizeof(T);
  static_assert(kChunkBytes % kHugePage == 0 && (kChunk & (kChunk - 1)) == 0);

 public:
  static constexpr std::uint32_t kPlacesMax = (1U << 31) - 1;

  std::uint32_t allocate(const T& value) {
    std::uint32_t index = first_free_;
    if (index != kNone) {
      std::memcpy(&first_free_, &place(index), sizeof first_free_);
    } else {
      CHECK(places_ < kPlacesMax);
      if (places_ % kChunk == 0) add_chunk();
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
  // Valid until the place is freed.
  T& operator[](std::uint32_t index) { return place(index); }
  // Starts to fetch a node into the cache.
  void prefetch(std::uint32_t index) const {
    const auto* node = reinterpret_cast<const char*>(&chunks_[index / kChunk][index % kChunk]);
    __builtin_prefetch(node);
    __builtin_prefetch(node + sizeof(T) - 1);
  }

  std::size_t in_use() const { return in_use_; }
  // Of places that have ever been used; the rest of the last chunk takes no memory.
  std::size_t memory_bytes() const { return std::size_t{places_} * sizeof(T); }

 private:
  static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

  struct Release {
    void operator()(T* chunk) const { std::free(chunk); }
  };

  void add_chunk() {
    // A small tree keeps small pages.
    chunks_.emplace_back(static_cast<T*>(allocate_pages(kChunkBytes, !chunks_.empty())));
  }
  T& place(std::uint32_t index) { return chunks_[index / kChunk][index % kChunk]; }

  std::vector<std::unique_ptr<T[], Release>> chunks_;
  std::uint32_t places_ = 0;
  std::uint32_t first_free_ = kNone;
  std::size_t in_use_ = 0;
};

}  // namespace fog
