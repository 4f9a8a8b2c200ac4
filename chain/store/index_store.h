// IndexStore: finds final blocks and transactions by their ids, and transactions by whom they
// concern. A database of its own that can be thrown away: it is rebuilt from the block log.
//
//   'a' address, height (be64), index (be32)  -> nothing
//   'b' block id           -> height
//   'm'                    -> IndexMeta
//   't' first half of id   -> (height, index, outcome)
//
// What concerns an address goes with its blocks (prune); what became of a transaction stays known.
//
// Half of a transaction's id is enough to find it: nobody can make two halves meet, and who reads
// the block sees the whole id.
#pragma once

#include "chain/store/flush_queue.h"
#include "chain/store/kv_store.h"
#include "chain/types/block.h"
#include "chain/types/parties.h"

namespace fog {

struct TxLocation {
  std::uint64_t height = 0;
  std::uint32_t index = 0;
  TxOutcome outcome;
  static constexpr auto kFields =
      std::make_tuple(&TxLocation::height, &TxLocation::index, &TxLocation::outcome);
  bool operator==(const TxLocation&) const = default;
};

struct IndexedBlock {
  std::uint64_t height = 0;
  BlockId block;
  std::vector<TxId> ids;  // as in the block
  std::vector<TxOutcome> outcomes;
  // Whom each transaction concerns, by its index; those of a lower index first.
  std::vector<std::pair<Address, std::uint32_t>> parties = {};
};
// Adds the transaction's parties_of.
void add_parties(IndexedBlock& block, std::uint32_t index, const SignedTx& tx);

class IndexStore {
 public:
  static ErrorOr<std::unique_ptr<IndexStore>> open(KvStore& db, const ChainId& chain_id,
                                                   FlushQueueOptions options = {});

  // The last height that the database holds; what has been pushed can be found from then on.
  std::uint64_t height() const;
  // Queues a block (heights follow each other); waits while the queue is full.
  ErrorOr<void> push(IndexedBlock block);
  void release(std::uint64_t height) { queue_->release(height); }
  ErrorOr<void> drain() { return queue_->drain(); }

  ErrorOr<std::optional<TxLocation>> find(const TxId& id) const;
  ErrorOr<std::optional<std::uint64_t>> find_block(const BlockId& id) const;
  // Where transactions stand that concern the address, from a position on, itself included.
  struct History {
    std::vector<TxPosition> positions;  // at most `limit`
    std::uint64_t height = 0;           // of the last block that was looked at
  };
  ErrorOr<History> history(const Address& address, HistoryOrder order, TxPosition from,
                           std::size_t limit) const;
  // Blocks below the height are gone: what the history has of them goes bit by bit, as later blocks
  // are written. From any thread.
  void prune(std::uint64_t first_height);

 private:
  explicit IndexStore(KvStore& db) : db_(db) {}
  // A block that is not written yet, its transactions' places also in the order of their ids.
  struct Pending {
    IndexedBlock block;
    std::vector<std::uint32_t> by_id;
  };
  using PendingPtr = std::shared_ptr<const Pending>;

  ErrorOr<void> write(std::deque<PendingPtr>&& blocks);
  ErrorOr<void> sweep(KvBatch& batch);
  History pending_history(const Address& address, HistoryOrder order, TxPosition from,
                          std::size_t limit, std::uint64_t& first_pending) const;
  std::optional<TxLocation> find_pending(const TxId& id) const;

  KvStore& db_;
  ChainId chain_id_;
  mutable std::mutex mutex_;  // guards what follows
  std::uint64_t height_ = 0;
  std::deque<PendingPtr> pending_;
  std::uint64_t floor_ = 0;  // the first height whose history is to stay
  // Of the queue's thread only: up to which floor everything has been swept, and where the sweep
  // to the next one stands.
  std::uint64_t swept_floor_ = 0;
  std::uint64_t sweeps_to_ = 0;
  Bytes sweep_at_;
  std::unique_ptr<FlushQueue<PendingPtr>> queue_;
};

}  // namespace fog
