// A node takes transactions, makes them final, keeps them through restarts, and says precisely what
// is wrong when it cannot.
#include "consensus/engine/node.h"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "chain/store/block_log.h"
#include "chain/store/kv_store.h"
#include "consensus/rules/genesis.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_node.h"

namespace fog {
namespace {

using testing::signed_transfer;
using testing::TempDir;
using testing::test_genesis;
using testing::test_validator_key;
using testing::TestKey;

class NodeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto made = init_node(options(), genesis_, key_);
    ASSERT_TRUE(made) << made.error().context;
    open();
  }
  NodeOptions options() {
    NodeOptions options;
    options.directory = dir_ / "node";
    options.verify_threads = 2;
    options.log = [this](std::string_view line) { log_ += std::string(line) + "\n"; };
    return options;
  }
  void open() {
    auto opened = Node::open(options());
    ASSERT_TRUE(opened) << opened.error().context;
    node_ = *std::move(opened);
  }
  void restart() {
    ASSERT_TRUE(node_->close());
    node_.reset();
    open();
  }
  Error open_fails() {
    auto opened = Node::open(options());
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }
  Bytes transfer(std::uint64_t from, std::uint64_t sequence, const Address& to,
                 std::uint64_t droplets) {
    return bcs_encode(signed_transfer(chain_, TestKey(from), sequence, to, droplets));
  }
  TxId submit(const Bytes& tx) {
    const auto replies = node_->submit({tx});
    EXPECT_TRUE(replies);
    EXPECT_EQ(replies->at(0).fault, Fault::kNone) << fault_name(replies->at(0).fault);
    EXPECT_EQ(replies->at(0).refused, "");
    return replies->at(0).id;
  }
  TxStatus wait_final(const TxId& id) {
    const auto status = node_->wait_transaction(id, 20'000);
    EXPECT_TRUE(status);
    EXPECT_EQ(status->place, TxPlace::kFinal);
    return *status;
  }
  Account account(const Address& address) {
    const auto record = read_record<Account>(*node_, account_key(address));
    EXPECT_TRUE(record && *record);
    return **record;
  }

  TempDir dir_;
  ValidatorKey key_ = test_validator_key();
  Genesis genesis_ = test_genesis(key_, 10);
  ChainId chain_ = chain_id_of(genesis_);
  std::string log_;
  std::unique_ptr<Node> node_;
};

TEST_F(NodeTest, MakesATransferFinalAndKeepsItThroughARestart) {
  const Address to = TestKey(50).address;
  const TxId id = submit(transfer(0, 0, to, 5 * kDropletsPerFog));
  const TxStatus status = wait_final(id);
  EXPECT_EQ(status.height, 1U);
  EXPECT_EQ(status.outcome.fault, 0U);
  EXPECT_EQ(account(to).balance.droplets,
            5 * kDropletsPerFog - genesis_.params.account_creation_burn.droplets);
  EXPECT_EQ(account(TestKey(0).address).next_sequence(0), 1U);

  const ChainStatus before = *node_->status();
  EXPECT_EQ(before.chain_id, chain_);
  EXPECT_EQ(before.chain_name, "fog-test");
  EXPECT_EQ(before.mempool_txs, 0U);
  restart();
  const ChainStatus after = *node_->status();
  EXPECT_EQ(after.height, before.height);
  EXPECT_EQ(after.app_hash, before.app_hash);
  EXPECT_EQ(after.block, before.block);
  EXPECT_EQ(wait_final(id).height, 1U);
  // And it goes on.
  wait_final(submit(transfer(0, 1, to, 7)));
  const auto block = node_->block(2);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->block.header.parent, before.block);
  EXPECT_EQ(block->block.header.app_hash, before.app_hash) << "the root after the parent";
  EXPECT_EQ(block->outcomes.size(), 1U);
  EXPECT_TRUE(node_->verify_supply()->conserved);
}

TEST_F(NodeTest, RestsWithoutWork) {
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(node_->status()->height, 0U) << "no empty blocks";
  EXPECT_EQ(node_->block(0).error().code, ErrorCode::kNotFound);
}

