// A stream does not hold back the account of those that are sent after it.
#include "rpc/gateway/open_streams.h"

#include <gtest/gtest.h>

namespace fog::gateway {
namespace {

TEST(OpenStreams, TheOldestEndOnceBeforeTheHostStopsServing) {
  OpenStreams streams;
  int first = 0, second = 0;
  const auto one = streams.add(10, [&] { ++first; });
  const auto two = streams.add(12, [&] { ++second; });
  streams.make_way(10 + kRequestsAfterStreamMax);
  EXPECT_EQ(first + second, 0);
  streams.make_way(11 + kRequestsAfterStreamMax);
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 0);
  streams.make_way(40 + kRequestsAfterStreamMax);
  streams.make_way(50 + kRequestsAfterStreamMax);
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
  EXPECT_LT(11 + kRequestsAfterStreamMax, 10 + market::kUnvoucheredMax);
}

TEST(OpenStreams, WhatHasEndedIsNotCalledAndHidesNobody) {
  OpenStreams streams;
  int calls = 0;
  streams.add(1, [&] { ADD_FAILURE() << "it had ended"; }).reset();
  const auto open = streams.add(2, [&] { ++calls; });
  streams.make_way(3 + kRequestsAfterStreamMax);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace fog::gateway
