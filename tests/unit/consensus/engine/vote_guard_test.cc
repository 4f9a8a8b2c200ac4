// The vote record lets a key say each thing once, and forgets nothing, whatever byte of a write the
// machine stops at.
#include "consensus/engine/vote_guard.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "tests/support/chain_samples.h"
#include "tests/support/fault_env.h"
#include "tests/support/test_chain.h"

namespace fog {
namespace {

using testing::FaultEnv;
using testing::sample_vote;
using testing::SeededRng;
using testing::TestKey;
using testing::Unsynced;

const BlockId kA = sha256(as_bytes("a"));
const BlockId kB = sha256(as_bytes("b"));

class VoteGuardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(
        VoteGuard::create(env_, "d/votes", testing::test_chain_id(), key_.secret.x_only_key()));
  }
  ErrorOr<VoteGuard> open() {
    return VoteGuard::open(env_, "d/votes", testing::test_chain_id(), key_.secret);
  }
  FaultEnv env_;
  TestKey key_{1};
};

TEST_F(VoteGuardTest, SignsWhatVerifiesAndRemembersIt) {
  auto guard = open();
  ASSERT_TRUE(guard);
  const Vote vote = sample_vote(VoteKind::kNotarize, 5, kA);
  const auto signature = guard->sign(vote, 3);
  ASSERT_TRUE(signature);
  EXPECT_EQ(signature->index, 3);
  EXPECT_TRUE(verify_schnorr(key_.secret.x_only_key(), vote_digest(testing::test_chain_id(), vote),
                             signature->signature));
  const auto again = open();
  EXPECT_EQ(again->record().view, 5U);
  EXPECT_EQ(again->record().notarized, (VotedBlock{vote.parent_view, kA}));
  EXPECT_EQ(guard->sign(vote, 3)->signature, signature->signature) << "a repeated vote is the same";
}

TEST_F(VoteGuardTest, ForbidsWhatTheConsensusForbids) {
  const auto allowed = [](std::vector<Vote> before, const Vote& vote) {
    VoteRecord record;
    for (const Vote& cast : before) {
      EXPECT_TRUE(may_vote(record, cast));
      record = record_after(record, cast);
    }
    return may_vote(record, vote);
  };
  const Vote notarize_a = sample_vote(VoteKind::kNotarize, 5, kA);
  const Vote notarize_b = sample_vote(VoteKind::kNotarize, 5, kB);
  const Vote nullify = sample_vote(VoteKind::kNullify, 5, {});
  const Vote finalize_a = sample_vote(VoteKind::kFinalize, 5, kA);
  const Vote finalize_b = sample_vote(VoteKind::kFinalize, 5, kB);
  EXPECT_FALSE(allowed({notarize_a}, notarize_b)) << "one block a view";
  EXPECT_TRUE(allowed({notarize_a}, nullify)) << "both are allowed";
  EXPECT_TRUE(allowed({nullify}, notarize_a));
  EXPECT_FALSE(allowed({nullify}, finalize_a)) << "never nullify and finalize";
  EXPECT_FALSE(allowed({finalize_a}, nullify));
  EXPECT_FALSE(allowed({finalize_a}, finalize_b));
  EXPECT_TRUE(allowed({notarize_a, finalize_a}, finalize_a)) << "again, after a restart";
  EXPECT_TRUE(allowed({notarize_a}, finalize_a));
  Vote elsewhere = notarize_a;
  ++elsewhere.parent_view;
  EXPECT_FALSE(allowed({notarize_a}, elsewhere)) << "the same block on another parent";
  elsewhere.kind = VoteKind::kFinalize;
  EXPECT_FALSE(allowed({finalize_a}, elsewhere));
  const Vote later = sample_vote(VoteKind::kNotarize, 6, kB);
  EXPECT_TRUE(allowed({nullify}, later));
  EXPECT_FALSE(allowed({later}, finalize_a)) << "nothing below the view";
  EXPECT_FALSE(allowed({later}, notarize_a));
  Vote next_epoch = sample_vote(VoteKind::kNotarize, 1, kB);
  next_epoch.epoch = 1;
  EXPECT_TRUE(allowed({later}, next_epoch)) << "views start anew in an epoch";
  EXPECT_FALSE(allowed({next_epoch}, later));
}

