// Node: a whole validator in one process, behind NodeApi.
//
//   directory/
//     genesis.json       the first state; the chain id follows from it
//     genesis.cache      its hash and head, for quick starts; can be removed
//     validator.key      only its owner may read it
//     validator.votes    what the key has voted: never copy, never restore
//     validator.signer   instead of both: the public key of the validator whose signer is remote
//     node.key           proves to peers who this node is; made when missing
//     peers.book         where other nodes were found, can be removed
//     blocks/            the block log, the truth
//     state/  index/     databases that follow it and can be removed
//     epochs/            the end of every epoch, with the votes that make it final
//     snapshots/         states for those who join late, can be removed
//     lock               held while a node runs
#pragma once

#include <functional>
#include <memory>

#include "chain/api/node_api.h"
#include "chain/base/env.h"
#include "chain/net/tcp_network.h"
#include "consensus/engine/trust.h"
#include "consensus/engine/validator_key.h"
#include "consensus/pool/mempool.h"
#include "consensus/rules/genesis.h"

namespace fog {

// Replay after a crash, and peers that were away for a moment, need as many blocks.
constexpr std::uint64_t kKeepBlocksMin = 1'000;

// How a node meets others.
struct NodeNetwork {
  std::string listen_host = "0.0.0.0";
  std::uint16_t listen_port = 0;  // 0: any free one
  // Where others shall dial, if not where we listen.
  std::string advertise_host;
  std::uint16_t advertise_port = 0;
  std::vector<PeerAddress> peers;  // kept connected
  bool discover = true;            // find others through peers
};

struct NodeOptions {
  std::string directory;
  Env* env = &system_env();
  Clock* clock = &system_clock();
  Rng* rng = &system_rng();
  // One line a call, from any thread.
  std::function<void(std::string_view line)> log = [](std::string_view) {};
  // Called once, from the engine's thread, when the node cannot go on (disk full, damage). The
  // node answers queries until it is closed.
  std::function<void(const Error& error)> on_failure = [](const Error&) {};
  MempoolOptions pool;
  // Nothing: a node alone.
  std::optional<NodeNetwork> network;
  // Threads that check signatures; 0: one a core.
  unsigned verify_threads = 0;
  // With this set, an empty block is made when none was for so long.
  std::optional<std::uint64_t> idle_interval_ms;
  // D: how long a message between validators may take before its sender is thought to be away.
  std::uint64_t delay_ms = 500;
  // The unix socket of the validator's signer, if that is a process of its own; the directory holds
  // no secret of the validator then. Empty: the key in the directory, or none.
  std::string signer_path;
  // How long a vote may wait for that signer; then the node goes on without.
  std::uint64_t signer_timeout_ms = 200;
  // Start although the vote record says that blocks were voted final which the log has lost. Such
  // blocks are gone; whoever saw them final was told wrong.
  bool accept_lost_blocks = false;
  std::uint64_t segment_bytes = 64ULL * 1024 * 1024;  // of the block log's files
  // Without any block: take over a snapshot from peers instead of all blocks before it.
  bool take_snapshot = false;
  // A block that must be in the chain; needed by a node whose last block is older than the trusting
  // period.
  std::optional<TrustedBlock> trusted;
  // A snapshot for others every so many epochs; 0: none.
  std::uint64_t snapshot_epochs = 1;
  // How many of the last blocks stay when an epoch ends, at least kKeepBlocksMin; 0: all.
  std::uint64_t keep_blocks = 0;
};

// Makes a node's directory: genesis, the node's key, and of a validator its key and a vote record
// that says that nothing was voted. kAlreadyExists when the directory holds a node. Returns the
// node's id.
ErrorOr<NodeId> init_node(const NodeOptions& options, const Genesis& genesis,
                          const std::optional<ValidatorKey>& key);

struct NodeMetrics {
  std::uint64_t height = 0;
  std::uint64_t transactions_final = 0;  // since the start
  std::uint64_t transactions_refused = 0;
  std::uint64_t signatures_checked = 0;
  std::uint64_t blocks_made = 0;
  std::uint64_t votes_signed = 0;
  std::uint64_t execute_ns = 0;  // engine time by part, since the start
  std::uint64_t tree_ns = 0;
  std::uint64_t sync_ns = 0;
  std::uint64_t commit_ns = 0;
  std::uint64_t mempool_txs = 0;
  std::uint64_t mempool_bytes = 0;
  std::uint64_t state_records = 0;
  std::uint64_t state_bytes = 0;  // of memory, live state and tree
  std::uint64_t database_height = 0;
  std::uint64_t peers = 0;
  std::uint64_t messages_dropped = 0;
  std::optional<bool> signer_reached;  // nothing without a remote signer
  std::uint64_t snapshots_made = 0;    // since the start
  std::uint64_t snapshot_ns = 0;       // time on them, beside everything else
  std::uint64_t snapshot_bytes = 0;    // on disk
};

class Node : public NodeApi {
 public:
  // Opens the directory, replays what the databases lack and starts to make blocks.
  //
  // kUnavailable (in use; the signer that has never been reached), kNotFound (not initialized, or
  // the vote record is missing), kPermission, kCorrupt (damage, in which file, and how to recover),
  // kInvalidInput (the genesis), kRejected (away for longer than the trusting period, and nothing
  // newer to trust).
  static ErrorOr<std::unique_ptr<Node>> open(NodeOptions options);

  // Stops making blocks and writes everything out; waiting calls return kUnavailable. Returns the
  // first error of writing out. The destructor does this too, and lets go of the directory.
  virtual ErrorOr<void> close() = 0;
  // Why the node stopped making blocks, if it did.
  virtual std::optional<Error> failure() const = 0;
  virtual NodeMetrics metrics() const = 0;
  // Who this node is to its peers, and where it listens; port 0 when it does not.
  virtual NodeId node_id() const = 0;
  virtual std::uint16_t listen_port() const = 0;
  virtual std::vector<PeerInfo> peers() const = 0;
};

}  // namespace fog
