// HugeArray<T>: numbered objects that never move, in chunks of huge pages. It grows at its end and
// never shrinks. Not thread safe.
#pragma once

#include <memory>
#include <new>
#include <vector>

#include "chain/state/huge_pages.h"

namespace fog {

template <class T>
class HugeArray {
  static constexpr std::size_t power_of_two_below(std::size_t n) {
    std::size_t power = 1;
    while (power * 2 <= n) power *= 2;
    return power;
  }
  // A power of two, so that a place is found by shifts.
  static constexpr std::size_t kChunk = power_of_two_below(2 * kHugePage / sizeof(T));
  static_assert(sizeof(T) <= kHugePage);

 public:
  HugeArray() = default;
  HugeArray(const HugeArray&) = delete;
  HugeArray& operator=(const HugeArray&) = delete;
  ~HugeArray() {
    for (std::size_t i = 0; i < size_; ++i) std::destroy_at(&(*this)[i]);
  }

  std::size_t size() const { return size_; }
  T& emplace_back() {
    // The first chunk keeps small pages: most arrays are small.
    if (size_ % kChunk == 0) {
      void* chunk = allocate_pages(kChunk * sizeof(T), !chunks_.empty());
      chunks_.emplace_back(static_cast<T*>(chunk));
    }
    T* object = ::new (static_cast<void*>(&(*this)[size_])) T();
    ++size_;
    return *object;
  }
  T& operator[](std::size_t i) { return chunks_[i / kChunk].get()[i % kChunk]; }
  const T& operator[](std::size_t i) const { return chunks_[i / kChunk].get()[i % kChunk]; }
  // Starts to fetch an object into the cache.
  void prefetch(std::size_t i) const {
    constexpr std::size_t kLine = 64;
    const auto* bytes = reinterpret_cast<const char*>(&(*this)[i]);
    for (std::size_t at = 0; at < sizeof(T); at += kLine) __builtin_prefetch(bytes + at);
  }
  // Of the objects themselves; the rest of the last chunk takes no memory.
  std::size_t memory_bytes() const { return size_ * sizeof(T); }

 private:
  struct Release {
    void operator()(T* chunk) const { std::free(static_cast<void*>(chunk)); }
  };
  std::vector<std::unique_ptr<T, Release>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace fog
