// Feed: what a subscription brings, from a place in the chain on. A cursor names such a place:
// whoever opens a feed again from the last cursor misses nothing and gets nothing twice.
//
//   blocks         "HEIGHT"         of the next block
//   transactions   "HEIGHT:INDEX"   of the next transaction that may concern the address
//   market events  "0x..."          the next key, as in market_events
//
// For .cc files only (it brings in the JSON library). Not safe from two threads at once.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "rpc/server/method.h"

namespace fog::rpc {

// A final block, and what feeds have made of it for all their subscribers.
class BlockDigest {
 public:
  explicit BlockDigest(BlockInfo info) : info_(std::move(info)) {}
  const BlockInfo& info() const { return info_; }
  // `"cursor":...,"item":...` of the block, and of its transaction.
  const std::string& block_text();
  const std::string& tx_text(std::uint32_t index);
  // The positions of an address's transactions, ascending, from `from` on, at most `max`.
  std::vector<std::uint32_t> txs_of(const Address& address, std::uint32_t from, std::size_t max);

 private:
  BlockInfo info_;
  std::string block_text_;
  std::map<std::uint32_t, std::string> tx_texts_;
  std::vector<std::pair<Address, std::uint32_t>> parties_;  // ascending; made when first asked
  bool has_parties_ = false;
};

// The last few blocks that feeds have read.
class BlockDigests {
 public:
  explicit BlockDigests(NodeApi& node) : node_(node) {}
  ErrorOr<std::shared_ptr<BlockDigest>> at(std::uint64_t height);

 private:
  static constexpr std::size_t kKept = 4;
  NodeApi& node_;
  std::deque<std::shared_ptr<BlockDigest>> kept_;
};

class Feed {
 public:
  virtual ~Feed() = default;
  // The height up to which everything has been read.
  virtual std::uint64_t done_height() const = 0;
  // Where it stands.
  virtual std::string cursor() const = 0;
  // Reads on, a block or a page at most, where there is something up to `height`, the chain's.
  // Appends `"cursor":...,"item":...` of each item. An error is lasting.
  virtual ErrorOr<void> read(NodeApi& node, BlockDigests& blocks, std::uint64_t height,
                             std::vector<std::string>& out) = 0;
};

// Feeds from the cursor, or from now on. kInvalidInput for a cursor that is none of this feed's or
// lies beyond the chain's end; kNotFound where something after it is no longer kept.
using OpenedFeed = ErrorOr<std::unique_ptr<Feed>>;
OpenedFeed open_block_feed(NodeApi& node, const std::optional<std::string>& cursor);
OpenedFeed open_transaction_feed(NodeApi& node, const Address& address,
                                 const std::optional<std::string>& cursor);
OpenedFeed open_event_feed(NodeApi& node, const Address& address,
                           const std::optional<std::string>& cursor);

}  // namespace fog::rpc
