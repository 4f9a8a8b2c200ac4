// Votes and certificates: what no honest validator signs; signatures ascend, verify, and more than
// two thirds of the stake stand behind them.
#include "chain/types/vote.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

TEST(Vote, EquivocationIsWhatNobodyHonestSigns) {
  const Vote notarize{3, 7, VoteKind::kNotarize, 6, sha256(Bytes{1})};
  Vote finalize = notarize;
  finalize.kind = VoteKind::kFinalize;
  const Vote nullify{3, 7, VoteKind::kNullify, 0, BlockId{}};
  Vote twin = notarize;
  twin.block = sha256(Bytes{2});
  EXPECT_TRUE(is_equivocation(notarize, twin));
  twin = notarize;
  twin.parent_view = 5;
  EXPECT_TRUE(is_equivocation(notarize, twin)) << "another proposal of the same block";
  twin = finalize;
  twin.block = sha256(Bytes{2});
  EXPECT_TRUE(is_equivocation(finalize, twin));
  EXPECT_FALSE(is_equivocation(notarize, twin)) << "never notarize(a) with finalize(b)";
  EXPECT_TRUE(is_equivocation(nullify, finalize));
  EXPECT_TRUE(is_equivocation(finalize, nullify));
  EXPECT_FALSE(is_equivocation(notarize, nullify)) << "both are allowed";
  EXPECT_FALSE(is_equivocation(nullify, nullify));
  EXPECT_FALSE(is_equivocation(notarize, notarize));
  twin = notarize;
  twin.block = sha256(Bytes{2});
  ++twin.view;
  EXPECT_FALSE(is_equivocation(notarize, twin)) << "of another view";
  --twin.view;
  ++twin.epoch;
  EXPECT_FALSE(is_equivocation(notarize, twin)) << "of another epoch";
}

class CertificateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::SeededRng rng(9);
    for (const std::uint8_t stake : Bytes{10, 20, 30, 40}) {
      secrets.push_back(SecretKey::generate(rng));
      set.validators.push_back({secrets.back().x_only_key(), stake});
    }
    vote.epoch = 3;
    vote.view = 17;
    vote.kind = VoteKind::kNotarize;
    vote.parent_view = 16;
    vote.block = sha256(as_bytes("block"));
  }
  Certificate certificate(std::initializer_list<std::uint8_t> signers) const {
    Certificate out;
    out.vote = vote;
    for (const std::uint8_t index : signers) {
      out.signatures.push_back(
          {index, secrets[index].sign_schnorr(vote_digest(chain, vote), Hash32{})});
    }
    return out;
  }
  ChainId chain = sha256(as_bytes("chain"));
  std::vector<SecretKey> secrets;
  ValidatorSet set;
  Vote vote;
};

TEST_F(CertificateTest, HoldsWithMoreThanTwoThirdsOfTheStake) {
  EXPECT_TRUE(verify_certificate(chain, set, certificate({0, 1, 2, 3})));
  EXPECT_TRUE(verify_certificate(chain, set, certificate({2, 3}))) << "70 of 100";
  EXPECT_TRUE(verify_certificate(chain, set, certificate({0, 1, 3}))) << "70 of 100";
  EXPECT_FALSE(verify_certificate(chain, set, certificate({0, 1, 2}))) << "60 of 100";
  EXPECT_FALSE(verify_certificate(chain, set, certificate({})));
}

TEST_F(CertificateTest, ExactlyTwoThirdsAreNoQuorum) {
  for (std::size_t i = 0; i < 4; ++i) set.validators[i].stake = i == 3 ? 0 : 5;
  EXPECT_FALSE(verify_certificate(chain, set, certificate({0, 1})));
  EXPECT_TRUE(verify_certificate(chain, set, certificate({0, 1, 2})));
}

TEST_F(CertificateTest, StakesNearSixtyFourBitsDoNotWrap) {
  for (auto& validator : set.validators) validator.stake = ~std::uint64_t{0};
  EXPECT_TRUE(verify_certificate(chain, set, certificate({0, 1, 2})));
  EXPECT_FALSE(verify_certificate(chain, set, certificate({0, 1})));
}

TEST_F(CertificateTest, AnEmptySetCertifiesNothing) {
  EXPECT_FALSE(verify_certificate(chain, ValidatorSet{}, Certificate{}));
}

TEST_F(CertificateTest, SignersMustAscendAndExist) {
  EXPECT_FALSE(verify_certificate(chain, set, certificate({3, 2})));
  EXPECT_FALSE(verify_certificate(chain, set, certificate({3, 3})));
  Certificate beyond = certificate({2, 3});
  beyond.signatures.back().index = 4;
  EXPECT_FALSE(verify_certificate(chain, set, beyond));
}

