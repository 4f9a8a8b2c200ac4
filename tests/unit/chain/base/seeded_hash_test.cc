// The hash of unordered maps depends on all of its bytes and spreads.
#include "chain/base/seeded_hash.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

TEST(SeededHash, IsAFunctionOfEveryByte) {
  testing::SeededRng rng(1);
  for (std::size_t size = 1; size <= 40; ++size) {
    Bytes bytes = rng.bytes(size);
    const std::size_t hash = seeded_hash(bytes);
    EXPECT_EQ(seeded_hash(bytes), hash);
    for (std::size_t at = 0; at < size; ++at) {
      bytes[at] ^= 1U;
      EXPECT_NE(seeded_hash(bytes), hash) << "byte " << at << " of " << size;
      bytes[at] ^= 1U;
    }
  }
}

TEST(SeededHash, SpreadsIdsThatDifferLittle) {
  std::set<std::size_t> buckets;
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    Bytes id(24);
    append_be64(id, i);
    buckets.insert(seeded_hash(id) % 1'024);
  }
  // A thousand thrown into 1 024 places at random fill about 640.
  EXPECT_GT(buckets.size(), 550U);
}

}  // namespace
}  // namespace fog
