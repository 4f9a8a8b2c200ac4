// The block log gives back what was synced, whatever byte of whatever write the machine stopped at,
// and says precisely what else is damaged.
#include "chain/store/block_log.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "tests/support/chain_samples.h"
#include "tests/support/fault_env.h"

namespace fog {
namespace {

using testing::FaultEnv;
using testing::random_fixed;
using testing::sample_block;
using testing::sample_certificate;
using testing::sample_vote;
using testing::SeededRng;
using testing::Unsynced;

class BlockLogTest : public ::testing::Test {
 protected:
  ErrorOr<std::unique_ptr<BlockLog>> open(std::uint64_t segment_bytes = 1'000'000) {
    return BlockLog::open(env_, "d", chain_, BlockLogOptions{segment_bytes, &rng_});
  }
  void reopen(std::uint64_t segment_bytes = 1'000'000) {
    log_.reset();
    auto opened = open(segment_bytes);
    ASSERT_TRUE(opened) << opened.error().context;
    log_ = *std::move(opened);
  }

  // One block's road through the log, as the engine walks it. Stops at the first failure.
  ErrorOr<void> write_block(BlockLog& log, std::uint64_t height) {
    const std::uint64_t view = height + 10;
    const BlockId parent = height == 1 ? BlockId{} : block_id(blocks_.at(height - 1).header);
    if (!blocks_.contains(height))
      blocks_[height] = sample_block(rng_, chain_, height, parent, 30 + rng_.below(80));
    const Block& block = blocks_[height];
    const BlockId id = block_id(block.header);
    const Vote notarize = sample_vote(VoteKind::kNotarize, view, id);
    const Vote finalize = sample_vote(VoteKind::kFinalize, view, id);
    TRY_VOID(log.append_proposal(view, view - 1, block));
    TRY_VOID(log.append_vote(notarize));
    TRY_VOID(log.sync());
    TRY_VOID(log.append_certificate(sample_certificate(rng_, notarize)));
    TRY_VOID(log.append_vote(finalize));
    TRY_VOID(log.sync());
    finalized_ = height;
    FinalEntry entry{height, view, id, sample_certificate(rng_, finalize), {}, {}};
    entry.app_hash = sha256(as_bytes(std::to_string(height)));
    entry.outcomes.push_back(TxOutcome{});
    entry.outcomes.back().units = height;
    return log.append_final(entry);
  }
  void write_blocks(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto written = write_block(*log_, log_->height() + 1);
      ASSERT_TRUE(written) << written.error().context;
    }
  }
  void expect_blocks(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t height = from; height <= to; ++height) {
      const auto stored = log_->block_at(height);
      ASSERT_TRUE(stored) << stored.error().context;
      EXPECT_EQ(stored->proposal.block, blocks_.at(height));
      EXPECT_EQ(stored->proposal.view, height + 10);
      EXPECT_EQ(stored->final.outcomes.at(0).units, height);
      EXPECT_EQ(stored->final.block, block_id(blocks_.at(height).header));
    }
  }

  SeededRng rng_{1};
  FaultEnv env_;
  ChainId chain_ = random_fixed<32>(rng_);
  std::map<std::uint64_t, Block> blocks_;
  std::uint64_t finalized_ = 0;  // the last height whose finalize vote was synced
  std::unique_ptr<BlockLog> log_;
};

TEST_F(BlockLogTest, GivesBackItsBlocksBeforeAndAfterARestart) {
  reopen();
  EXPECT_EQ(log_->height(), 0U);
  EXPECT_EQ(log_->block_at(1).error().code, ErrorCode::kNotFound);
  write_blocks(5);
  expect_blocks(1, 5);
  reopen();
  EXPECT_EQ(log_->height(), 5U);
  EXPECT_EQ(log_->torn_bytes(), 0U);
  EXPECT_TRUE(log_->take_tail().empty()) << "everything was final";
  expect_blocks(1, 5);
  EXPECT_EQ(log_->block_at(6).error().code, ErrorCode::kNotFound);
  write_blocks(3);
  expect_blocks(1, 8);
}

TEST_F(BlockLogTest, HandsTheUnfinishedTailToTheEngine) {
  reopen();
  write_blocks(2);
  const Block block = sample_block(rng_, chain_, 3, block_id(blocks_[2].header));
  const Vote vote = sample_vote(VoteKind::kNotarize, 13, block_id(block.header));
  ASSERT_TRUE(log_->append_proposal(13, 12, block));
  ASSERT_TRUE(log_->append_vote(vote));
  ASSERT_TRUE(log_->sync());
  reopen();
  const std::vector<LogEntry> tail = log_->take_tail();
  ASSERT_EQ(tail.size(), 2U);
  EXPECT_EQ(std::get<ProposalEntry>(tail[0]).block, block);
  EXPECT_EQ(std::get<VoteEntry>(tail[1]).vote, vote);
  EXPECT_TRUE(log_->take_tail().empty()) << "handed out once";
  // The engine can finish it.
  FinalEntry entry{3, 13, block_id(block.header), std::nullopt, {}, {}};
  ASSERT_TRUE(log_->append_final(entry));
  EXPECT_EQ(log_->block_at(3)->proposal.block, block);
}

