// IndexStore: finds final blocks and transactions by their ids. A database of its own that can be
// thrown away: it is rebuilt from the block log.
//
//   'm'                    -> IndexMeta
//   't' first half of id   -> (height, index, outcome)
//   'b' block id           -> height
//
// Half of a transaction's id is enough to find it: nobody can make two halves meet, and who reads
// the block sees the whole id.
#pragma once

#include "chain/store/flush_queue.h"
#include "chain/store/kv_store.h"
#include "chain/types/block.h"

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
};

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

 private:
  explicit IndexStore(KvStore& db) : db_(db) {}
  // A block that is not written yet, its transactions' places also in the order of their ids.
  struct Pending {
    IndexedBlock block;
    std::vector<std::uint32_t> by_id;
  };
  using PendingPtr = std::shared_ptr<const Pending>;

  ErrorOr<void> write(std::deque<PendingPtr>&& blocks);
  std::optional<TxLocation> find_pending(const TxId& id) const;

  KvStore& db_;
  ChainId chain_id_;
  mutable std::mutex mutex_;  // guards what follows
  std::uint64_t height_ = 0;
  std::deque<PendingPtr> pending_;
  std::unique_ptr<FlushQueue<PendingPtr>> queue_;
};

}  // namespace fog
