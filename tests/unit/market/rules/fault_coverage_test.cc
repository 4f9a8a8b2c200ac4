// Every fault of the market is one that some test of this program has met.
#include "tests/support/market_world.h"

namespace fog::market {
namespace {

constexpr std::uint16_t kFirst = 300;
constexpr std::uint16_t kLast = 399;

// Looks when all tests have run; a run of some of them says nothing about the rest.
class FaultCoverage : public ::testing::Environment {
 public:
  void TearDown() override {
    if (GTEST_FLAG_GET(filter) != "*") return;
    for (std::uint16_t number = kFirst; number <= kLast; ++number) {
      const auto fault = static_cast<Fault>(number);
      if (fault_name(fault) == "unknown_fault") continue;
      EXPECT_TRUE(testing::faults_seen().contains(fault))
          << "no test has met fault " << number << ", " << fault_name(fault);
    }
  }
};

const ::testing::Environment* const kCoverage =
    ::testing::AddGlobalTestEnvironment(new FaultCoverage);

}  // namespace
}  // namespace fog::market
