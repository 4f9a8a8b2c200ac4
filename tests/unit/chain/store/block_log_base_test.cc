// A block log that does not begin at the genesis: where it begins survives restarts and power
// failures, and everything else is as in any log.
#include <gtest/gtest.h>

#include "chain/store/block_log.h"
#include "tests/support/chain_samples.h"
#include "tests/support/fault_env.h"

namespace fog {
namespace {

using testing::FaultEnv;
using testing::random_fixed;
using testing::sample_block;
using testing::SeededRng;
using testing::Unsynced;

class BlockLogBaseTest : public ::testing::Test {
 protected:
  std::unique_ptr<BlockLog> open(FaultEnv& env) {
    auto opened = BlockLog::open(env, "d", chain_, BlockLogOptions{4'000, &rng_});
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().context);
    return opened ? *std::move(opened) : nullptr;
  }
  void write_blocks(BlockLog& log, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t height = log.height() + 1;
      const Block block = sample_block(rng_, chain_, height, parent_, 50);
      parent_ = block_id(block.header);
      ASSERT_TRUE(log.append_proposal(height, height - 1, block));
      ASSERT_TRUE(log.append_final(FinalEntry{height, height, parent_, std::nullopt, {}, {}}));
      ASSERT_TRUE(log.sync());
    }
  }
  SeededRng rng_{1};
  ChainId chain_ = random_fixed<32>(rng_);
  BlockId parent_;
};

TEST_F(BlockLogBaseTest, BeginsWhereItWasTold) {
  FaultEnv env;
  {
    const auto log = open(env);
    ASSERT_TRUE(log->start_after(1'000));
    EXPECT_EQ(log->height(), 1'000U);
    EXPECT_EQ(log->first_height(), 1'001U);
  }
  {
    const auto log = open(env);
    EXPECT_EQ(log->height(), 1'000U) << "without a block, after a restart";
    EXPECT_EQ(log->first_height(), 1'001U);
    EXPECT_EQ(log->block_at(1'000).error().code, ErrorCode::kNotFound);
    write_blocks(*log, 60);
  }
  const auto log = open(env);
  EXPECT_EQ(log->height(), 1'060U);
  EXPECT_EQ(log->first_height(), 1'001U);
  EXPECT_EQ(log->block_at(1'001)->final.height, 1'001U);
  EXPECT_EQ(log->block_at(1'060)->final.height, 1'060U);
  EXPECT_EQ(log->block_at(1'000).error().code, ErrorCode::kNotFound);
  EXPECT_GT(*log->prune(1'030), 0U);
  EXPECT_GT(log->first_height(), 1'001U);
  const std::uint64_t first = log->first_height();
  EXPECT_EQ(open(env)->first_height(), first) << "what was pruned stays so";
}

TEST_F(BlockLogBaseTest, StoppedAtAnyByteItBeginsThereOrHasNeverHeardOfIt) {
  bool was_told = false;
  bool was_not = false;
  for (std::uint64_t at = 0; at < 120; ++at) {
    for (const Unsynced unsynced : {Unsynced::kKept, Unsynced::kLost, Unsynced::kScraped}) {
      FaultEnv env;
      open(env);
      env.crash_after(at);
      {
        auto log = BlockLog::open(env, "d", chain_, BlockLogOptions{4'000, &rng_});
        if (log) (void)(*log)->start_after(1'000).has_value();
      }
      env.reboot(unsynced, rng_);
      const auto log = open(env);
      const std::uint64_t height = log->height();
      ASSERT_TRUE(height == 0 || height == 1'000);
      (height == 0 ? was_not : was_told) = true;
      write_blocks(*log, 1);
      EXPECT_EQ(log->height(), height + 1);
    }
  }
  EXPECT_TRUE(was_told && was_not);
}

TEST_F(BlockLogBaseTest, ADamagedBeginningIsSaid) {
  FaultEnv env;
  ASSERT_TRUE(open(env)->start_after(1'000));
  env.contents("d/base")[40] ^= 1;
  const auto opened = BlockLog::open(env, "d", chain_, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(opened.error().context.find("d/base"), std::string::npos);
}

}  // namespace
}  // namespace fog
