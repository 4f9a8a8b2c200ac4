// What a node tells of an address's transactions, of blocks by their ids, and of transactions that
// nobody has sent.
#include <gmock/gmock.h>

#include "chain/store/kv_store.h"
#include "tests/support/node_fixture.h"

namespace fog {
namespace {

using testing::NodeTest;
using testing::signed_transfer;
using testing::TestKey;

constexpr HistoryOrder kBack = HistoryOrder::kNewestFirst;
constexpr HistoryOrder kOn = HistoryOrder::kOldestFirst;

// So many payments of TestKey(1) to TestKey(2), a block each or several.
void pay(NodeTest&, Node& node, const ChainId& chain, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t i = from; i < to; ++i) {
    const Bytes tx = bcs_encode(signed_transfer(chain, TestKey(1), i, TestKey(2).address, 100 + i));
    const auto replies = node.submit({tx});
    ASSERT_TRUE(replies && replies->at(0).fault == Fault::kNone);
    ASSERT_EQ(node.wait_transaction(replies->at(0).id, 20'000)->place, TxPlace::kFinal);
  }
}
std::uint64_t amount_of(const FinalTx& one) {
  const auto tx = bcs_decode<SignedTx>(one.tx);
  return bcs_decode<Transfer>(tx->body.messages[0].payload)->outputs[0].amount.droplets;
}
std::vector<std::uint64_t> amounts_of(const HistoryPage& page) {
  std::vector<std::uint64_t> out;
  for (const FinalTx& one : page.items) out.push_back(amount_of(one));
  return out;
}

TEST_F(NodeTest, TellsAnAddressesHistoryInBothOrdersAndThroughARestart) {
  pay(*this, *node_, chain_, 0, 5);
  const Address payee = TestKey(2).address;
  for (int life = 0; life < 2; ++life) {
    const auto newest = node_->history(payee, kBack, {}, 2);
    ASSERT_TRUE(newest) << newest.error().context;
    EXPECT_EQ(amounts_of(*newest), (std::vector<std::uint64_t>{104, 103}));
    EXPECT_EQ(newest->items[0].outcome.fault, 0);
    EXPECT_GT(newest->items[0].time_ms, 0U);
    ASSERT_TRUE(newest->next);
    const auto rest = node_->history(payee, kBack, newest->next, 100);
    EXPECT_EQ(amounts_of(*rest), (std::vector<std::uint64_t>{102, 101, 100}));
    EXPECT_FALSE(rest->next);
    const auto oldest = node_->history(payee, kOn, {}, 100);
    EXPECT_EQ(amounts_of(*oldest), (std::vector<std::uint64_t>{100, 101, 102, 103, 104}));
    // From there on there is nothing yet; what comes is found from the same place.
    ASSERT_TRUE(oldest->next);
    EXPECT_TRUE(node_->history(payee, kOn, oldest->next, 100)->items.empty());
    restart();
  }
  const auto before = node_->history(payee, kOn, {}, 100);
  pay(*this, *node_, chain_, 5, 6);
  EXPECT_EQ(amounts_of(*node_->history(payee, kOn, before->next, 100)),
            (std::vector<std::uint64_t>{105}));
  EXPECT_EQ(node_->history(TestKey(1).address, kBack, {}, 100)->items.size(), 6U) << "the sender's";
  EXPECT_TRUE(node_->history(TestKey(3).address, kBack, {}, 100)->items.empty());
  EXPECT_EQ(node_->history(payee, kBack, {}, 0).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(node_->history(payee, kBack, {}, 101).error().code, ErrorCode::kInvalidInput);
}

// A chain that was there before histories were: they are made at the next start.
TEST_F(NodeTest, MakesTheHistoryOfAnExistingChain) {
  pay(*this, *node_, chain_, 0, 3);
  ASSERT_TRUE(node_->close());
  node_.reset();
  {
    auto index = open_leveldb(options().directory + "/index");
    ASSERT_TRUE(index);
    auto meta = *(*index)->get(Bytes{'m'});
    ASSERT_TRUE(meta);
    (*meta)[0] = 1;
    KvBatch batch;
    batch.put(Bytes{'m'}, *meta);
    ASSERT_TRUE((*index)->scan(Bytes{'a'}, Bytes{'b'}, [&](ByteView key, ByteView) {
      batch.erase(key);
      return true;
    }));
    ASSERT_TRUE((*index)->write(batch, true));
  }
  open();
  EXPECT_THAT(log_, ::testing::HasSubstr("building the index anew"));
  EXPECT_EQ(amounts_of(*node_->history(TestKey(2).address, kBack, {}, 100)),
            (std::vector<std::uint64_t>{102, 101, 100}));
}

TEST_F(NodeTest, FindsABlockByItsId) {
  pay(*this, *node_, chain_, 0, 2);
  const auto status = node_->status();
  EXPECT_EQ(*node_->block_height(status->block), status->height);
  EXPECT_EQ(*node_->block_height(node_->block(1)->id), 1U);
  EXPECT_EQ(node_->block_height(Hash32{}).error().code, ErrorCode::kNotFound);
}

TEST_F(NodeTest, SimulatesWithoutATrace) {
  SignedTx tx = signed_transfer(chain_, TestKey(1), 0, TestKey(2).address, 700);
  std::get<SingleAuth>(tx.auth).signature = {};  // nobody has signed it yet
  const Hash32 root = node_->status()->app_hash;
  const auto would = node_->simulate(bcs_encode(tx));
  ASSERT_TRUE(would) << would.error().context;
  EXPECT_EQ(would->refused, Fault::kNone);
  EXPECT_EQ(would->outcome.fault, 0);
  EXPECT_EQ(would->height, node_->status()->height + 1);
  EXPECT_EQ(would->changes.size(), 2U) << "the two accounts";
  EXPECT_EQ(node_->status()->app_hash, root);
  // What is then sent does what was said.
  const TxId id = submit(transfer(1, 0, TestKey(2).address, 700));
  EXPECT_EQ(wait_final(id).outcome, would->outcome);
  for (const SimulatedChange& change : would->changes)
    EXPECT_EQ(node_->state_get({change.key})->at(0), change.after);

  EXPECT_EQ(node_->simulate(bcs_encode(tx))->refused, Fault::kSequenceTooLow);
  const SignedTx dear =
      signed_transfer(chain_, TestKey(1), 1, TestKey(2).address, 5'000'000'000 * kDropletsPerFog);
  EXPECT_EQ(node_->simulate(bcs_encode(dear))->outcome.fault,
            static_cast<std::uint16_t>(Fault::kInsufficientFunds));
  EXPECT_EQ(node_->simulate(Bytes{0}).error().code, ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace fog
