#include "rpc/gateway/tunnels.h"

#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace fog::gateway {
namespace {

// A connection, and the Host's end of it.
std::pair<UniqueFd, UniqueFd> line() {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

PublicKey host(std::uint8_t number) {
  PublicKey out;
  out.data[0] = number;
  return out;
}

class TunnelsTest : public ::testing::Test {
 protected:
  // All together take a share of the descriptors: so many that it does not show here.
  static void SetUpTestSuite() {
    rlimit limit = {};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  // One more of that Host; its own end.
  UniqueFd bring(const PublicKey& of, std::uint64_t time_ms) {
    auto [here, there] = line();
    auto counted = tunnels_.admit(of, time_ms);
    EXPECT_NE(counted, nullptr);
    tunnels_.put(of, {std::move(here), std::move(counted)});
    return std::move(there);
  }
  Tunnels tunnels_{TunnelRules{}};
};

TEST_F(TunnelsTest, AreTakenByTheirHostOnly) {
  EXPECT_FALSE(tunnels_.take(host(1)));
  const UniqueFd there = bring(host(1), 1);
  EXPECT_TRUE(tunnels_.knows(host(1)));
  EXPECT_FALSE(tunnels_.knows(host(2)));
  EXPECT_FALSE(tunnels_.take(host(2)));
  {
    const auto taken = tunnels_.take(host(1));
    ASSERT_TRUE(taken);
    EXPECT_EQ(::write(taken->socket.get(), "x", 1), 1);
    char byte = 0;
    EXPECT_EQ(::read(there.get(), &byte, 1), 1);
    EXPECT_FALSE(tunnels_.take(host(1)));
    EXPECT_TRUE(tunnels_.knows(host(1)));
    EXPECT_EQ(tunnels_.count(), 1U);
  }
  EXPECT_FALSE(tunnels_.knows(host(1)));
  EXPECT_EQ(tunnels_.count(), 0U);
}

TEST_F(TunnelsTest, AHelloIsHeardOnce) {
  const UniqueFd there = bring(host(1), 5);
  EXPECT_EQ(tunnels_.admit(host(1), 5), nullptr);
  EXPECT_EQ(tunnels_.admit(host(1), 4), nullptr);
  EXPECT_NE(tunnels_.admit(host(1), 6), nullptr);
  EXPECT_NE(tunnels_.admit(host(2), 5), nullptr);
}

TEST_F(TunnelsTest, WhatTheHostHasClosedOrSaysSomethingIsNotGiven) {
  UniqueFd first = bring(host(1), 1);
  UniqueFd second = bring(host(1), 2);
  const UniqueFd third = bring(host(1), 3);
  second.reset();
  EXPECT_EQ(::write(third.get(), "x", 1), 1);
  const auto taken = tunnels_.take(host(1));
  ASSERT_TRUE(taken);
  EXPECT_EQ(::write(first.get(), "y", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(taken->socket.get(), &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  EXPECT_EQ(tunnels_.count(), 1U);
}

TEST_F(TunnelsTest, OneHostHasSoManyAndNotMore) {
  std::vector<UniqueFd> theirs;
  std::uint64_t time_ms = 0;
  for (std::size_t i = 0; i < kTunnelsPerHost; ++i) theirs.push_back(bring(host(1), ++time_ms));
  EXPECT_EQ(tunnels_.admit(host(1), ++time_ms), nullptr);
  EXPECT_NE(tunnels_.admit(host(2), ++time_ms), nullptr);
  // Those that it has given up make room.
  theirs.pop_back();
  EXPECT_NE(tunnels_.admit(host(1), ++time_ms), nullptr);
}

TEST(TunnelRules, SayWhose) {
  const market::HostId mine{}, other = [] {
    market::HostId out;
    out.data[0] = 1;
    return out;
  }();
  EXPECT_TRUE(Tunnels({}).takes(other));
  EXPECT_FALSE(Tunnels({true, {}}).takes(other));
  EXPECT_TRUE(Tunnels({false, {mine}}).takes(mine));
  EXPECT_FALSE(Tunnels({false, {mine}}).takes(other));
}

}  // namespace
}  // namespace fog::gateway