TEST_F(CertificateTest, EverySignatureMustBeOverThisVoteOnThisChain) {
  Certificate bent = certificate({1, 2, 3});
  bent.signatures[1].signature.data[40] ^= 1;
  EXPECT_FALSE(verify_certificate(chain, set, bent));
  EXPECT_FALSE(verify_certificate(sha256(as_bytes("other chain")), set, certificate({2, 3})));
  for (int field = 0; field < 5; ++field) {
    Certificate other = certificate({2, 3});
    if (field == 0) ++other.vote.epoch;
    if (field == 1) ++other.vote.view;
    if (field == 2) other.vote.kind = VoteKind::kFinalize;
    if (field == 3) ++other.vote.parent_view;
    if (field == 4) other.vote.block.data[0] ^= 1;
    EXPECT_FALSE(verify_certificate(chain, set, other)) << field;
  }
}

TEST(Leader, IsDrawnByStake) {
  ValidatorSet set;
  std::uint64_t total = 0;
  for (const std::uint8_t stake : Bytes{1, 0, 50, 9, 40}) {
    set.validators.push_back({sha256(Bytes{stake}), stake * 1'000'000'007ULL});
    total += stake;
  }
  constexpr std::uint64_t kViews = 20'000;
  std::vector<std::uint64_t> led(set.validators.size());
  for (std::uint64_t view = 1; view <= kViews; ++view)
    ++led[leader_of(set, sha256(as_bytes("seed")), 3, view)];
  for (std::size_t i = 0; i < led.size(); ++i) {
    const std::uint64_t expected = set.validators[i].stake / 1'000'000'007ULL * kViews / total;
    // Six standard deviations of a binomial with at most sqrt(kViews / 4) = 71.
    EXPECT_LE(led[i] > expected ? led[i] - expected : expected - led[i], 426U) << i;
  }
  EXPECT_EQ(led[1], 0U) << "no stake, no view";
  EXPECT_GT(led[0], 0U);
}

TEST(Leader, FollowsFromSeedEpochAndViewAlone) {
  ValidatorSet set;
  for (std::uint8_t i = 0; i < 100; ++i) set.validators.push_back({sha256(Bytes{i}), 1});
  const Hash32 seed = sha256(as_bytes("seed"));
  const auto sequence = [&](const Hash32& from, std::uint64_t epoch) {
    std::vector<std::size_t> leaders;
    for (std::uint64_t view = 0; view < 20; ++view)
      leaders.push_back(leader_of(set, from, epoch, view));
    return leaders;
  };
  EXPECT_EQ(sequence(seed, 1), sequence(seed, 1));
  EXPECT_NE(sequence(seed, 1), sequence(seed, 2));
  EXPECT_NE(sequence(seed, 1), sequence(sha256(seed), 1));
  // Stakes of 64 bits do not wrap; a single validator leads always.
  for (auto& validator : set.validators) validator.stake = ~std::uint64_t{0};
  EXPECT_EQ(sequence(seed, 1).size(), 20U);
  set.validators.resize(1);
  EXPECT_EQ(sequence(seed, 1), std::vector<std::size_t>(20, 0));
}

TEST(Quorum, IsMoreThanTwoThirds) {
  EXPECT_FALSE(quorum(0, 0));
  EXPECT_TRUE(quorum(1, 1));
  EXPECT_FALSE(quorum(2, 3));
  EXPECT_TRUE(quorum(3, 4));
  EXPECT_FALSE(quorum(66, 99));
  EXPECT_TRUE(quorum(67, 99));
}

TEST(CertificateHash, StandsForTheSignedVoteAndZeroForNone) {
  EXPECT_TRUE(certificate_hash(std::nullopt).is_zero());
  Certificate certificate;
  const Hash32 empty = certificate_hash(certificate);
  EXPECT_EQ(empty, tagged_hash("fog/certificate", bcs_encode(certificate)));
  certificate.signatures.push_back({});
  EXPECT_NE(certificate_hash(certificate), empty);
}

TEST(ValidatorsHash, CoversKeysStakesAndOrder) {
  ValidatorSet set;
  set.validators.push_back({sha256(as_bytes("a")), 1});
  set.validators.push_back({sha256(as_bytes("b")), 2});
  ValidatorSet swapped = set;
  std::swap(swapped.validators[0], swapped.validators[1]);
  EXPECT_NE(validators_hash(set), validators_hash(swapped));
  swapped = set;
  swapped.validators[0].stake = 9;
  EXPECT_NE(validators_hash(set), validators_hash(swapped));
}

}  // namespace
}  // namespace fog
