// A signer believes nobody: what it answers to each request that it must not fulfil.
#include "consensus/engine/signer_service.h"

#include "tests/support/signer_world.h"

namespace fog {
namespace {

using signer_wire::Refusal;
using testing::kBlockA;
using testing::kBlockB;
using testing::nullify_vote;
using testing::record_at_link;
using testing::sample_vote;
using testing::test_chain_id;

class SignerServiceTest : public testing::SignerTest {
 protected:
  void SetUp() override {
    SignerTest::SetUp();
    service_.emplace(*local_);
  }
  // Nothing: it was not refused.
  std::optional<Refusal> refusal(const signer_wire::Request& request) {
    const signer_wire::Answer answer = service_->answer(request);
    const auto* refused = std::get_if<signer_wire::Refused>(&answer);
    if (refused == nullptr) return std::nullopt;
    EXPECT_FALSE(refused->text.empty()) << "it says why";
    return refused->why;
  }
  std::optional<Refusal> vote(const Vote& vote) {
    return refusal(signer_wire::SignVote{test_chain_id(), vote});
  }
  std::optional<Refusal> link(std::uint32_t revealed) {
    const ValidatorRecord record = record_at_link(revealed);
    return refusal(
        signer_wire::RevealLink{test_chain_id(), record.beacon_tip, record.beacon_remaining});
  }
  std::optional<SignerService> service_;
};

TEST_F(SignerServiceTest, AnotherChainOrVersionIsRefused) {
  EXPECT_EQ(refusal(signer_wire::Hello{signer_wire::kVersion, test_chain_id()}), std::nullopt);
  EXPECT_EQ(refusal(signer_wire::Hello{signer_wire::kVersion, Hash32{}}), Refusal::kWrongChain);
  EXPECT_EQ(refusal(signer_wire::Hello{signer_wire::kVersion + 1, test_chain_id()}),
            Refusal::kWrongChain);
  const Vote good = sample_vote(VoteKind::kNotarize, 5, kBlockA);
  EXPECT_EQ(refusal(signer_wire::SignVote{Hash32{}, good}), Refusal::kWrongChain);
  const ValidatorRecord record = record_at_link(0);
  EXPECT_EQ(refusal(signer_wire::RevealLink{Hash32{}, record.beacon_tip, record.beacon_remaining}),
            Refusal::kWrongChain);
  EXPECT_EQ(local_->record()->number, 0U) << "nothing of that was noted";
}

TEST_F(SignerServiceTest, WhatNoValidatorWouldSayIsRefused) {
  const auto but = [](const Vote& vote, const auto& change) {
    Vote bent = vote;
    change(bent);
    return bent;
  };
  const Vote notarize = sample_vote(VoteKind::kNotarize, 5, kBlockA);
  const Vote finalize = sample_vote(VoteKind::kFinalize, 5, kBlockA);
  for (const Vote& good : {notarize, finalize}) {
    EXPECT_EQ(vote(but(good, [](Vote& v) { v.parent_view = 5; })), Refusal::kNoVote);
    EXPECT_EQ(vote(but(good, [](Vote& v) { v.block = {}; })), Refusal::kNoVote);
    EXPECT_EQ(vote(but(good, [](Vote& v) { v.epoch = 1; })), Refusal::kNoVote);
    EXPECT_EQ(vote(but(good, [](Vote& v) { v.view = 1ULL << 32; })), Refusal::kNoVote)
        << "a view of another epoch, and none of its own";
  }
  EXPECT_EQ(vote(but(nullify_vote(5), [](Vote& v) { v.parent_view = 4; })), Refusal::kNoVote);
  EXPECT_EQ(vote(but(nullify_vote(5), [](Vote& v) { v.block = kBlockA; })), Refusal::kNoVote);
  EXPECT_EQ(vote(nullify_vote(0)), Refusal::kNoVote);
  EXPECT_EQ(vote(but(nullify_vote(~0ULL), [](Vote& v) { v.epoch = ~0ULL; })), Refusal::kNoVote);
  EXPECT_EQ(local_->record()->number, 0U);
  EXPECT_EQ(vote(notarize), std::nullopt);
  EXPECT_EQ(vote(sample_vote(VoteKind::kNotarize, 5, kBlockB)), Refusal::kForbidden);
}

TEST_F(SignerServiceTest, NoLinkIsGivenBeforeItIsDue) {
  EXPECT_EQ(link(0), std::nullopt);
  EXPECT_EQ(link(0), std::nullopt) << "the same may be proposed again";
  EXPECT_EQ(link(1), Refusal::kNotYet) << "the chain cannot be at it yet";
  EXPECT_EQ(vote(nullify_vote(1)), std::nullopt);
  EXPECT_EQ(link(1), Refusal::kNotYet) << "no proposal was voted for";
  const Vote proposal = sample_vote(VoteKind::kNotarize, 2, kBlockA);
  EXPECT_EQ(vote(proposal), std::nullopt);
  EXPECT_EQ(link(1), std::nullopt);
  EXPECT_EQ(vote(proposal), std::nullopt);
  EXPECT_EQ(link(2), Refusal::kNotYet) << "the same vote again is no other proposal";
  EXPECT_EQ(link(0), std::nullopt) << "what the chain knows already";
  EXPECT_EQ(vote(sample_vote(VoteKind::kNotarize, 3, kBlockA)), std::nullopt);
  EXPECT_EQ(link(2), std::nullopt);
}

TEST_F(SignerServiceTest, ALinkOfAnotherSecretIsRefused) {
  EXPECT_EQ(refusal(signer_wire::RevealLink{test_chain_id(), record_at_link(0).beacon_tip, 0}),
            Refusal::kWrongSecret);
  EXPECT_EQ(refusal(signer_wire::RevealLink{test_chain_id(), record_at_link(0).beacon_tip,
                                            kBeaconChainLength + 1}),
            Refusal::kWrongSecret);
  EXPECT_EQ(link(0), std::nullopt) << "it goes on";
}

TEST_F(SignerServiceTest, ARecordThatCannotBeWrittenEndsIt) {
  env_.fail_next_sync();
  const Vote a = sample_vote(VoteKind::kNotarize, 5, kBlockA);
  EXPECT_EQ(vote(a), Refusal::kBroken);
  ASSERT_TRUE(service_->failure());
  EXPECT_EQ(vote(a), Refusal::kBroken) << "until a restart has looked";
}

}  // namespace
}  // namespace fog
