// The client against the real server over real sockets, with a node made of maps behind it: what a
// node says must arrive as it was said.
#include "rpc/client/http_node.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rpc/server/server.h"
#include "tests/support/fake_node.h"

namespace fog::rpc {
namespace {

using testing::FakeNode;
using ::testing::HasSubstr;

class HttpNodeTest : public ::testing::Test {
 protected:
  HttpNodeTest() { serve(0); }
  void serve(std::uint16_t port) {
    ServerOptions options;
    options.port = port;
    auto server = RpcServer::start(behind_, options);
    ASSERT_TRUE(server.has_value()) << server.error().context;
    server_ = *std::move(server);
    url_ = "http://127.0.0.1:" + std::to_string(server_->port());
  }
  FakeNode behind_;
  std::unique_ptr<RpcServer> server_;
  std::string url_;
};

TEST_F(HttpNodeTest, BringsTheStatus) {
  HttpNode node(url_);
  const auto status = node.status();
  ASSERT_TRUE(status.has_value()) << status.error().context;
  const auto direct = behind_.status();
  EXPECT_EQ(status->chain_id, direct->chain_id);
  EXPECT_EQ(status->chain_name, direct->chain_name);
  EXPECT_EQ(status->height, direct->height);
  EXPECT_EQ(status->time_ms, direct->time_ms);
  EXPECT_EQ(status->block, direct->block);
  EXPECT_EQ(status->app_hash, direct->app_hash);
  EXPECT_EQ(status->base_price, direct->base_price);
  EXPECT_EQ(status->mempool_txs, direct->mempool_txs);
  EXPECT_EQ(status->mempool_bytes, direct->mempool_bytes);
  EXPECT_EQ(status->version, direct->version);
}

TEST_F(HttpNodeTest, SubmitsManyAndBringsEachReply) {
  HttpNode node(url_);
  const Bytes good = bcs_encode(FakeNode::example_tx());
  SignedTx full = FakeNode::example_tx();
  full.body.memo = BoundedBytes<kMemoBytesMax>(to_bytes(as_bytes("full")));
  const std::vector<Bytes> txs{good, {}, {0xFF}, bcs_encode(full)};
  const auto replies = node.submit(txs);
  ASSERT_TRUE(replies.has_value()) << replies.error().context;
  EXPECT_EQ(behind_.submitted(), txs) << "every byte arrives";
  ASSERT_EQ(replies->size(), 4U);
  EXPECT_EQ((*replies)[0].id, tx_id(FakeNode::example_tx().body));
  EXPECT_EQ((*replies)[0].fault, Fault::kNone);
  EXPECT_EQ((*replies)[1].fault, Fault::kMalformed);
  EXPECT_EQ((*replies)[3].refused, "the mempool is full; try again later");
  EXPECT_TRUE(node.submit({})->empty());
}

TEST_F(HttpNodeTest, BringsTransactionsAndBlocks) {
  HttpNode node(url_);
  const auto final = node.transaction(FakeNode::hash_of(0x11));
  ASSERT_TRUE(final.has_value());
  EXPECT_EQ(final->place, TxPlace::kFinal);
  EXPECT_EQ(final->outcome, behind_.transaction(FakeNode::hash_of(0x11))->outcome);
  EXPECT_EQ(node.transaction(FakeNode::hash_of(0x99))->place, TxPlace::kUnknown);

  const auto block = node.block(2);
  ASSERT_TRUE(block.has_value()) << block.error().context;
  EXPECT_EQ(block->block, behind_.block(2)->block);
  EXPECT_EQ(block->outcomes, behind_.block(2)->outcomes);
  EXPECT_EQ(node.block(77).error().code, ErrorCode::kNotFound);
}

TEST_F(HttpNodeTest, BringsStateAndProofs) {
  HttpNode node(url_);
  const auto values = node.state_get({supply_key(), state_key(Table::kAccount, {Bytes{1}})});
  ASSERT_TRUE(values.has_value()) << values.error().context;
  EXPECT_EQ(*values, *behind_.state_get({supply_key(), state_key(Table::kAccount, {Bytes{1}})}));
  EXPECT_TRUE(node.state_get({})->empty());
  const auto account = read_record<Account>(node, account_key(FakeNode::example_address()));
  EXPECT_EQ((*account)->balance, Amount{12'500'000'000});
  // Through a page limit of one record at a time.
  const auto page = node.state_scan(market::all_hosts(), prefix_end(market::all_hosts()), 1);
  ASSERT_TRUE(page.has_value());
  ASSERT_TRUE(page->next.has_value());
  EXPECT_EQ(scan_prefix(node, market::all_hosts(), 100)->size(), 2U);

  for (const StateKey& key : {supply_key(), StateKey{0x7F}}) {
    const auto proof = node.state_proof(key);
    const auto direct = behind_.state_proof(key);
    ASSERT_TRUE(proof.has_value()) << proof.error().context;
    EXPECT_EQ(proof->height, direct->height);
    EXPECT_EQ(proof->root, direct->root);
    EXPECT_EQ(proof->key, direct->key);
    EXPECT_EQ(proof->value, direct->value);
    EXPECT_EQ(proof->siblings, direct->siblings);
    EXPECT_EQ(proof->other_leaf, direct->other_leaf);
  }
  const auto supply = node.verify_supply();
  ASSERT_TRUE(supply.has_value()) << supply.error().context;
  EXPECT_TRUE(supply->conserved);
  EXPECT_EQ(supply->accounts, Amount{60});
}

TEST_F(HttpNodeTest, WaitsForABlockAndForATransaction) {
  HttpNode node(url_);
  std::thread maker([this] { behind_.make_final(FakeNode::hash_of(0x77)); });
  const auto tx = node.wait_transaction(FakeNode::hash_of(0x77), 20'000);
  maker.join();
  ASSERT_TRUE(tx.has_value()) << tx.error().context;
  EXPECT_EQ(tx->place, TxPlace::kFinal);
  EXPECT_EQ(node.wait_height(3, 20'000)->height, 3U);
  EXPECT_EQ(node.wait_height(99, 10)->height, 3U) << "the time is up: the status as it is";
}

TEST_F(HttpNodeTest, BringsTheNodesOwnErrors) {
  HttpNodeOptions once;
  once.read_tries = 1;
  HttpNode node(url_, once);
  for (const ErrorCode code :
       {ErrorCode::kUnavailable, ErrorCode::kCorrupt, ErrorCode::kExhausted}) {
    behind_.fail_with(Error{code, "because of this"});
    EXPECT_EQ(node.status().error().code, code);
    EXPECT_EQ(node.status().error().context, "because of this");
    EXPECT_EQ(node.submit({{1}}).error().code, code);
  }
}

// The server went away and came back between two calls, while a connection was kept.
TEST_F(HttpNodeTest, ReplacesAKeptConnectionThatDied) {
  HttpNode node(url_);
  ASSERT_TRUE(node.status().has_value());
  const std::uint16_t port = server_->port();
  server_.reset();
  serve(port);
  EXPECT_TRUE(node.status().has_value());
  EXPECT_TRUE(node.submit({{1}}).has_value());
}

TEST_F(HttpNodeTest, SaysThatNobodyAnswers) {
  server_.reset();
  HttpNode node(url_);
  const auto status = node.status();
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, ErrorCode::kNetwork);
  EXPECT_THAT(status.error().context, HasSubstr("Is fogcoind running there?"));
}

TEST_F(HttpNodeTest, SaysThatTheUrlIsNone) {
  for (const char* url : {"", "127.0.0.1:7780", "ftp://x:1", "http://", "http://x:0",
                          "http://x:65536", "http://x:1a", "https://x:1"}) {
    HttpNode node(url);
    EXPECT_EQ(node.status().error().code, ErrorCode::kInvalidInput) << url;
  }
}

TEST_F(HttpNodeTest, ServesManyThreadsAtOnce) {
  HttpNode node(url_);
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 25; ++k) {
        if (node.status().has_value() && node.submit({{1}}).has_value()) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 200);
}

}  // namespace
}  // namespace fog::rpc
