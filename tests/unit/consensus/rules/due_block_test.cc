// Blocks that are due: what the market must settle makes a block write without any transaction, and
// no block may pass over it.
#include <gtest/gtest.h>

#include "market/types/messages.h"
#include "tests/support/test_ledger.h"

namespace fog {
namespace {

using testing::TestKey;
using testing::TestLedger;

constexpr std::uint64_t kFunds = 1'000 * kDropletsPerFog;
constexpr std::uint64_t kBond = 200 * kDropletsPerFog;

class DueBlock : public ::testing::Test {
 protected:
  void SetUp() override {
    market::RegisterHost host;
    host.operator_key = alice.public_key;
    host.endpoint = std::string("http://127.0.0.1:8000");
    host.location.country = std::string("CH");
    host.capacity.cpu_milli = 4'000;
    host.capacity.memory_mib = 8'192;
    host.runtimes.push_back(sha256(as_bytes("profile")));
    host.bond = Amount{kBond};
    const SignedTx tx = ledger.tx(alice, {make_message(host)});
    host_id = market::make_host_id(tx_id(tx.body), 0);
    expect_success(ledger.run({tx}));
  }
  static void expect_success(const Result<BlockResult, Fault>& result) {
    ASSERT_TRUE(result.has_value()) << fault_name(result.error());
    for (const TxOutcome& outcome : result->outcomes) {
      EXPECT_EQ(fault_name(static_cast<Fault>(outcome.fault)), "none");
    }
  }
  Block empty_block(std::uint64_t after_ms, bool reveal) const {
    Block block;
    block.header = ledger.next_header(after_ms, reveal);
    return block;
  }
  TestKey alice{1};
  Genesis genesis = testing::test_genesis({alice}, kFunds);
  TestLedger ledger{genesis};
  market::HostId host_id;
};

TEST_F(DueBlock, ABondIsMoneyHeldElsewhere) {
  const SupplySums sums = ledger.supply();
  EXPECT_EQ(sums.bonds, u128{kBond});
  EXPECT_TRUE(sums.conserved());
}

TEST_F(DueBlock, NothingIsDueWhileTheMarketRests) {
  EXPECT_EQ(next_due_ms(ledger.state, ledger.parent_time_ms), std::nullopt);
  EXPECT_TRUE(ledger.execute(empty_block(60'000, false)).has_value());
}

TEST_F(DueBlock, ADeadlineMakesABlockWriteAndNoneMayPassOverIt) {
  expect_success(ledger.run({ledger.tx(alice, {make_message(market::RetireHost{host_id})})}));
  const std::uint64_t returned_ms = ledger.parent_time_ms + genesis.market.bond_return_ms;
  EXPECT_EQ(next_due_ms(ledger.state, ledger.parent_time_ms), returned_ms);

  const std::uint64_t wait_ms = genesis.market.bond_return_ms;
  EXPECT_TRUE(ledger.execute(empty_block(wait_ms - 1, false)).has_value()) << "not yet";
  EXPECT_EQ(ledger.execute(empty_block(wait_ms - 1, true)).error(), Fault::kBlockBadBeacon)
      << "a link for nothing";
  EXPECT_EQ(ledger.execute(empty_block(wait_ms, false)).error(), Fault::kBlockBadBeacon)
      << "the deadline has come";

  const std::uint64_t before = ledger.balance(alice.address);
  const Block due = empty_block(wait_ms, true);
  const auto result = ledger.execute(due);
  expect_success(result);
  ledger.commit(due.header, result->changes);
  EXPECT_EQ(ledger.balance(alice.address), before + kBond);
  EXPECT_EQ(ledger.supply().bonds, u128{0});
  EXPECT_TRUE(ledger.supply().conserved());
  EXPECT_EQ(next_due_ms(ledger.state, ledger.parent_time_ms),
            ledger.parent_time_ms + genesis.market.final_receipt_window_ms +
                genesis.market.audit_window_ms)
      << "its record is erased";
}

TEST_F(DueBlock, AMarketFaultIsRecordedLikeAnyOther) {
  const auto result =
      ledger.run({ledger.tx(alice, {make_message(market::Heartbeat{market::HostId{}})})});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(static_cast<Fault>(result->outcomes[0].fault), Fault::kHostNotFound);
  EXPECT_TRUE(ledger.supply().conserved());
}

}  // namespace
}  // namespace fog
