// SimNode: a node as production has it, less its threads and sockets: block log, vote record, state
// and index stores, snapshots, mempool, application, replica and relay, above a simulated disk,
// clock and network. What it does follows the engine's loop: take an event, poll, then rest.
//
// The disk and the databases outlive crashes; everything else is built anew at each start.
#pragma once

#include <memory>

#include "consensus/engine/ledger_app.h"
#include "consensus/engine/local_signer.h"
#include "consensus/engine/relay.h"
#include "consensus/engine/replica.h"
#include "consensus/engine/state_sync_server.h"
#include "tests/sim/sim_clock.h"
#include "tests/sim/sim_kv.h"
#include "tests/support/fault_env.h"

namespace fog::sim {

struct SimNodeOptions {
  std::size_t number = 0;
  const Genesis* genesis = nullptr;
  std::optional<ValidatorKey> key;
  std::shared_ptr<const BeaconChain> beacon_chain;
  Network* net = nullptr;
  const SimTime* time = nullptr;
  std::uint64_t seed = 0;
  std::uint64_t delay_ms = 200;
  std::uint64_t segment_bytes = 64ULL * 1024 * 1024;
  std::uint64_t lag_max = 8;          // blocks that the databases may be behind
  std::uint64_t snapshot_epochs = 0;  // as fogcoind's options say
  std::uint64_t keep_blocks = 0;
  bool take_snapshot = false;
};

// What a node shows to those who watch it.
struct SimNodeEvents {
  // Each block of the log, once; one that a crash let nobody hear of, at the next start.
  std::function<void(std::size_t node, const StoredBlock&)> on_final;
  std::function<void(std::size_t node, const Evidence&)> on_evidence;
  std::function<void(std::size_t node, std::uint64_t height)> on_installed;  // a snapshot
  std::function<void(std::size_t node, std::string_view)> log;
};

class SimNode {
 public:
  SimNode(SimNodeOptions options, SimNodeEvents events);
  ~SimNode();

  // ---- its life ----
  // Before the first start: the vote record.
  void prepare();
  // Errors: the disk is off (env().crashed()), or damage that must stop a node.
  ErrorOr<void> boot();
  bool is_up() const { return life_ != nullptr; }
  // The process is gone; what the disk keeps, the next boot sees.
  void die();
  // The power comes back.
  void reboot(testing::Unsynced unsynced, bool databases_too);
  // An operator's remedy for a damaged log: the blocks and databases go, perhaps all but key and
  // vote record. From then on the node starts with --snapshot, if others give any.
  void wipe();

  // ---- what happens to it; an error means that it cannot go on ----
  ErrorOr<void> on_up(const NodeId& peer);
  ErrorOr<void> on_down(const NodeId& peer);
  ErrorOr<void> on_message(const NodeId& from, std::uint8_t kind, const Bytes& message);
  ErrorOr<void> poll();
  // Simulated time at which it wants to be polled.
  std::optional<std::uint64_t> next_ns();
  SubmitReply submit(ByteView tx);

  testing::FaultEnv& env() { return env_; }
  SimClock& clock() { return clock_; }
  std::uint64_t height() const { return life_ ? life_->replica->height() : 0; }
  std::uint64_t view() const { return life_ ? life_->replica->view() : 0; }
  const Simplex& core() const { return life_->replica->core(); }
  LedgerApp& app() { return *life_->app; }
  BlockLog& log() { return *life_->log; }
  std::size_t number() const { return options_.number; }

 private:
  class LaggingApp;
  struct Snapshots;
  // In the order in which they are made; the last goes first.
  struct Life {
    testing::SeededRng rng{0};
    Mempool pool;
    WorkerPool workers{0};
    std::unique_ptr<BlockLog> log;
    std::unique_ptr<Snapshots> snapshots;
    std::unique_ptr<IndexStore> index;
    std::unique_ptr<StateStore> state;
    std::unique_ptr<LedgerApp> app;
    std::unique_ptr<LaggingApp> lagging;
    std::unique_ptr<Replica> replica;
    std::unique_ptr<StateSyncServer> state_sync;
    std::unique_ptr<Relay> relay;
    std::vector<NodeId> next_leaders;
  };

  ErrorOr<void> open_stores(Life& life);
  ErrorOr<void> open_snapshots(Life& life);
  ErrorOr<void> open_state(Life& life);
  ErrorOr<void> replay(Life& life);
  ErrorOr<void> start_replica(Life& life);
  void tell(const StoredBlock& stored);
  ErrorOr<void> tell_rest(const BlockLog& log);
  void make_relay(Life& life);
  ErrorOr<void> rest();

  const SimNodeOptions options_;
  const SimNodeEvents events_;
  const ChainId chain_id_;
  testing::SeededRng rng_;
  testing::FaultEnv env_;
  SimKv state_db_, index_db_;
  SimClock clock_;
  bool take_snapshot_;
  std::uint64_t told_height_ = 0;  // of the last block that on_final was given
  std::unique_ptr<Life> life_;
};

}  // namespace fog::sim
