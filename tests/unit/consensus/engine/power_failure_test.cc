// The power goes, after any byte that the node writes to its log or its vote record, with whatever
// was not synced lost or scrambled: what was reported final is still there, the votes agree with
// the log, and the databases, which kept all they had written, are not ahead of it.
#include <thread>

#include <gtest/gtest.h>

#include "consensus/engine/node.h"
#include "tests/support/fault_env.h"
#include "tests/support/naive_state.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_node.h"

namespace fog {
namespace {

using testing::FaultEnv;
using testing::NaiveChain;
using testing::SeededRng;
using testing::TestKey;
using testing::Unsynced;

class PowerFailureTest : public ::testing::Test {
 protected:
  NodeOptions options() {
    NodeOptions options;
    options.directory = dir_ / "node";
    options.env = &env_;
    options.segment_bytes = 2'500;
    options.verify_threads = 1;
    options.log = [this](std::string_view line) {
      const std::lock_guard lock(mutex_);
      log_ += std::string(line) + "\n";
    };
    return options;
  }

  // Transfers one after another until the power goes. The heights that were reported final.
  void run_until_dark(std::uint64_t blocks_max) {
    auto opened = Node::open(options());
    if (!opened) {
      EXPECT_TRUE(env_.crashed()) << opened.error().context;
      return;
    }
    Node& node = **opened;
    const TestKey from(0);
    for (std::uint64_t i = 0; i < blocks_max && !node.failure(); ++i) {
      const auto account = read_record<Account>(node, account_key(from.address));
      const Bytes tx = bcs_encode(testing::signed_transfer(
          chain_, from, (*account)->next_sequence(0), TestKey(1).address, 1'000));
      const auto replies = node.submit({tx});
      if (!replies) break;
      const auto status = node.wait_transaction(replies->at(0).id, 20'000);
      if (!status || status->place != TxPlace::kFinal) break;
      height_reported_ = status->height;
    }
    (void)node.close().has_value();
  }

  // Opens what is left, and holds it against a plain execution of the log.
  void check(std::uint64_t stop) {
    log_.clear();
    auto opened = Node::open(options());
    ASSERT_TRUE(opened) << "stopped at byte " << stop << ": " << opened.error().context;
    Node& node = **opened;
    const ChainStatus status = *node.status();
    EXPECT_GE(status.height, height_reported_) << "stopped at byte " << stop;
    EXPECT_EQ(log_.find("ahead of the block log"), std::string::npos);
    EXPECT_EQ(log_.find("anew"), std::string::npos) << log_;
    NaiveChain naive(genesis_);
    for (std::uint64_t height = 1; height <= status.height; ++height)
      ASSERT_EQ(naive.execute(node.block(height)->block), "");
    EXPECT_EQ(naive.root(), status.app_hash);
    ASSERT_TRUE(node.close());
  }

  testing::TempDir dir_;
  FaultEnv env_;
  std::mutex mutex_;
  std::string log_;
  ValidatorKey key_ = testing::test_validator_key();
  Genesis genesis_ = testing::test_genesis(key_, 3);
  ChainId chain_ = chain_id_of(genesis_);
  std::uint64_t height_reported_ = 0;
};

TEST_F(PowerFailureTest, LosesNothingThatWasReportedFinal) {
  ASSERT_TRUE(system_env().make_dir(dir_ / "node"));
  ASSERT_TRUE(init_node(options(), genesis_, key_));
  SeededRng rng(3);
  std::uint64_t failures = 0;
  // Strides that are no multiple of anything, so that every kind of write is hit everywhere.
  for (std::uint64_t stop = 1; stop < 3'500; stop += 113) {
    env_.crash_after(stop);
    run_until_dark(3);
    if (env_.crashed()) ++failures;
    env_.reboot(static_cast<Unsynced>(failures % 3), rng);
    check(stop);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(failures, 20U);
  EXPECT_GT(height_reported_, 20U);
}

}  // namespace
}  // namespace fog
