// Genesis: the first state follows from it and adds up; a genesis out of bounds is refused with a
// sentence.
#include "consensus/rules/genesis.h"

#include <functional>

#include <gtest/gtest.h>

#include "market/types/objects.h"
#include "tests/support/test_ledger.h"

namespace fog {
namespace {

using testing::TestKey;

class GenesisTest : public ::testing::Test {
 protected:
  std::vector<TestKey> keys{TestKey{1}, TestKey{2}, TestKey{3}};
  Genesis genesis = testing::test_genesis(keys, 500);

  // The refusal of the genesis after a change; empty when it passes.
  std::string refusal(const std::function<void(Genesis&)>& change) const {
    Genesis changed = genesis;
    change(changed);
    const auto verdict = check_genesis(changed);
    return verdict ? "" : verdict.error();
  }
};

TEST_F(GenesisTest, ASoundOnePasses) {
  EXPECT_EQ(refusal([](Genesis&) {}), "");
}

TEST_F(GenesisTest, TheChainIdCoversEverything) {
  const ChainId id = chain_id_of(genesis);
  Genesis other = genesis;
  ++other.time_ms;
  EXPECT_NE(chain_id_of(other), id);
  other = genesis;
  ++other.accounts[1].balance.droplets;
  EXPECT_NE(chain_id_of(other), id);
  other = genesis;
  ++other.market.burn_permille;
  EXPECT_NE(chain_id_of(other), id);
}

TEST_F(GenesisTest, TheFirstStateHoldsWhatItSays) {
  const testing::TestLedger ledger(genesis);
  EXPECT_EQ(ledger.balance(keys[0].address), 500U);
  EXPECT_EQ(load<ChainParams>(ledger.state, chain_params_key()), genesis.params);
  EXPECT_EQ(load<market::MarketParams>(ledger.state, market::market_params_key()), genesis.market);
  EXPECT_EQ(load<Supply>(ledger.state, supply_key()),
            (Supply{Amount{1'500 + testing::kTestStake}, Amount{0}}));
  EXPECT_EQ(load<StakingParams>(ledger.state, staking_params_key()), genesis.staking);
  EXPECT_EQ(load<FeeMarket>(ledger.state, fee_market_key()),
            (FeeMarket{genesis.params.base_price_min, genesis.time_ms}));
  EXPECT_EQ(load<Beacon>(ledger.state, beacon_key())->value, chain_id_of(genesis));
  const auto set = load<ValidatorSet>(ledger.state, validators_key());
  ASSERT_TRUE(set.has_value());
  ASSERT_EQ(set->validators.size(), 1U);
  EXPECT_EQ(set->validators[0].stake, testing::kTestStake);
  EXPECT_TRUE(ledger.state.get(account_key(genesis.validators[0].payout)).has_value())
      << "tips need an account";
}

TEST_F(GenesisTest, TheFirstStateAddsUp) {
  const SupplySums sums = testing::TestLedger(genesis).supply();
  EXPECT_TRUE(sums.conserved());
  EXPECT_EQ(sums.accounts, u128{1'500});
  EXPECT_EQ(sums.stakes, u128{testing::kTestStake});
}

TEST_F(GenesisTest, APayoutThatIsFundedKeepsItsBalance) {
  genesis.validators[0].payout = keys[1].address;
  EXPECT_EQ(testing::TestLedger(genesis).balance(keys[1].address), 500U);
}

TEST_F(GenesisTest, EachBoundIsRefusedByName) {
  const std::vector<std::pair<std::string, std::function<void(Genesis&)>>> cases{
      {"chain_name", [](Genesis& g) { g.chain_name.clear(); }},
      {"validators is empty", [](Genesis& g) { g.validators.clear(); }},
      {"named twice", [](Genesis& g) { g.validators.push_back(g.validators[0]); }},
      {"no stake", [](Genesis& g) { g.validators[0].stake = Amount{}; }},
      {"not a point", [](Genesis& g) { g.validators[0].key = XOnlyKey{}; }},
      {"beacon_commitment", [](Genesis& g) { g.validators[0].beacon_commitment = Hash32{}; }},
      {"ascend", [](Genesis& g) { std::swap(g.accounts[0], g.accounts[1]); }},
      {"ascend", [](Genesis& g) { g.accounts[1] = g.accounts[0]; }},
      {"64 bits", [](Genesis& g) { g.accounts[2].balance.droplets = ~std::uint64_t{0}; }},
      {"base_price_min", [](Genesis& g) { g.params.base_price_min = 0; }},
      {"block_units_target", [](Genesis& g) { g.params.block_units_target = 0; }},
      {"block_units_max",
       [](Genesis& g) { g.params.block_units_max = g.params.block_units_target - 1; }},
      {"change_denominator", [](Genesis& g) { g.params.base_price_change_denominator = 1; }},
      {"change_denominator", [](Genesis& g) { g.params.base_price_change_denominator = 1'001; }},
      {"base_price_interval_ms", [](Genesis& g) { g.params.base_price_interval_ms = 0; }},
      {"expiry_ahead_max_ms", [](Genesis& g) { g.params.expiry_ahead_max_ms = 0; }},
      {"epoch_length", [](Genesis& g) { g.params.epoch_length = 0; }},
      {"less stake than staking.min_bond",
       [](Genesis& g) { g.staking.min_bond = Amount{testing::kTestStake + 1}; }},
      {"staking.unbonding_ms", [](Genesis& g) { g.staking.unbonding_ms = 0; }},
      {"together must stay below",
       [](Genesis& g) { g.staking.unbonding_ms = g.staking.evidence_window_ms * 2; }},
      {"slash_per_10000", [](Genesis& g) { g.staking.slash_per_10000 = 5'001; }},
      {"inflation_per_10000", [](Genesis& g) { g.staking.inflation_per_10000 = 2'001; }},
      {"validators_max", [](Genesis& g) { g.staking.validators_max = 0; }},
      {"validators_max", [](Genesis& g) { g.staking.validators_max = 129; }},
      {"min_bond", [](Genesis& g) { g.staking.min_bond = Amount{}; }},
      {"classes is empty", [](Genesis& g) { g.market.classes.clear(); }},
      {"receipt_interval_ms", [](Genesis& g) { g.market.receipt_interval_ms = 0; }},
      {"lease_timeout_ms",
       [](Genesis& g) { g.market.lease_timeout_ms = g.market.receipt_interval_ms - 1; }},
      {"burn_permille", [](Genesis& g) { g.market.burn_permille = 1'001; }},
      {"holdback_permille", [](Genesis& g) { g.market.holdback_permille = 1'001; }},
      {"gfuel", [](Genesis& g) { g.market.classes[0].prices.gfuel = market::kUnitPriceMax + 1; }},
  };
  for (const auto& [part, change] : cases) {
    const std::string sentence = refusal(change);
    EXPECT_NE(sentence.find(part), std::string::npos) << part << ": \"" << sentence << '"';
  }
}

TEST_F(GenesisTest, ClassesMayDifferByOneAndAHalfAndNoMore) {
  market::PriceClass dear = genesis.market.classes[0];
  dear.name = std::string("dear");
  dear.prices.gfuel = 1'500'000;
  EXPECT_EQ(refusal([&](Genesis& g) { g.market.classes.push_back(dear); }), "");
  ++dear.prices.gfuel;
  EXPECT_NE(refusal([&](Genesis& g) { g.market.classes.push_back(dear); }).find("1.5x"),
            std::string::npos);
  dear = genesis.market.classes[0];
  EXPECT_NE(refusal([&](Genesis& g) { g.market.classes.push_back(dear); }).find("name"),
            std::string::npos);
}

TEST_F(GenesisTest, SurvivesItsEncoding) {
  const auto decoded = bcs_decode<Genesis>(bcs_encode(genesis));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, genesis);
}

}  // namespace
}  // namespace fog
