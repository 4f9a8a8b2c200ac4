// One validator's application in a benchmark's own process: the door, blocks one after another, and
// databases on disk, without engine, network or RPC.
#pragma once

#include <fmt/format.h>

#include "consensus/engine/ledger_app.h"
#include "consensus/staking/beacon_chain.h"
#include "tests/bench/bench_support.h"
#include "tests/support/test_node.h"

namespace fog::bench {

// The chain's time, which runs faster than ours.
class ChainClock final : public Clock {
 public:
  explicit ChainClock(std::uint64_t wall_ms) : wall_ms_(wall_ms) {}
  std::uint64_t wall_ms() override { return wall_ms_; }
  std::uint64_t monotonic_ns() override { return system_clock().monotonic_ns(); }
  void advance(std::uint64_t ms) { wall_ms_ += ms; }

 private:
  std::atomic<std::uint64_t> wall_ms_;
};

// One validator's application with everything around it, on disk.
class OneValidator {
 public:
  OneValidator(const std::string& folder, const ValidatorKey& key, const Genesis& genesis)
      : clock(genesis.time_ms),
        chain_id(chain_id_of(genesis)),
        proposer_(key.secret.x_only_key()),
        beacon_(beacon_seed(key.beacon_secret, 0)),
        state_db_(must(open_leveldb(folder + "/state"))),
        index_db_(must(open_leveldb(folder + "/index"))),
        store_(must(StateStore::open(*state_db_))),
        index_(must(IndexStore::open(*index_db_, chain_id))),
        workers_(1),
        app_({chain_id, &pool_, store_.get(), index_.get(), &workers_, &clock, &system_rng(),
              nullptr, nullptr, 0}) {
    must(app_.init_chain(genesis));
  }

  void submit(const Bytes& tx) {
    const SubmitReply reply = app_.check_tx(tx);
    if (reply.fault == Fault::kNone && reply.refused.empty()) return;
    progress(fmt::format("refused: {} {}", fault_name(reply.fault), reply.refused));
    std::exit(1);
  }
  // A block of what waits, a second after the one before, final and in the database when this
  // returns. A transaction that fails ends the program.
  void make_block() {
    clock.advance(1'000);
    ProposalRequest request;
    request.parent = app_.info().block;
    request.time_ms = clock.wall_ms();
    request.proposer = proposer_;
    request.reveal = [this](const ValidatorRecord& record) {
      return next_reveal(record, beacon_, nullptr);
    };
    const std::optional<Block> block = app_.prepare_proposal(request);
    if (!block) return;
    const BlockId id = block_id(block->header);
    const auto result = app_.finalize_block(id, request.parent, *block);
    CHECK(result.has_value());
    for (const TxOutcome& outcome : result->outcomes) {
      if (outcome.fault == 0) continue;
      progress(
          fmt::format("a transaction failed: {}", fault_name(static_cast<Fault>(outcome.fault))));
      std::exit(1);
    }
    must(app_.commit(id));
    app_.on_durable(block->header.height);
    must(store_->drain());
    must(index_->drain());
    for (const auto& tx : block->txs) bytes += tx.size();
  }
  const LedgerApp& app() const { return app_; }

  std::uint64_t bytes = 0;  // of transactions in all blocks
  ChainClock clock;
  const ChainId chain_id;

 private:
  const XOnlyKey proposer_;
  const BeaconChain beacon_;
  Mempool pool_;
  std::unique_ptr<KvStore> state_db_, index_db_;
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<IndexStore> index_;
  WorkerPool workers_;
  LedgerApp app_;
};

}  // namespace fog::bench
