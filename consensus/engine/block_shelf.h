// BlockShelf: blocks that are at hand and not final, and a few that have just become final, for
// peers that ask. Compact blocks wait here for the transactions that the mempool does not have.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "consensus/engine/wire.h"
#include "consensus/pool/mempool.h"

namespace fog {

using SharedBlock = std::shared_ptr<const Block>;

// Whether the block's content is what its header names. The id covers the header; the header covers
// the rest.
bool is_whole(const Block& block);

wire::CompactBlock compact(const Block& block, const std::vector<TxId>& ids);

// One owner; not thread safe.
class BlockShelf {
 public:
  explicit BlockShelf(const Mempool& pool) : pool_(pool) {}

  SharedBlock find(const BlockId& id) const;
  void put(const BlockId& id, SharedBlock block);
  // A block is final: it stays among the recent ones; the others up to its height go.
  void on_final(const BlockId& id, std::uint64_t height);

  // ---- compact blocks ----
  // Looks its transactions up. Either the block, or the places that are missing; then the rest is
  // kept for fill().
  struct Filled {
    SharedBlock block;
    std::vector<std::uint32_t> missing;
    // The transactions found are not those that the header names (two share a short id, or one
    // was signed twice): the whole block is needed.
    bool mismatch = false;
  };
  Filled take_compact(const BlockId& id, wire::CompactBlock&& compact);
  // The missing transactions, in the order of their places. Nothing when the block does not wait
  // for so many.
  std::optional<Filled> fill(const BlockId& id, std::vector<BoundedBytes<kTxBytesMax>>&& txs);
  bool waits_for(const BlockId& id) const { return partial_.contains(id); }

 private:
  struct Partial {
    Block block;
    std::vector<std::uint32_t> missing;
  };
  Filled finish(const BlockId& id, Partial&& partial);

  const Mempool& pool_;
  std::map<BlockId, SharedBlock> blocks_;
  std::deque<std::pair<BlockId, SharedBlock>> recent_;  // final, at most kRecentMax
  std::map<BlockId, Partial> partial_;                  // at most kPartialMax
};

}  // namespace fog
