// Each client has its own rate, and nobody can make the server remember without end.
#include "rpc/server/client_rates.h"

#include <gtest/gtest.h>

namespace fog::rpc {
namespace {

constexpr std::uint64_t kWindow = ClientRates::kWindowMs;

TEST(ClientRates, OneClientDoesNotUseUpAnothers) {
  ClientRates rates(3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(rates.take("a", kWindow));
  EXPECT_FALSE(rates.take("a", kWindow));
  EXPECT_TRUE(rates.take("b", kWindow));
  EXPECT_FALSE(rates.take("a", 2 * kWindow - 1));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(rates.take("a", 2 * kWindow));
  EXPECT_FALSE(rates.take("a", 2 * kWindow));
}

TEST(ClientRates, WhereManyCallTheLaterOnesShare) {
  ClientRates rates(2);
  for (std::size_t i = 0; i < ClientRates::kClientsMax; ++i)
    EXPECT_TRUE(rates.take(std::to_string(i), 0));
  EXPECT_TRUE(rates.take("x", 0));
  EXPECT_TRUE(rates.take("y", 0));
  EXPECT_FALSE(rates.take("z", 0)) << "x and y have used what the others share";
  EXPECT_TRUE(rates.take("7", 0)) << "who is counted apart has its own";
  EXPECT_TRUE(rates.take("z", kWindow));
}

}  // namespace
}  // namespace fog::rpc