TEST_F(BlockLogTest, GoesOverManyFiles) {
  reopen(2'000);
  write_blocks(40);
  expect_blocks(1, 40);
  EXPECT_TRUE(*env_.exists("d/00000005.blocks"));
  reopen(2'000);
  expect_blocks(1, 40);
  write_blocks(2);
  expect_blocks(1, 42);
}

TEST_F(BlockLogTest, RebuildsALostOrDamagedIndex) {
  reopen(2'000);
  write_blocks(40);
  log_.reset();
  ASSERT_TRUE(env_.remove("d/00000002.index"));
  env_.contents("d/00000003.index")[20] ^= 1U;
  reopen(2'000);
  expect_blocks(1, 40);
  EXPECT_TRUE(*env_.exists("d/00000002.index"));
  reopen(2'000);
  expect_blocks(1, 40);
}

TEST_F(BlockLogTest, KeepsAnUnfinishedTailThatSpansFiles) {
  reopen(600);
  write_blocks(3);
  BlockId parent = block_id(blocks_[3].header);
  for (std::uint64_t height = 4; height < 12; ++height) {
    const Block block = sample_block(rng_, chain_, height, parent, 400);
    parent = block_id(block.header);
    blocks_[height] = block;
    ASSERT_TRUE(log_->append_proposal(height + 10, height + 9, block));
  }
  ASSERT_TRUE(log_->sync());
  reopen(600);
  EXPECT_EQ(log_->take_tail().size(), 8U);
  for (std::uint64_t height = 4; height < 12; ++height) {
    FinalEntry entry{height, height + 10, block_id(blocks_[height].header), {}, {}, {}};
    entry.outcomes.emplace_back().units = height;
    ASSERT_TRUE(log_->append_final(entry));
  }
  expect_blocks(1, 11);
  reopen(600);
  expect_blocks(1, 11);
}

TEST_F(BlockLogTest, PrunesWholeFiles) {
  reopen(2'000);
  write_blocks(40);
  EXPECT_EQ(*log_->prune(1), 0U);
  const std::uint64_t removed = *log_->prune(20);
  EXPECT_GT(removed, 0U);
  const std::uint64_t first = log_->first_height();
  EXPECT_GT(first, 1U);
  EXPECT_LE(first, 20U) << "everything from 20 on is kept";
  EXPECT_EQ(log_->block_at(first - 1).error().code, ErrorCode::kNotFound);
  expect_blocks(first, 40);
  reopen(2'000);
  EXPECT_EQ(log_->first_height(), first);
  expect_blocks(first, 40);
  // Without its index a pruned log is read again as well.
  log_.reset();
  const std::vector<std::string> names = *env_.list_dir("d");
  for (const std::string& name : names) {
    if (name.ends_with(".index")) {
      ASSERT_TRUE(env_.remove("d/" + name));
    }
  }
  reopen(2'000);
  EXPECT_EQ(log_->first_height(), first);
  expect_blocks(first, 40);
  EXPECT_GT(*log_->prune(1'000'000), 0U);
  EXPECT_EQ(log_->height(), 40U) << "the open file stays";
  write_blocks(1);
  expect_blocks(41, 41);
}

// Kill -9 at every byte: the last files as they stand after any prefix of the writes.
TEST_F(BlockLogTest, SurvivesAStopAtEveryByteOfEveryWrite) {
  reopen(1'500);
  write_blocks(2);
  const auto before = env_.copy();
  const auto height_before = log_->height();
  const auto blocks_before = blocks_;
  log_.reset();
  for (std::uint64_t stop = 0;; ++stop) {
    env_.restore(before);
    blocks_ = blocks_before;
    finalized_ = height_before;
    env_.crash_after(stop);
    if (auto opened = open(1'500)) {
      log_ = *std::move(opened);
      while (log_->height() < height_before + 4 && write_block(*log_, log_->height() + 1)) {
      }
    }
    if (!env_.crashed()) break;  // all of it was written
    log_.reset();
    const auto unsynced = static_cast<Unsynced>(stop % 3);
    env_.reboot(unsynced, rng_);
    reopen(1'500);
    // A final entry may be lost: the tail then still has the synced proposal and votes.
    ASSERT_GE(log_->height() + 1, finalized_) << "stopped at byte " << stop;
    expect_blocks(1, log_->height());
    if (log_->height() < finalized_) {
      bool found = false;
      for (const LogEntry& entry : log_->take_tail()) {
        const auto* vote = std::get_if<VoteEntry>(&entry);
        found = found || (vote != nullptr && vote->vote.kind == VoteKind::kFinalize);
      }
      ASSERT_TRUE(found) << "the finalize vote was on disk; stopped at byte " << stop;
    }
    log_.reset();
  }
}

TEST_F(BlockLogTest, IgnoresATailTornAtAnyLength) {
  reopen();
  write_blocks(3);
  const std::size_t whole = env_.contents("d/00000001.blocks").size();
  write_blocks(1);
  log_.reset();
  const auto disk = env_.copy();
  const std::size_t size = env_.contents("d/00000001.blocks").size();
  for (std::size_t length = whole; length < size; ++length) {
    env_.restore(disk);
    env_.contents("d/00000001.blocks").resize(length);
    reopen();
    EXPECT_EQ(log_->height(), 3U);
    EXPECT_EQ(env_.contents("d/00000001.blocks").size() + log_->torn_bytes(), length);
    expect_blocks(1, 3);
    write_blocks(1);
    expect_blocks(1, 4);
  }
}

TEST_F(BlockLogTest, NamesFileAndOffsetOfAFlippedBitThatASyncHadCovered) {
  reopen();
  write_blocks(4);
  log_.reset();
  const auto disk = env_.copy();
  const std::size_t size = disk.at("d/00000001.blocks").size();
  std::size_t refused = 0;
  std::size_t cut = 0;
  for (std::size_t at = 0; at < size; at += 3) {
    env_.restore(disk);
    env_.contents("d/00000001.blocks")[at] ^= static_cast<std::uint8_t>(1U << rng_.below(8));
    auto opened = open();
    if (!opened) {
      ++refused;
      EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
      EXPECT_NE(opened.error().context.find("d/00000001.blocks is damaged at offset "),
                std::string::npos);
      EXPECT_NE(opened.error().context.find("restore"), std::string::npos);
      continue;
    }
    // Only what no later record proves to have been synced may be taken for a torn write.
    ++cut;
    EXPECT_GE((*opened)->height(), 3U) << "flipped at " << at;
    EXPECT_GT((*opened)->torn_bytes(), 0U);
  }
  EXPECT_GT(refused, cut);
  EXPECT_GT(cut, 0U);
}

TEST_F(BlockLogTest, AFlippedBitInASealedFileIsFoundWhenRead) {
  reopen(2'000);
  write_blocks(40);
  log_.reset();
  // Inside the transaction of block 1, which stands in the first file.
  Bytes& file = env_.contents("d/00000001.blocks");
  const Bytes& tx = blocks_[1].txs[0];
  const auto place = std::search(file.begin(), file.end(), tx.begin(), tx.end());
  ASSERT_NE(place, file.end());
  *place ^= 1U;
  reopen(2'000);
  const auto stored = log_->block_at(1);
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(stored.error().context.find("d/00000001.blocks is damaged at offset "),
            std::string::npos);
  expect_blocks(2, 40);
}

TEST_F(BlockLogTest, ATransactionCannotForgeAProofThatATornRecordWasSynced) {
  reopen();
  write_blocks(1);
  // A whole record that claims a billion records had been synced, as a transaction.
  RecordWriter forged(2);
  forged.field(Vote{});
  Block block = sample_block(rng_, chain_, 2, block_id(blocks_[1].header));
  block.txs.emplace_back(std::move(forged).seal(1'000'000'000, 1'000'000'000, 0));
  ASSERT_TRUE(log_->append_proposal(12, 11, block));
  log_.reset();
  Bytes& file = env_.contents("d/00000001.blocks");
  file.pop_back();
  reopen();
  EXPECT_EQ(log_->height(), 1U);
  EXPECT_GT(log_->torn_bytes(), 0U);
}

TEST_F(BlockLogTest, AFullDiskIsSaidAndHarmsNothing) {
  reopen();
  write_blocks(2);
  for (std::uint64_t room = 0; room < 600; room += 7) {
    env_.fill_up_after(room);
    const auto written = write_block(*log_, 3);
    if (written) break;
    EXPECT_EQ(written.error().code, ErrorCode::kExhausted);
    EXPECT_NE(written.error().context.find("No space left"), std::string::npos);
    env_.free_space();
    expect_blocks(1, 2);
  }
  env_.free_space();
  ASSERT_TRUE(write_block(*log_, 3));
  reopen();
  EXPECT_EQ(log_->height(), 3U);
  expect_blocks(1, 3);
}

TEST_F(BlockLogTest, WritesNothingMoreAfterAFailedSync) {
  reopen();
  write_blocks(1);
  env_.fail_next_sync();
  EXPECT_FALSE(log_->sync());
  EXPECT_FALSE(log_->append_vote(Vote{})) << "nobody knows what is on disk";
  EXPECT_FALSE(log_->sync());
}

TEST_F(BlockLogTest, RefusesAnotherChainsFilesAndMissingOnes) {
  reopen(2'000);
  write_blocks(40);
  log_.reset();
  const auto foreign = BlockLog::open(env_, "d", Hash32{}, BlockLogOptions{2'000, &rng_});
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(foreign.error().context.find("another chain"), std::string::npos);
  ASSERT_TRUE(env_.remove("d/00000002.blocks"));
  const auto gap = open(2'000);
  ASSERT_FALSE(gap);
  EXPECT_NE(gap.error().context.find("d/00000002.blocks is missing"), std::string::npos);
}

}  // namespace
}  // namespace fog
