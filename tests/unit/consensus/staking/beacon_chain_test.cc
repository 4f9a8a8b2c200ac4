// The beacon: links hash to each other in order, and only the next one is taken.
#include "consensus/staking/beacon_chain.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "consensus/staking/validators.h"
#include "tests/support/memory_state.h"

namespace fog {
namespace {

constexpr std::uint32_t kLength = 3'000;  // three checkpoints and a part

TEST(BeaconChainTest, EveryLinkHashesToTheOneBefore) {
  const BeaconChain chain(sha256(as_bytes("seed")), kLength);
  Hash32 tip = chain.commitment();
  for (std::uint32_t i = 0; i < kLength; ++i) {
    const Hash32 link = chain.link(i);
    ASSERT_EQ(sha256(link), tip) << i;
    tip = link;
  }
  EXPECT_EQ(tip, sha256(as_bytes("seed"))) << "the last link is the seed";
}

TEST(BeaconChainTest, AChainOfOneIsItsSeed) {
  const BeaconChain chain(sha256(as_bytes("seed")), 1);
  EXPECT_EQ(chain.link(0), sha256(as_bytes("seed")));
  EXPECT_EQ(chain.commitment(), sha256(chain.link(0)));
  EXPECT_DEATH((void)chain.link(1), "length");
}

TEST(BeaconSeed, DiffersByNumberAndSecret) {
  const Hash32 secret = sha256(as_bytes("secret"));
  EXPECT_NE(beacon_seed(secret, 0), beacon_seed(secret, 1));
  EXPECT_NE(beacon_seed(secret, 0), beacon_seed(sha256(as_bytes("other")), 0));
  EXPECT_EQ(beacon_seed(secret, 7), beacon_seed(secret, 7));
}

class RevealTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Overlay first(base);
    enter_validator(first, key, payout, Amount{5}, chain.commitment());
    store(first, beacon_key(), Beacon{sha256(as_bytes("start"))});
    base.apply(first.changes());
    set_remaining(kLength, chain.commitment());
  }
  // The test's chain is shorter than the rules' one: the record starts where it does.
  void set_remaining(std::uint32_t remaining, const Hash32& tip) {
    ValidatorRecord record;
    record.key = key;
    record.payout = payout;
    record.beacon_tip = tip;
    record.beacon_remaining = remaining;
    base.put(validator_key(key), bcs_encode(record));
  }
  ValidatorRecord record(const ReadView& state) const { return *find_validator(state, key); }

  XOnlyKey key = sha256(as_bytes("validator"));
  Address payout;
  BeaconChain chain{sha256(as_bytes("seed")), kLength};
  BeaconChain next{sha256(as_bytes("next seed")), kLength};
  testing::MemoryState base;
};

TEST_F(RevealTest, TheNextLinkIsTakenAndMixedIn) {
  Overlay state(base);
  const auto reveal = next_reveal(record(state), chain, nullptr);
  ASSERT_TRUE(reveal.has_value());
  EXPECT_EQ(reveal->link, chain.link(0));
  EXPECT_EQ(reveal->next_commitment, std::nullopt);
  const auto value = take_reveal(state, key, *reveal);
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(*value, tagged_hash("fog/beacon", {sha256(as_bytes("start")), reveal->link}));
  EXPECT_EQ(load<Beacon>(state, beacon_key())->value, *value);
  EXPECT_EQ(record(state).beacon_tip, chain.link(0));
  EXPECT_EQ(record(state).beacon_remaining, kLength - 1);
}

TEST_F(RevealTest, LinksFollowEachOtherToTheEndAndIntoTheNextChain) {
  Overlay state(base);
  for (std::uint32_t i = 0; i + 1 < kLength; ++i) {
    const auto reveal = next_reveal(record(state), chain, nullptr);
    ASSERT_TRUE(reveal.has_value()) << i;
    ASSERT_TRUE(take_reveal(state, key, *reveal).has_value()) << i;
  }
  EXPECT_EQ(record(state).beacon_remaining, 1U);
  EXPECT_EQ(next_reveal(record(state), chain, nullptr), std::nullopt)
      << "the last link needs the next chain";
  const auto last = next_reveal(record(state), chain, &next);
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->next_commitment, next.commitment());
  ASSERT_TRUE(take_reveal(state, key, *last).has_value());
  EXPECT_EQ(record(state).beacon_tip, next.commitment());
  EXPECT_EQ(record(state).beacon_remaining, kBeaconChainLength);
}

TEST_F(RevealTest, AnyOtherLinkIsRefused) {
  Overlay state(base);
  for (const Hash32& link : {chain.commitment(), chain.link(1), next.link(0), Hash32{}}) {
    const auto taken = take_reveal(state, key, {link, std::nullopt});
    ASSERT_FALSE(taken.has_value());
    EXPECT_EQ(taken.error(), Fault::kBlockBadBeacon);
  }
  EXPECT_TRUE(state.changes().empty());
}

TEST_F(RevealTest, ANextCommitmentComesWithTheLastLinkOnly) {
  Overlay state(base);
  EXPECT_EQ(take_reveal(state, key, {chain.link(0), next.commitment()}).error(),
            Fault::kBlockBadBeacon);
  set_remaining(1, chain.link(kLength - 2));
  EXPECT_EQ(take_reveal(state, key, {chain.link(kLength - 1), std::nullopt}).error(),
            Fault::kBlockBadBeacon);
  EXPECT_TRUE(take_reveal(state, key, {chain.link(kLength - 1), next.commitment()}).has_value());
}

TEST_F(RevealTest, AStrangerRevealsNothing) {
  Overlay state(base);
  EXPECT_EQ(take_reveal(state, sha256(as_bytes("stranger")), {chain.link(0), std::nullopt}).error(),
            Fault::kBlockBadProposer);
}

TEST_F(RevealTest, TheWrongChainHasNoNextLink) {
  EXPECT_EQ(next_reveal(record(base), next, nullptr), std::nullopt);
}

}  // namespace
}  // namespace fog