TEST_F(NodeTest, ManyTransfersInOneCallAllBecomeFinal) {
  std::vector<Bytes> txs;
  for (std::uint64_t sequence = 0; sequence < 40; ++sequence) {
    for (std::uint64_t from = 0; from < 10; ++from)
      txs.push_back(transfer(from, sequence, TestKey(100 + sequence).address, 100'000));
  }
  const auto replies = node_->submit(txs);
  ASSERT_TRUE(replies);
  for (const SubmitReply& reply : *replies) {
    EXPECT_EQ(reply.fault, Fault::kNone);
    EXPECT_EQ(wait_final(reply.id).outcome.fault, 0U);
  }
  const ChainStatus status = *node_->status();
  const auto supply = node_->verify_supply();
  ASSERT_TRUE(supply);
  EXPECT_TRUE(supply->conserved);
  EXPECT_EQ(node_->metrics().transactions_final, 400U);
  restart();
  EXPECT_EQ(node_->status()->app_hash, status.app_hash);
}

TEST_F(NodeTest, RefusesWithNumberedFaults) {
  const auto fault = [&](const Bytes& tx) { return node_->submit({tx})->at(0).fault; };
  Bytes good = transfer(0, 0, TestKey(1).address, 5);
  Bytes bad = good;
  bad.back() ^= 1U;
  EXPECT_EQ(fault(bad), Fault::kBadSignature);
  EXPECT_EQ(fault({1, 2, 3}), Fault::kMalformed);
  EXPECT_EQ(fault(transfer(77, 0, TestKey(1).address, 5)), Fault::kNoAccount);
  EXPECT_EQ(fault(bcs_encode(signed_transfer(Hash32{}, TestKey(0), 0, TestKey(1).address, 5))),
            Fault::kWrongChain);
  EXPECT_EQ(fault(bcs_encode(signed_transfer(chain_, TestKey(0), 0, TestKey(1).address, 5, 1))),
            Fault::kFeeTooLow);
  TxBody unknown = testing::make_body(TestKey(0).address, 0, {RawMessage{9'999, {}}},
                                      system_clock().wall_ms() + 60'000);
  unknown.chain_id = chain_;
  EXPECT_EQ(fault(bcs_encode(testing::sign_tx(unknown, TestKey(0)))), Fault::kUnknownMessage);
  const TxId id = submit(good);
  wait_final(id);
  EXPECT_EQ(fault(good), Fault::kSequenceTooLow) << "a replay of what is final";
  EXPECT_EQ(fault(transfer(0, 0, TestKey(1).address, 6)), Fault::kSequenceTooLow) << "a replay";
  EXPECT_EQ(node_->status()->height, 1U);
}

TEST_F(NodeTest, AFailedMessagePaysItsFeeAndIsRecorded) {
  const TxId id = submit(transfer(0, 0, TestKey(1).address, 9'000'000 * kDropletsPerFog));
  const TxStatus status = wait_final(id);
  EXPECT_EQ(status.outcome.fault, static_cast<std::uint16_t>(Fault::kInsufficientFunds));
  EXPECT_GT(status.outcome.fee_burned.droplets, 0U);
  EXPECT_LT(account(TestKey(0).address).balance.droplets, 1'000'000 * kDropletsPerFog);
}

TEST_F(NodeTest, ProvesRecordsAndTheirAbsence) {
  wait_final(submit(transfer(0, 0, TestKey(1).address, 5)));
  const ChainStatus status = *node_->status();
  const auto present = node_->state_proof(account_key(TestKey(1).address));
  ASSERT_TRUE(present);
  EXPECT_EQ(present->root, status.app_hash);
  EXPECT_EQ(present->height, status.height);
  EXPECT_TRUE(present->value.has_value());
  EXPECT_TRUE(verify_state_proof(*present));
  const auto absent = node_->state_proof(account_key(TestKey(777).address));
  ASSERT_TRUE(absent);
  EXPECT_FALSE(absent->value.has_value());
  EXPECT_TRUE(verify_state_proof(*absent));
  EXPECT_EQ(node_->state_proof({}).error().code, ErrorCode::kInvalidInput);
}

TEST_F(NodeTest, BoundsWhatIsAsked) {
  EXPECT_EQ(node_->state_get(std::vector<StateKey>(257, StateKey{1})).error().code,
            ErrorCode::kInvalidInput);
  EXPECT_TRUE(node_->state_get(std::vector<StateKey>(256, StateKey{1})));
  EXPECT_EQ(node_->state_get({StateKey{}}).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(node_->state_scan({0x01}, {0x02}, 10).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(node_->state_scan({0x80}, {0x81}, 0).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(node_->state_scan({0x80}, {0x81}, 1'001).error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(node_->state_scan({0x80}, {0x81}, 1'000)->records.empty());
  EXPECT_EQ(node_->block(99).error().code, ErrorCode::kNotFound);
}

TEST_F(NodeTest, WaitsForAHeightAndLetsGoWhenItCloses) {
  EXPECT_EQ(node_->wait_height(5, 20)->height, 0U) << "in vain, and says where it is";
  std::thread waiter([&] { EXPECT_GE(node_->wait_height(1, 20'000)->height, 1U); });
  submit(transfer(0, 0, TestKey(1).address, 5));
  waiter.join();
  std::thread stranded([&] {
    const auto status = node_->wait_transaction(TxId{}, 60'000);
    EXPECT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_TRUE(node_->close());
  stranded.join();
  EXPECT_EQ(node_->submit({}).error().code, ErrorCode::kUnavailable);
}

TEST_F(NodeTest, AnswersWhileBlocksAreMade) {
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> answers{0};
  const auto ask = [&](std::uint64_t number) {
    while (!done) {
      // Money only moves between these, or is burned: every answer is one state.
      const auto values =
          node_->state_get({account_key(TestKey(0).address), account_key(TestKey(1).address),
                            account_key(genesis_.validators[0].payout), supply_key()});
      ASSERT_TRUE(values);
      std::uint64_t sum = bcs_decode<Supply>(*(*values)[3])->burned.droplets;
      for (std::size_t i = 0; i < 3; ++i)
        sum += bcs_decode<Account>(*(*values)[i])->balance.droplets;
      EXPECT_EQ(sum, 2'000'000 * kDropletsPerFog);
      const auto proof = node_->state_proof(account_key(TestKey(number).address));
      ASSERT_TRUE(proof);
      EXPECT_TRUE(verify_state_proof(*proof));
      const ChainStatus status = *node_->status();
      if (status.height > 0) {
        EXPECT_EQ(node_->block(status.height)->id, status.block);
      }
      EXPECT_TRUE(node_->verify_supply()->conserved);
      EXPECT_EQ(node_->wait_height(status.height + 1, 5)->chain_id, chain_);
      (void)node_->metrics();
      ++answers;
    }
  };
  std::thread one([&] { ask(0); });
  std::thread two([&] { ask(1); });
  for (std::uint64_t round = 0; round < 40; ++round) {
    std::vector<Bytes> txs;
    for (std::uint64_t i = 0; i < 10; ++i) {
      txs.push_back(transfer(0, round * 10 + i, TestKey(1).address, 100 + i));
      txs.push_back(transfer(1, round * 10 + i, TestKey(0).address, 200 + i));
    }
    const auto replies = node_->submit(txs);
    ASSERT_TRUE(replies);
    wait_final(replies->back().id);
  }
  done = true;
  one.join();
  two.join();
  EXPECT_GT(answers, 0U);
}

TEST_F(NodeTest, OneProcessADirectory) {
  EXPECT_EQ(open_fails().code, ErrorCode::kUnavailable);
  EXPECT_EQ(init_node(options(), genesis_, key_).error().code, ErrorCode::kAlreadyExists);
}

TEST_F(NodeTest, RebuildsLostAndDamagedDatabases) {
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

TEST_F(NodeTest, FindsARecordThatChangedBehindItsBack) {
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

TEST_F(NodeTest, SaysThatFinalBlocksAreLost) {
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

TEST_F(NodeTest, NamesTheDamageInTheLog) {
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

TEST_F(NodeTest, DoesNotStartWithoutItsVotesOrWithAnOpenKey) {
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

TEST_F(NodeTest, MakesIdleBlocksOnlyWhenAsked) {
  ASSERT_TRUE(node_->close());
  node_.reset();
  NodeOptions idle = options();
  idle.idle_interval_ms = 5;
  auto opened = Node::open(idle);
  ASSERT_TRUE(opened);
  node_ = *std::move(opened);
  ASSERT_GE(node_->wait_height(3, 20'000)->height, 3U);
  const auto block = node_->block(3);
  EXPECT_TRUE(block->block.txs.empty());
  EXPECT_FALSE(block->block.header.beacon.has_value()) << "it reveals nothing";
  EXPECT_EQ(block->block.header.app_hash, node_->block(1)->block.header.app_hash)
      << "and writes nothing";
}

TEST_F(NodeTest, AFullDiskStopsTheNodeWithTheReasonAndHarmsNothing) {
  wait_final(submit(transfer(0, 0, TestKey(1).address, 100'000)));
  ASSERT_TRUE(node_->close());
  node_.reset();
  // A disk with room for a few blocks.
  class FullEnv final : public Env {
   public:
    explicit FullEnv(Env& base) : base_(base) {}
    class File final : public AppendFile {
     public:
      File(std::unique_ptr<AppendFile> base, std::size_t& room)
          : base_(std::move(base)), room_(room) {}
      ErrorOr<void> append(ByteView bytes) override {
        const std::size_t fits = std::min(room_, bytes.size());
        room_ -= fits;
        TRY_VOID(base_->append(bytes.first(fits)));
        if (fits == bytes.size()) return {};
        return fail(ErrorCode::kExhausted, "cannot write: No space left on device");
      }
      ErrorOr<void> sync() override { return base_->sync(); }

     private:
      std::unique_ptr<AppendFile> base_;
      std::size_t& room_;
    };
    ErrorOr<std::unique_ptr<AppendFile>> open_append(const std::string& path) override {
      TRY(auto file, base_.open_append(path));
      return std::unique_ptr<AppendFile>(new File(std::move(file), room));
    }
    ErrorOr<std::unique_ptr<ReadFile>> open_read(const std::string& path) override {
      return base_.open_read(path);
    }
    ErrorOr<std::unique_ptr<SlotFile>> open_slots(const std::string& path) override {
      return base_.open_slots(path);
    }
    ErrorOr<void> create_file(const std::string& path, ByteView bytes, FileMode mode) override {
      return base_.create_file(path, bytes, mode);
    }
    ErrorOr<void> truncate(const std::string& path, std::uint64_t size) override {
      return base_.truncate(path, size);
    }
    ErrorOr<void> rename(const std::string& from, const std::string& to) override {
      return base_.rename(from, to);
    }
    ErrorOr<void> remove(const std::string& path) override { return base_.remove(path); }
    ErrorOr<bool> exists(const std::string& path) override { return base_.exists(path); }
    ErrorOr<bool> is_open_to_others(const std::string& path) override {
      return base_.is_open_to_others(path);
    }
    ErrorOr<void> make_dir(const std::string& path) override { return base_.make_dir(path); }
    ErrorOr<std::vector<std::string>> list_dir(const std::string& path) override {
      return base_.list_dir(path);
    }
    ErrorOr<void> sync_dir(const std::string& path) override { return base_.sync_dir(path); }
    ErrorOr<std::unique_ptr<FileLock>> lock(const std::string& path) override {
      return base_.lock(path);
    }
    std::size_t room = 0;

   private:
    Env& base_;
  };
  for (const std::size_t room : {std::size_t{0}, std::size_t{100}, std::size_t{700},
                                 std::size_t{1'100}, std::size_t{1'400}}) {
    FullEnv env(system_env());
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
