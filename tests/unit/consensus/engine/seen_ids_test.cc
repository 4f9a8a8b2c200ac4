#include "consensus/engine/seen_ids.h"

#include <gtest/gtest.h>

namespace fog {
namespace {

TxId id(std::uint32_t number) {
  TxId made;
  for (std::size_t i = 0; i < 4; ++i)
    made.data[i + 7] = static_cast<std::uint8_t>(number >> (8 * i));
  return made;
}

TEST(SeenIds, KnowsWhatItWasTold) {
  SeenIds seen(1'000);
  EXPECT_FALSE(seen.contains(id(1)));
  EXPECT_TRUE(seen.add(id(1)));
  EXPECT_TRUE(seen.contains(id(1)));
  EXPECT_FALSE(seen.contains(id(2)));
  EXPECT_FALSE(seen.add(id(1)));
}

TEST(SeenIds, RemembersTheLastAndForgetsTheOldest) {
  constexpr std::uint32_t kRemembered = 1'000;
  SeenIds seen(kRemembered);
  for (std::uint32_t number = 0; number < 20 * kRemembered; ++number) {
    ASSERT_TRUE(seen.add(id(number))) << number;
    const std::uint32_t oldest = number < kRemembered ? 0 : number - kRemembered + 1;
    ASSERT_TRUE(seen.contains(id(oldest))) << number;
    ASSERT_FALSE(seen.contains(id(number + 1))) << number;
    if (number >= 2 * kRemembered) {
      ASSERT_FALSE(seen.contains(id(number - 2 * kRemembered)));
    }
  }
}

TEST(SeenIds, WhatIsAddedAgainStaysLonger) {
  constexpr std::uint32_t kRemembered = 100;
  SeenIds seen(kRemembered);
  seen.add(id(0));
  for (std::uint32_t number = 1; number < 50 * kRemembered; ++number) {
    seen.add(id(number));
    if (number % (kRemembered / 2) == 0) {
      EXPECT_FALSE(seen.add(id(0)));
    }
  }
}

}  // namespace
}  // namespace fog