TEST_F(VoteGuardTest, RefusesInOneLifeAndInTheNext) {
  auto guard = open();
  ASSERT_TRUE(guard->sign(sample_vote(VoteKind::kNotarize, 5, kA), 0));
  EXPECT_EQ(guard->sign(sample_vote(VoteKind::kNotarize, 5, kB), 0).error().code,
            ErrorCode::kRejected);
  auto again = open();
  EXPECT_EQ(again->sign(sample_vote(VoteKind::kNotarize, 5, kB), 0).error().code,
            ErrorCode::kRejected);
}

TEST_F(VoteGuardTest, AStopAtAnyByteNeverForgetsASignedVote) {
  const auto disk = env_.copy();
  SeededRng rng(1);
  for (std::uint64_t stop = 0; stop < 6 * kVoteSlotBytes; ++stop) {
    env_.restore(disk);
    std::uint64_t signed_view = 0;
    {
      auto guard = open();
      ASSERT_TRUE(guard);
      env_.crash_after(stop);
      for (std::uint64_t view = 1; view <= 8; ++view) {
        if (!guard->sign(sample_vote(VoteKind::kNotarize, view, kA), 0)) break;
        signed_view = view;
      }
    }
    ASSERT_TRUE(env_.crashed());
    env_.reboot(static_cast<Unsynced>(stop % 3), rng);
    const auto guard = open();
    ASSERT_TRUE(guard) << "stopped at byte " << stop;
    EXPECT_GE(guard->record().view, signed_view);
    EXPECT_LE(guard->record().view, signed_view + 1);
  }
}

TEST_F(VoteGuardTest, SignsNothingMoreAfterAWriteFailed) {
  auto guard = open();
  env_.fail_next_sync();
  EXPECT_FALSE(guard->sign(sample_vote(VoteKind::kNotarize, 1, kA), 0));
  EXPECT_FALSE(guard->sign(sample_vote(VoteKind::kNotarize, 2, kA), 0));
  EXPECT_TRUE(open()->sign(sample_vote(VoteKind::kNotarize, 2, kA), 0)) << "a restart has looked";
}

TEST_F(VoteGuardTest, DoesNotStartWithoutItsRecord) {
  EXPECT_EQ(VoteGuard::open(env_, "d/other", testing::test_chain_id(), key_.secret).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(VoteGuard::create(env_, "d/votes", testing::test_chain_id(), key_.secret.x_only_key())
                .error()
                .code,
            ErrorCode::kAlreadyExists);
  EXPECT_EQ(VoteGuard::open(env_, "d/votes", Hash32{}, key_.secret).error().code,
            ErrorCode::kInvalidInput);
  EXPECT_EQ(
      VoteGuard::open(env_, "d/votes", testing::test_chain_id(), TestKey(2).secret).error().code,
      ErrorCode::kInvalidInput);
  EXPECT_FALSE(*env_.is_open_to_others("d/votes"));
}

TEST_F(VoteGuardTest, OneDamagedSlotLeavesTheOtherAndTwoStopTheNode) {
  for (std::size_t at = 0; at < kVoteSlotBytes; at += 5) {
    env_.contents("d/votes")[at] ^= 4U;
    EXPECT_TRUE(open()) << "the other slot holds";
    env_.contents("d/votes")[kVoteSlotBytes + at] ^= 4U;
    const auto damaged = open();
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(damaged.error().context.find("d/votes"), std::string::npos);
    env_.contents("d/votes")[at] ^= 4U;
    env_.contents("d/votes")[kVoteSlotBytes + at] ^= 4U;
  }
}

}  // namespace
}  // namespace fog
