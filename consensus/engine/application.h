// Application: what any consensus engine drives. Named after ABCI 2.0, so that the same application
// can run under CometBFT.
//
// Calls carry a block's id and its parent's. finalize_block may be called for competing blocks that
// are not final: each is executed on an overlay above its parent's. commit makes one final; what
// stood beside it is dropped, what stands above it goes on.
//
// One thread, the engine's, makes all calls except info, check_tx, list_snapshots and
// load_snapshot_chunk, which any thread may make.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "chain/api/node_api.h"
#include "chain/state/snapshot.h"
#include "chain/types/block.h"
#include "chain/types/vote.h"
#include "consensus/rules/genesis.h"

namespace fog {

// Blocks above the last final one that the application keeps executed. Above that, leaders propose
// empty blocks.
constexpr std::size_t kUnfinalizedMax = 64;

struct AppInfo {
  std::uint64_t height = 0;   // of the last final block; 0 after the genesis
  std::uint64_t time_ms = 0;  // its time
  BlockId block;              // its id; the chain id at height 0
  Hash32 app_hash;            // state root after it
};

struct ProposalRequest {
  BlockId parent;
  std::uint64_t time_ms = 0;  // exceeds the parent's
  XOnlyKey proposer;
  std::size_t txs_max = kBlockTxsMax;
  // What made the parent certain, verified; left out of the block where it may carry none (another
  // epoch's, or not the parent's).
  std::optional<Certificate> certificate;
  // The proposer's reveal, from its record in the parent's state; nothing when it has none, then
  // only an empty block can be proposed.
  std::function<std::optional<BeaconReveal>(const ValidatorRecord& record)> reveal;
  // Whether a block without content is wanted.
  bool allow_empty = false;
};

// The epoch of the block after the last final one.
struct EpochInfo {
  std::uint64_t epoch = 0;
  std::uint64_t last_height = 0;
  Hash32 leader_seed;
  ValidatorSet set;
};

struct FinalizeResult {
  std::vector<TxOutcome> outcomes;
  std::vector<TxId> ids;  // of the transactions
  Hash32 app_hash;        // state root after the block
  // The set that certifies the next blocks, when the block changed it.
  std::optional<ValidatorSet> validator_updates;
};

// A snapshot that is taken over, and what final headers say of its state.
struct SnapshotOffer {
  SnapshotInfo snapshot;
  AppInfo state;  // its app_hash is the snapshot's root
};
enum class ChunkVerdict : std::uint8_t {
  kAccepted,
  kRefused,  // does not verify: whoever sent it lies
};

class Application {
 public:
  virtual ~Application() = default;

  virtual AppInfo info() const = 0;
  // Writes the first state, of an application that has none. Returns its root.
  virtual ErrorOr<Hash32> init_chain(const Genesis& genesis) = 0;

  // The door: form, then the cheap look at the state, then the signature; what passes is in the
  // mempool.
  virtual SubmitReply check_tx(ByteView tx) = 0;

  // Builds and executes a block on its parent, from the mempool. Nothing when there is nothing to
  // put in and no empty block is wanted.
  virtual std::optional<Block> prepare_proposal(const ProposalRequest& request) = 0;
  // Whether a block as received is valid above its parent, which must be known: kNone, or a fault
  // of a block. Executes it.
  virtual Fault process_proposal(const BlockId& id, const BlockId& parent, const Block& block) = 0;
  // A block will be executed soon whose content is what its header names (tx root, certificate):
  // begins to check its transactions, beside the calls that follow. Changes no result.
  virtual void check_ahead(const BlockId& id, std::shared_ptr<const Block> block) = 0;
  // The result of executing a block; executes it unless one of the calls above has.
  virtual Result<FinalizeResult, Fault> finalize_block(const BlockId& id, const BlockId& parent,
                                                       const Block& block) = 0;
  // Makes an executed block, whose parent is the last final one, final. An error means that the
  // node cannot go on.
  virtual ErrorOr<void> commit(const BlockId& id) = 0;
  // The block log is on disk up to this height, so databases may follow.
  virtual void on_durable(std::uint64_t height) = 0;

  virtual EpochInfo epoch() const = 0;
  // Of an executed block or the last final one.
  virtual std::optional<std::uint64_t> time_of(const BlockId& id) const = 0;
  // The transactions of an executed block that is not final.
  virtual std::optional<std::vector<TxId>> ids_of(const BlockId& id) const = 0;

  // For the engine's decision to make a block above `parent`, which is executed: whether a block at
  // `time_ms` would have content, and if not, the earliest time at which that may change without
  // a new transaction.
  struct Work {
    bool now = false;
    bool has_txs = false;  // not only what is due
    std::optional<std::uint64_t> next_ms;
  };
  virtual Work work_at(const BlockId& parent, std::uint64_t time_ms) = 0;
  // The transactions, encoded, that a block above `parent` at that time would begin with: as many
  // as fit into so many bytes.
  virtual std::vector<Bytes> next_txs(const BlockId& parent, std::uint64_t time_ms,
                                      std::size_t bytes_max) = 0;

  // ---- state sync ----
  // What can be given to others, oldest first.
  virtual std::vector<SnapshotInfo> list_snapshots() const = 0;
  // The BCS of a SnapshotChunk; kNotFound when it is not there (any more).
  virtual ErrorOr<Bytes> load_snapshot_chunk(std::uint64_t height, std::uint32_t index) const = 0;
  // Of an application at height 0: gets ready for a snapshot's chunks. Those of the very same
  // snapshot that came before, in an earlier life too, count. Returns which are missing.
  virtual ErrorOr<std::vector<std::uint32_t>> offer_snapshot(const SnapshotOffer& offer) = 0;
  // Takes one of the offered snapshot's chunks, in any order; on disk when accepted.
  virtual ErrorOr<ChunkVerdict> apply_snapshot_chunk(std::uint32_t index, ByteView chunk) = 0;
  // With every chunk there: its state takes the place of the one that is there, in memory and in
  // the database, and its root is held against the offer's over all records. An error means that
  // the node cannot go on; the next start begins anew.
  virtual ErrorOr<void> install_snapshot() = 0;
};

}  // namespace fog
