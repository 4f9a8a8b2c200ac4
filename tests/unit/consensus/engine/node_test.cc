// A node takes transactions, makes them final, keeps them through restarts and answers questions.
#include <atomic>
#include <thread>

#include "tests/support/node_fixture.h"

namespace fog {
namespace {

using testing::NodeTest;
using testing::signed_transfer;
using testing::TestKey;

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

// What a light client goes by: the validators' signatures, a header, its app hash, a proof.
TEST_F(NodeTest, ABlockAndWhatMadeItFinalProveTheStateBefore) {
  wait_final(submit(transfer(0, 0, TestKey(1).address, 5)));
  const auto proof = node_->state_proof(account_key(TestKey(1).address));
  ASSERT_TRUE(proof);
  wait_final(submit(transfer(0, 1, TestKey(1).address, 5)));
  const auto next = node_->block(proof->height + 1);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->block.header.app_hash, proof->root);
  const auto set = read_record<ValidatorSet>(*node_, validators_key());
  ASSERT_TRUE(set && *set);
  ASSERT_TRUE(next->finalization);
  EXPECT_EQ(next->finalization->vote.kind, VoteKind::kFinalize);
  EXPECT_EQ(next->finalization->vote.block, block_id(next->block.header));
  EXPECT_TRUE(verify_certificate(chain_, **set, *next->finalization));
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
                            epoch_tally_key(), supply_key()});
      ASSERT_TRUE(values);
      std::uint64_t sum = bcs_decode<Supply>(*(*values)[3])->burned.droplets;
      for (std::size_t i = 0; i < 2; ++i)
        sum += bcs_decode<Account>(*(*values)[i])->balance.droplets;
      sum += bcs_decode<EpochTally>(*(*values)[2])->validators[0].tips.droplets;
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

}  // namespace
}  // namespace fog
