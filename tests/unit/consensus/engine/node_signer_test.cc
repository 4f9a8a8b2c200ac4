// A node whose key is in another process: it makes blocks while its signer is there, none while it
// is away, and goes on when it is back. A chain of one validator, so every block needs the signer.
#include <thread>

#include "consensus/engine/local_signer.h"
#include "consensus/engine/signer_server.h"
#include "tests/support/node_fixture.h"

namespace fog {
namespace {

using testing::signed_transfer;
using testing::TestKey;

class NodeSignerTest : public testing::NodeTest {
 protected:
  void SetUp() override {
    NodeOptions bare = options();
    const auto made = init_node(bare, genesis_, std::nullopt);
    ASSERT_TRUE(made) << made.error().context;
    ASSERT_TRUE(system_env().make_dir(dir_ / "signer"));
    ASSERT_TRUE(create_signer_files(system_env(), dir_ / "signer", chain_, key_));
    start_signer();
    open_node();
  }
  void TearDown() override {
    node_.reset();
    stop_signer();
  }
  NodeOptions signed_options() {
    NodeOptions out = options();
    out.signer_path = dir_ / "signer.sock";
    out.signer_timeout_ms = 20'000;
    out.delay_ms = 50;
    return out;
  }
  void open_node() {
    auto opened = Node::open(signed_options());
    ASSERT_TRUE(opened) << opened.error().context;
    node_ = *std::move(opened);
  }
  void start_signer() {
    auto signer = LocalSigner::open(system_env(), dir_ / "signer", chain_);
    ASSERT_TRUE(signer) << signer.error().context;
    signer_ = *std::move(signer);
    SignerServerOptions server_options;
    server_options.path = dir_ / "signer.sock";
    auto server = SignerServer::start(*signer_, server_options);
    ASSERT_TRUE(server) << server.error().context;
    server_ = *std::move(server);
  }
  void stop_signer() {
    server_.reset();
    signer_.reset();
  }
  std::unique_ptr<LocalSigner> signer_;
  std::unique_ptr<SignerServer> server_;
};

TEST_F(NodeSignerTest, MakesBlocksWithItsSigner) {
  wait_final(submit(transfer(0, 0, TestKey(50).address, 5 * kDropletsPerFog)));
  EXPECT_EQ(node_->metrics().signer_reached, std::optional(true));
  for (const char* name : {"/validator.key", "/validator.votes"})
    EXPECT_FALSE(*system_env().exists((dir_ / "node") + name));
  ASSERT_TRUE(node_->close());
  node_.reset();
  open_node();
  wait_final(submit(transfer(0, 1, TestKey(50).address, 7)));
}

TEST_F(NodeSignerTest, WaitsForASignerThatIsAwayAndGoesOn) {
  for (std::uint64_t round = 0; round < 3; ++round) {
    stop_signer();
    const TxId id = submit(transfer(0, round, TestKey(50).address, 5 * kDropletsPerFog));
    // It is found out when something is to be signed; then views pass their time without votes.
    while (node_->metrics().signer_reached != std::optional(false))
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ(node_->wait_transaction(id, 300)->place, TxPlace::kPending);
    EXPECT_FALSE(node_->failure());
    start_signer();
    EXPECT_EQ(wait_final(id).outcome.fault, 0U);
  }
  EXPECT_TRUE(node_->evidence()->empty());
}

TEST_F(NodeSignerTest, AloneItDoesNotStartBeforeItsSigner) {
  ASSERT_TRUE(node_->close());
  node_.reset();
  stop_signer();
  const auto refused = Node::open(signed_options());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  start_signer();
  open_node();
}

TEST_F(NodeSignerTest, RefusesTwoPlacesForAKeyAndNone) {
  ASSERT_TRUE(node_->close());
  node_.reset();
  EXPECT_EQ(Node::open(options()).error().code, ErrorCode::kInvalidInput)
      << "it had a signer, and none is given";
  ASSERT_TRUE(key_.write(system_env(), dir_ / "node/validator.key"));
  EXPECT_EQ(Node::open(signed_options()).error().code, ErrorCode::kInvalidInput)
      << "a key here and a signer there";
}

TEST_F(NodeSignerTest, AnotherSignersVotesAreNotTaken) {
  ASSERT_TRUE(node_->close());
  node_.reset();
  stop_signer();
  testing::SeededRng rng(1);
  const ValidatorKey other = ValidatorKey::generate(rng);
  ASSERT_TRUE(system_env().remove(dir_ / "signer/validator.key"));
  ASSERT_TRUE(system_env().remove(dir_ / "signer/validator.votes"));
  ASSERT_TRUE(create_signer_files(system_env(), dir_ / "signer", chain_, other));
  start_signer();
  EXPECT_EQ(Node::open(signed_options()).error().code, ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace fog
