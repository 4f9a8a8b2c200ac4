// LedgerApp: the application, over the rules in consensus/rules. It owns the live state, the
// authenticated tree and the overlays of blocks that are not final.
//
//      block A' (overlay)        block B (overlay)
//               \                 /
//        block A (overlay)       /         each with its version of the tree
//                   \           /
//            LiveState, tree: the last final block  --deltas-->  state database
//
// Locks, in the order in which they are taken: tree_mutex_ (the tree), state_mutex_ (the live state
// and what is known of the last final block; writers hold it for microseconds a record), the
// mempool's own.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "chain/base/clock.h"
#include "chain/state/sparse_merkle.h"
#include "chain/store/index_store.h"
#include "chain/store/snapshot_inbox.h"
#include "chain/store/snapshot_store.h"
#include "chain/store/state_store.h"
#include "consensus/engine/application.h"
#include "consensus/engine/live_state.h"
#include "consensus/engine/market_preview.h"
#include "consensus/engine/worker_pool.h"
#include "consensus/pool/mempool.h"
#include "consensus/rules/execute.h"

namespace fog {

// Where time went, in nanoseconds since the start, and what was done.
struct AppTimes {
  std::atomic<std::uint64_t> execute_ns{0};
  std::atomic<std::uint64_t> tree_ns{0};
  std::atomic<std::uint64_t> commit_ns{0};
  std::atomic<std::uint64_t> signatures{0};
  std::atomic<std::uint64_t> refused{0};
};

class LedgerApp final : public Application {
 public:
  struct Parts {
    ChainId chain_id;
    Mempool* pool = nullptr;
    StateStore* store = nullptr;
    IndexStore* index = nullptr;
    WorkerPool* workers = nullptr;
    Clock* clock = nullptr;
    Rng* rng = nullptr;
    SnapshotStore* snapshots = nullptr;  // null: gives none to others
    SnapshotInbox* inbox = nullptr;      // null: takes none over
    // A snapshot every so many epochs, of the state that an epoch's last header names; 0: never.
    std::uint64_t snapshot_epochs = 0;
  };
  explicit LedgerApp(Parts parts);
  ~LedgerApp() override;

  // Reads the state out of the database, and holds it against the root that stands there.
  // kCorrupt when they differ; kNotFound when the database is empty.
  ErrorOr<void> load();

  AppInfo info() const override;
  ErrorOr<Hash32> init_chain(const Genesis& genesis) override;
  SubmitReply check_tx(ByteView tx) override;
  std::optional<Block> prepare_proposal(const ProposalRequest& request) override;
  Fault process_proposal(const BlockId& id, const BlockId& parent, const Block& block) override;
  void check_ahead(const BlockId& id, std::shared_ptr<const Block> block) override;
  Result<FinalizeResult, Fault> finalize_block(const BlockId& id, const BlockId& parent,
                                               const Block& block) override;
  ErrorOr<void> commit(const BlockId& id) override;
  void on_durable(std::uint64_t height) override;
  EpochInfo epoch() const override;
  std::optional<std::uint64_t> time_of(const BlockId& id) const override;
  std::optional<std::vector<TxId>> ids_of(const BlockId& id) const override;
  Work work_at(const BlockId& parent, std::uint64_t time_ms) override;
  std::vector<Bytes> next_txs(const BlockId& parent, std::uint64_t time_ms,
                              std::size_t bytes_max) override;
  std::vector<SnapshotInfo> list_snapshots() const override;
  ErrorOr<Bytes> load_snapshot_chunk(std::uint64_t height, std::uint32_t index) const override;
  ErrorOr<std::vector<std::uint32_t>> offer_snapshot(const SnapshotOffer& offer) override;
  ErrorOr<ChunkVerdict> apply_snapshot_chunk(std::uint32_t index, ByteView chunk) override;
  ErrorOr<void> install_snapshot() override;

  // ---- queries of the last final state, from any thread ----
  // What `read` sees is one state; commits wait while it runs.
  void with_state(
      const std::function<void(const ReadView& state, const AppInfo& info)>& read) const;
  StateProof prove(const StateKey& key) const;
  MarketPreview& preview() { return preview_; }
  std::size_t records() const;
  std::size_t memory_bytes() const;
  const AppTimes& times() const { return times_; }

 private:
  // A view that can be pointed elsewhere: from an overlay to the live state once that has taken
  // the overlay's changes.
  class Base;
  struct Version;
  struct Ahead;

  ErrorOr<void> load_records();
  const ReadView* find_parent(const BlockId& parent, AppInfo& info) const;
  Fault check_header(const BlockHeader& header, const AppInfo& parent) const;
  PooledTx check_block_tx(const Bytes& tx, bool has_pool);
  Result<std::vector<PooledTx>, Fault> check_block_txs(const BlockId& id, const Block& block);
  void forget_ahead(std::uint64_t height);
  IncludedTxs included_up_to(BlockId block) const;
  void drop_uncludable(const TxId& id, Fault fault);
  void add_version(const BlockId& id, const BlockHeader& header, BlockResult&& executed,
                   std::vector<PooledTx>&& txs);
  void take_changes(Version& version, StateDelta& delta);
  void rebase(const BlockId& id);
  MarketIndex& index_of(const BlockId& parent);
  bool stands_on(BlockId block, const BlockId& below) const;
  InclusionTerms terms_now() const;
  bool is_snapshot_height(std::uint64_t height) const;
  void forget_versions();

  const Parts parts_;
  mutable std::mutex tree_mutex_;
  SparseMerkleTree tree_;
  TreeRoot root_ = TreeRoot::kEmpty;

  mutable std::shared_mutex state_mutex_;
  LiveState live_;
  AppInfo info_;

  std::map<BlockId, std::unique_ptr<Version>> versions_;  // the engine's thread only
  MarketIndex market_;                                    // of the state after this block; the same
  BlockId market_at_;
  MarketPreview preview_;
  // By height and id; the same.
  std::map<std::pair<std::uint64_t, BlockId>, std::unique_ptr<Ahead>> ahead_;
  std::optional<SnapshotOffer> offer_;
  std::uint64_t indexed_height_ = 0;
  AppTimes times_;
};

}  // namespace fog
