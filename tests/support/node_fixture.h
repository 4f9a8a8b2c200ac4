// A node in a directory of its own, for tests: opened, restarted, asked.
#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "consensus/engine/node.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_node.h"

namespace fog::testing {

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

}  // namespace fog::testing
