// A signer in this process and one behind a socket give the same votes and refuse the same.
#include "consensus/engine/signer.h"

#include "tests/support/signer_world.h"

namespace fog {
namespace {

using testing::kBlockA;
using testing::kBlockB;
using testing::nullify_vote;
using testing::record_at_link;
using testing::sample_vote;
using testing::test_beacon_chain;
using testing::test_chain_id;

enum class Where : std::uint8_t { kLocal, kRemote };

class EitherSignerTest : public testing::SignerTest, public ::testing::WithParamInterface<Where> {
 protected:
  void SetUp() override {
    SignerTest::SetUp();
    open();
  }
  void open() {
    if (GetParam() == Where::kLocal) return;
    serve();
    auto remote = RemoteSigner::open(remote_options());
    ASSERT_TRUE(remote) << remote.error().context;
    remote_ = *std::move(remote);
  }
  void restart() {
    remote_.reset();
    server_.reset();
    open_local();
    open();
  }
  Signer& signer() {
    if (remote_) return *remote_;
    return *local_;
  }
  std::unique_ptr<RemoteSigner> remote_;
};

TEST_P(EitherSignerTest, SignsWhatVerifiesAndTellsItsRecord) {
  EXPECT_EQ(signer().key(), key_.secret.x_only_key());
  EXPECT_EQ(signer().record()->number, 0U);
  const std::vector<Vote> votes = {
      sample_vote(VoteKind::kNotarize, 5, kBlockA), sample_vote(VoteKind::kFinalize, 5, kBlockA),
      sample_vote(VoteKind::kNotarize, 6, kBlockB), nullify_vote(6), nullify_vote(9)};
  VoteRecord record = *signer().record();
  for (const Vote& vote : votes) {
    const auto signature = signer().sign(vote, 3);
    expect_verifies(vote, signature);
    EXPECT_EQ(signature->index, 3);
    record = record_after(record, vote);
    EXPECT_EQ(*signer().record(), record);
  }
  restart();
  EXPECT_EQ(*signer().record(), record) << "it stands on disk";
}

TEST_P(EitherSignerTest, SaysOneThingInAViewInThisLifeAndTheNext) {
  const Vote a = sample_vote(VoteKind::kNotarize, 5, kBlockA);
  const auto first = signer().sign(a, 0);
  ASSERT_TRUE(first);
  for (int life = 0; life < 2; ++life) {
    EXPECT_EQ(signer().sign(sample_vote(VoteKind::kNotarize, 5, kBlockB), 0).error().code,
              ErrorCode::kRejected);
    EXPECT_EQ(signer().sign(sample_vote(VoteKind::kNotarize, 4, kBlockB), 0).error().code,
              ErrorCode::kRejected);
    EXPECT_EQ(signer().sign(a, 0)->signature, first->signature) << "the same again";
    restart();
  }
  ASSERT_TRUE(signer().sign(nullify_vote(5), 0));
  EXPECT_EQ(signer().sign(sample_vote(VoteKind::kFinalize, 5, kBlockA), 0).error().code,
            ErrorCode::kRejected);
}

TEST_P(EitherSignerTest, RevealsTheLinkThatTheChainIsAt) {
  const auto link = [&](std::uint32_t revealed) {
    const auto reveal = signer().reveal(record_at_link(revealed));
    EXPECT_TRUE(reveal) << reveal.error().context;
    EXPECT_EQ(reveal->next_commitment, std::nullopt);
    return reveal->link;
  };
  EXPECT_EQ(link(0), test_beacon_chain()->link(0));
  ASSERT_TRUE(signer().sign(sample_vote(VoteKind::kNotarize, 1, kBlockA), 0));
  EXPECT_EQ(link(1), test_beacon_chain()->link(1));
  EXPECT_EQ(link(0), test_beacon_chain()->link(0)) << "a proposal that was passed over";
}

INSTANTIATE_TEST_SUITE_P(Where, EitherSignerTest, ::testing::Values(Where::kLocal, Where::kRemote),
                         [](const auto& where) {
                           return where.param == Where::kLocal ? "Local" : "Remote";
                         });

}  // namespace
}  // namespace fog
