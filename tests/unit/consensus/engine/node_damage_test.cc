// A node whose disk was damaged or is full recovers, or says precisely what is wrong.
#include <filesystem>
#include <fstream>

#include "chain/store/kv_store.h"
#include "tests/support/full_disk_env.h"
#include "tests/support/node_fixture.h"

namespace fog {
namespace {

using testing::FullDiskEnv;
using testing::TestKey;
using NodeDamageTest = testing::NodeTest;

TEST_F(NodeDamageTest, RebuildsLostAndDamagedDatabases) {
  std::vector<TxId> ids;
  for (std::uint64_t i = 0; i < 5; ++i) {
    ids.push_back(submit(transfer(0, i, TestKey(60 + i).address, 100'000)));
    wait_final(ids.back());
  }
  const ChainStatus before = *node_->status();
  const auto check = [&] {
    EXPECT_EQ(node_->status()->app_hash, before.app_hash);
    EXPECT_EQ(node_->status()->height, before.height);
    for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(wait_final(ids[i]).height, i + 1);
    EXPECT_TRUE(node_->verify_supply()->conserved);
  };
  for (const char* name : {"state", "index"}) {
    ASSERT_TRUE(node_->close());
    node_.reset();
    std::filesystem::remove_all(dir_ / "node/" + name);
    open();
    check();
    ASSERT_TRUE(node_->close());
    node_.reset();
    std::ofstream(dir_ / "node/" + name + "/CURRENT") << "nonsense\n";
    log_.clear();
    open();
    EXPECT_NE(log_.find("anew from the block log"), std::string::npos);
    check();
  }
}

TEST_F(NodeDamageTest, FindsARecordThatChangedBehindItsBack) {
  wait_final(submit(transfer(0, 0, TestKey(60).address, 100'000)));
  const ChainStatus before = *node_->status();
  ASSERT_TRUE(node_->close());
  node_.reset();
  {
    auto db = open_leveldb(dir_ / "node/state");
    ASSERT_TRUE(db);
    KvBatch batch;
    ASSERT_TRUE((*db)->scan(Bytes{'r'}, Bytes{'s'}, [&](ByteView key, ByteView) {
      batch.erase(key);
      return false;
    }));
    ASSERT_TRUE((*db)->write(batch, true));
  }
  log_.clear();
  open();
  EXPECT_NE(log_.find("damaged"), std::string::npos);
  EXPECT_EQ(node_->status()->app_hash, before.app_hash);
}

TEST_F(NodeDamageTest, SaysThatFinalBlocksAreLost) {
  for (std::uint64_t i = 0; i < 3; ++i)
    wait_final(submit(transfer(0, i, TestKey(1).address, 100'000)));
  ASSERT_TRUE(node_->close());
  node_.reset();
  // The end of the log goes, beyond what a torn write can explain.
  const std::string path = dir_ / "node/blocks/00000001.blocks";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  const Error error = open_fails();
  EXPECT_EQ(error.code, ErrorCode::kCorrupt);
  EXPECT_NE(error.context.find("00000001.blocks at offset"), std::string::npos) << error.context;
  EXPECT_NE(error.context.find("--accept-lost-blocks"), std::string::npos);
  NodeOptions accepting = options();
  accepting.accept_lost_blocks = true;
  auto opened = Node::open(accepting);
  ASSERT_TRUE(opened) << opened.error().context;
  EXPECT_LT((*opened)->status()->height, 3U);
  EXPECT_TRUE((*opened)->verify_supply()->conserved);
  node_ = *std::move(opened);
  wait_final(submit(
      transfer(0, account(TestKey(0).address).next_sequence(0), TestKey(1).address, 100'000)));
}

TEST_F(NodeDamageTest, NamesTheDamageInTheLog) {
  for (std::uint64_t i = 0; i < 3; ++i)
    wait_final(submit(transfer(0, i, TestKey(1).address, 100'000)));
  ASSERT_TRUE(node_->close());
  node_.reset();
  std::fstream file(dir_ / "node/blocks/00000001.blocks",
                    std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(300);
  file.put('\x7F');
  file.close();
  const Error error = open_fails();
  EXPECT_EQ(error.code, ErrorCode::kCorrupt);
  EXPECT_NE(error.context.find("00000001.blocks is damaged at offset"), std::string::npos);
}

TEST_F(NodeDamageTest, DoesNotStartWithoutItsVotesOrWithAnOpenKey) {
  ASSERT_TRUE(node_->close());
  node_.reset();
  std::filesystem::rename(dir_ / "node/validator.votes", dir_ / "votes");
  EXPECT_EQ(open_fails().code, ErrorCode::kNotFound);
  std::filesystem::rename(dir_ / "votes", dir_ / "node/validator.votes");
  std::filesystem::permissions(dir_ / "node/validator.key", std::filesystem::perms::group_read |
                                                                std::filesystem::perms::owner_read);
  EXPECT_EQ(open_fails().code, ErrorCode::kPermission);
  NodeOptions elsewhere = options();
  elsewhere.directory = dir_ / "empty";
  EXPECT_EQ(Node::open(elsewhere).error().code, ErrorCode::kNotFound);
}

TEST_F(NodeDamageTest, AFullDiskStopsTheNodeWithTheReasonAndHarmsNothing) {
  wait_final(submit(transfer(0, 0, TestKey(1).address, 100'000)));
  ASSERT_TRUE(node_->close());
  node_.reset();
  for (const std::size_t room : {std::size_t{0}, std::size_t{100}, std::size_t{700},
                                 std::size_t{1'100}, std::size_t{1'400}}) {
    FullDiskEnv env(system_env());
    env.room = room;
    NodeOptions small = options();
    small.env = &env;
    std::optional<Error> reported;
    small.on_failure = [&](const Error& error) { reported = error; };
    auto opened = Node::open(small);
    if (!opened) {
      EXPECT_EQ(opened.error().code, ErrorCode::kExhausted) << "finishing what was begun";
      continue;
    }
    node_ = *std::move(opened);
    std::uint64_t sequence = account(TestKey(0).address).next_sequence(0);
    while (!node_->failure() && node_->submit({transfer(0, sequence, TestKey(1).address, 1)})) {
      (void)node_->wait_transaction(TxId{}, 5).has_value();
      sequence = account(TestKey(0).address).next_sequence(0);
    }
    const auto failure = node_->failure();
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, ErrorCode::kExhausted);
    EXPECT_NE(failure->context.find("No space left"), std::string::npos);
    const auto refused = node_->submit({transfer(0, sequence, TestKey(1).address, 1)});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().context.find("No space left"), std::string::npos);
    (void)node_->close().has_value();
    EXPECT_TRUE(reported.has_value());
    node_.reset();
  }
  // With room again it goes on where it was.
  open();
  EXPECT_TRUE(node_->verify_supply()->conserved);
  wait_final(submit(
      transfer(0, account(TestKey(0).address).next_sequence(0), TestKey(1).address, 100'000)));
}

}  // namespace
}  // namespace fog
