// A caller's trace goes on; what is none begins a new one.
#include "rpc/gateway/trace.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog::gateway {
namespace {

using fog::testing::SeededRng;

constexpr std::string_view kTheirs = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

TEST(Trace, GoesOnWithTheCallersIdAndFlags) {
  SeededRng rng(1);
  const Trace trace = continue_trace(kTheirs, rng);
  EXPECT_EQ(trace.id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(trace.traceparent.substr(0, 36), kTheirs.substr(0, 36));
  EXPECT_NE(trace.traceparent.substr(36, 16), kTheirs.substr(36, 16)) << "a part of its own";
  EXPECT_EQ(trace.traceparent.substr(52), "-00");
}

TEST(Trace, AVersionOfTheFutureIsReadAsFarAsItIsKnown) {
  SeededRng rng(1);
  const std::string later = "cc" + std::string(kTheirs.substr(2)) + "-what-the-future-brings";
  EXPECT_EQ(continue_trace(later, rng).id, kTheirs.substr(3, 32));
}

TEST(Trace, WhatIsNoTraceBeginsANewOne) {
  SeededRng rng(1);
  const std::string good(kTheirs);
  const std::vector<std::string> bad{"",
                                     good.substr(0, 54),
                                     good + "-more",
                                     good + "x",
                                     "ff" + good.substr(2),
                                     "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                     "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                     "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
                                     "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
  for (const std::string& text : bad) {
    const Trace trace = continue_trace(text, rng);
    EXPECT_NE(trace.id, kTheirs.substr(3, 32)) << text;
    EXPECT_EQ(trace.id.size(), 32U);
    EXPECT_EQ(continue_trace(trace.traceparent, rng).id, trace.id) << "ours is one";
  }
}

}  // namespace
}  // namespace fog::gateway
