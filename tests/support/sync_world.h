// For tests of joining by a snapshot: a chain that has been made, which others serve, and a network
// in memory that carries messages to one node and back.
#pragma once

#include <deque>

#include <gtest/gtest.h>

#include "consensus/engine/ledger_app.h"
#include "consensus/engine/state_sync_server.h"
#include "consensus/staking/beacon_chain.h"
#include "tests/support/fault_env.h"
#include "tests/support/fault_kv.h"
#include "tests/support/test_node.h"

namespace fog::testing {

class HandClock final : public Clock {
 public:
  explicit HandClock(std::uint64_t wall_ms) : wall_ms_(wall_ms) {}
  std::uint64_t wall_ms() override { return wall_ms_ + now_ms_; }
  std::uint64_t monotonic_ns() override { return now_ms_ * 1'000'000; }
  void advance(std::uint64_t ms) { now_ms_ += ms; }

 private:
  std::uint64_t wall_ms_;
  std::uint64_t now_ms_ = 1;
};

// Keeps what is sent and who was reported.
class PostBox final : public Network {
 public:
  struct Letter {
    NodeId to;
    std::uint8_t kind = 0;
    Bytes message;
  };
  explicit PostBox(const NodeId& id) : id_(id) {}
  const NodeId& id() const override { return id_; }
  bool send(const NodeId& to, std::uint8_t kind, ByteView message) override {
    letters.push_back({to, kind, to_bytes(message)});
    return true;
  }
  void broadcast(std::uint8_t, ByteView) override {}
  void report(const NodeId& peer, Offence offence, const std::string&) override {
    reports[peer].push_back(offence);
  }
  std::vector<PeerInfo> peers() const override { return {}; }

  std::deque<Letter> letters;
  std::map<NodeId, std::vector<Offence>> reports;

 private:
  NodeId id_;
};

inline NodeId node_number(std::uint64_t number) {
  return TestKey(77'000 + number).public_key;
}

// A node's application with its stores, on a disk in memory.
struct SyncBench {
  SyncBench(const Genesis& genesis, Clock& clock, FaultEnv& disk, FaultKv& state,
            std::uint64_t snapshot_epochs)
      : env(disk), workers(0) {
    snapshots = *SnapshotStore::open(env, "snapshots");
    inbox = std::make_unique<SnapshotInbox>(env, "snapshots/incoming");
    epochs = *EpochStore::open(env, "epochs");
    StateStoreOptions options;
    options.queue.linger_ms = 0;
    options.on_marked = [this](StateReader reader) {
      const std::atomic<bool> stopping{false};
      EXPECT_TRUE(snapshots->write(reader, stopping));
    };
    store = *StateStore::open(state, options);
    index = *IndexStore::open(index_db, chain_id_of(genesis));
    app = std::make_unique<LedgerApp>(
        LedgerApp::Parts{chain_id_of(genesis), &pool, store.get(), index.get(), &workers, &clock,
                         &system_rng(), snapshots.get(), inbox.get(), snapshot_epochs});
    if (store->meta()) {
      EXPECT_TRUE(app->load());
    } else {
      EXPECT_TRUE(app->init_chain(genesis));
    }
  }
  FaultEnv& env;
  FaultKv index_db;
  Mempool pool;
  WorkerPool workers;
  std::unique_ptr<SnapshotStore> snapshots;
  std::unique_ptr<SnapshotInbox> inbox;
  std::unique_ptr<EpochStore> epochs;
  std::unique_ptr<StateStore> store;
  std::unique_ptr<IndexStore> index;
  std::unique_ptr<LedgerApp> app;
};

// A chain of one validator that has run for some epochs of four blocks, with a snapshot at each
// end.
struct MadeChain {
  static constexpr std::uint64_t kEpochLength = 4;

  explicit MadeChain(std::uint64_t epochs, std::size_t accounts = 8) {
    genesis = test_genesis(key, accounts, 10'000);
    genesis.params.epoch_length = kEpochLength;
    chain = chain_id_of(genesis);
    bench = std::make_unique<SyncBench>(genesis, clock, disk, state_db, 1);
    while (headers.size() < epochs * kEpochLength) make_block();
  }

  void make_block() {
    const std::uint64_t number = transfers++;
    make_block_of(signed_transfer(chain, TestKey(number % 8), number / 8,
                                  TestKey(5'000 + number).address, 500'000));
  }
  // With one message of the account, which no block without one is of.
  template <class M>
  void make_block(const TestKey& from, std::uint64_t sequence, const M& message) {
    TxBody body =
        make_body(from.address, sequence, {make_message(message)}, clock.wall_ms() + 3'600'000);
    body.chain_id = chain;
    body.price_max = 1'000;
    make_block_of(sign_tx(body, from));
  }
  void make_block_of(const SignedTx& tx) {
    const SubmitReply reply = bench->app->check_tx(bcs_encode(tx));
    EXPECT_EQ(reply.fault, Fault::kNone) << fault_name(reply.fault);
    const AppInfo parent = bench->app->info();
    ProposalRequest request;
    request.parent = parent.block;
    request.time_ms = std::max(clock.wall_ms(), parent.time_ms + 1);
    request.proposer = key.secret.x_only_key();
    request.reveal = [this](const ValidatorRecord& record) {
      static const BeaconChain kBeacon(beacon_seed(key.beacon_secret, 0));
      return next_reveal(record, kBeacon, nullptr);
    };
    const auto block = bench->app->prepare_proposal(request);
    CHECK(block.has_value());
    const BlockId id = block_id(block->header);
    CHECK(bench->app->commit(id).has_value());
    headers.push_back(block->header);
    blocks.push_back(*block);
    bench->app->on_durable(block->header.height);
    CHECK(bench->store->drain().has_value());
    if (!block->header.next_validators_hash) return;
    CHECK(bench->epochs->put(end_of(block->header)).has_value());
  }
  EpochEnd end_of(const BlockHeader& last) {
    EpochEnd end;
    end.last = last;
    end.before = headers[headers.size() - 2];
    end.next = bench->app->epoch().set;
    end.certificate.vote = {last.epoch, 1'000, VoteKind::kFinalize, 999, block_id(last)};
    end.certificate.signatures.push_back(
        {0, key.secret.sign_schnorr(vote_digest(chain, end.certificate.vote), Hash32{})});
    return end;
  }
  std::uint64_t height() const { return headers.size(); }
  // The last block of an epoch.
  TrustedBlock end_block(std::uint64_t epoch) const {
    const BlockHeader& last = headers[(epoch + 1) * kEpochLength - 1];
    return {last.height, block_id(last)};
  }

  ValidatorKey key = test_validator_key();
  HandClock clock{system_clock().wall_ms()};
  FaultEnv disk;
  FaultKv state_db;
  Genesis genesis;
  ChainId chain;
  std::unique_ptr<SyncBench> bench;
  std::vector<BlockHeader> headers;  // of blocks 1, 2, ...
  std::vector<Block> blocks;
  std::uint64_t transfers = 0;
};

}  // namespace fog::testing
