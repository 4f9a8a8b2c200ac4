// Memory in huge pages (2 MiB), for large tables that are read in no order: with small pages,
// finding the page of an entry costs more than reading the entry.
#pragma once

#include <cstddef>
#include <cstdlib>

#include <sys/mman.h>

#include "chain/base/check.h"

namespace fog {

constexpr std::size_t kHugePage = 2 * 1024 * 1024;

// Begins with a huge page. What is small should not ask for huge pages: it would take a whole one.
// A system without them gives small ones, which is no harm. Given back by std::free.
inline void* allocate_pages(std::size_t bytes, bool huge) {
  const std::size_t whole = (bytes + kHugePage - 1) / kHugePage * kHugePage;
  void* memory = std::aligned_alloc(kHugePage, whole);
  CHECK(memory != nullptr);
  if (huge) static_cast<void>(::madvise(memory, whole, MADV_HUGEPAGE));
  return memory;
}

// An allocator that takes huge pages for what fills one.
template <class T>
struct HugePages {
  using value_type = T;

  HugePages() = default;
  template <class Other>
  explicit HugePages(const HugePages<Other>&) {}

  T* allocate(std::size_t count) {
    CHECK(count <= ~std::size_t{0} / 2 / sizeof(T));
    const std::size_t bytes = count * sizeof(T);
    void* memory = bytes < kHugePage ? std::malloc(bytes) : allocate_pages(bytes, true);
    CHECK(memory != nullptr);
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t) { std::free(static_cast<void*>(memory)); }
  friend bool operator==(const HugePages&, const HugePages&) { return true; }
};

}  // namespace fog
