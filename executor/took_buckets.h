// How long requests took, in few numbers: counts by buckets that grow by half an octave, from 64 us
// on. What a bucket holds took no longer than its bound, and longer than that of the one before.
#pragma once

#include <algorithm>
#include <cstdint>

#include "chain/base/bounded.h"

namespace fog::executor {

constexpr std::size_t kTookBuckets = 42;  // the last one holds what took longer than 94 s, too
using TookCounts = BoundedList<std::uint64_t, kTookBuckets>;

// Microseconds.
constexpr std::uint64_t took_bound_us(std::size_t bucket) {
  return (bucket % 2 == 0 ? std::uint64_t{64} : std::uint64_t{96}) << (bucket / 2);
}
inline void count_took(TookCounts& counts, std::uint64_t us) {
  counts.resize(kTookBuckets);
  std::size_t bucket = 0;
  while (bucket + 1 < kTookBuckets && us > took_bound_us(bucket)) ++bucket;
  ++counts[bucket];
}
// What so many thousandths of the requests did not exceed; 0 when there are none.
inline std::uint64_t took_us(const TookCounts& counts, std::uint64_t permille) {
  std::uint64_t all = 0;
  for (const std::uint64_t count : counts) all += count;
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts.size(); ++bucket) {
    seen += counts[bucket];
    if (seen > 0 && seen * 1'000 >= all * permille) return took_bound_us(bucket);
  }
  return 0;
}

}  // namespace fog::executor
