// The operating system's clock moves forward and its random source gives fresh bytes.
#include "chain/base/clock.h"

#include <algorithm>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace fog {
namespace {

TEST(SystemClock, IsAfterThisTestWasWrittenAndNeverGoesBack) {
  EXPECT_GT(system_clock().wall_ms(), 1'600'000'000'000U);
  std::uint64_t last = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t now = system_clock().monotonic_ns();
    EXPECT_GE(now, last);
    last = now;
  }
}

TEST(SystemRng, FillsRequestsOfAnySizeWithFreshBytes) {
  std::set<std::vector<std::uint8_t>> seen;
  for (int i = 0; i < 100; ++i) {
    std::vector<std::uint8_t> bytes(32);
    system_rng().fill(bytes);
    EXPECT_TRUE(seen.insert(bytes).second);
  }
  std::vector<std::uint8_t> large(100'000);
  system_rng().fill(large);
  // The last kilobyte was reached too: all zeros there would be a 1 in 2^8192 event.
  EXPECT_TRUE(std::any_of(large.end() - 1024, large.end(), [](std::uint8_t b) { return b != 0; }));
  system_rng().fill({});
}

}  // namespace
}  // namespace fog
