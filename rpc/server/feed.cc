#include "rpc/server/feed.h"

#include <algorithm>

#include "chain/types/parties.h"
#include "rpc/json/types.h"

namespace fog::rpc {
namespace {

// Of a transaction feed, read at once.
constexpr std::size_t kTxsAtOnce = 64;
constexpr std::uint32_t kEventsAtOnce = 64;
// From so many blocks behind on, the node's history is read instead of every block.
constexpr std::uint64_t kFarBehind = 8;

std::string item_text(const std::string& cursor, const Json& item) {
  return "\"cursor\":\"" + cursor + "\",\"item\":" + compact(item);
}

std::string tx_cursor(const TxPosition& next) {
  return to_json(next).get<std::string>();
}

Fail<Error> no_cursor(const char* form) {
  return fail(ErrorCode::kInvalidInput, std::string("cursor: expected ") + form +
                                            ", as this subscription's notifications "
                                            "carry it");
}
Fail<Error> gone(const std::string& what) {
  return fail(
      ErrorCode::kNotFound,
      "cursor: " + what + "; read what you missed elsewhere, and subscribe without a cursor");
}

// The height of the next block after the chain's last, or the cursor's, whose block is still here
// if there is one.
ErrorOr<std::uint64_t> check_height(NodeApi& node, std::optional<std::uint64_t> wanted) {
  TRY(const ChainStatus status, node.status());
  if (!wanted) return status.height + 1;
  if (*wanted == 0 || *wanted > status.height + 1) {
    return fail(ErrorCode::kInvalidInput,
                "cursor: beyond the chain's end, height " + std::to_string(status.height) +
                    "; is it another chain's, or does this node still follow?");
  }
  if (*wanted <= status.height && !node.block(*wanted))
    return gone("block " + std::to_string(*wanted) + " is no longer kept by this node");
  return *wanted;
}

}  // namespace

// ---- blocks that are read once for all ----

const std::string& BlockDigest::block_text() {
  if (!block_text_.empty()) return block_text_;
  const auto failed = std::count_if(info_.outcomes.begin(), info_.outcomes.end(),
                                    [](const TxOutcome& outcome) { return outcome.fault != 0; });
  block_text_ = item_text(std::to_string(info_.block.header.height + 1),
                          {{"id", to_hex0x(info_.id)},
                           {"header", to_json(info_.block.header)},
                           {"transactions", info_.block.txs.size()},
                           {"failed", failed}});
  return block_text_;
}

const std::string& BlockDigest::tx_text(std::uint32_t index) {
  std::string& text = tx_texts_[index];
  if (!text.empty()) return text;
  const BlockHeader& header = info_.block.header;
  FinalTx tx{{header.height, index}, header.time_ms, info_.block.txs[index], {}};
  if (index < info_.outcomes.size()) tx.outcome = info_.outcomes[index];
  text = item_text(tx_cursor({header.height, index + 1}), to_json(tx));
  return text;
}

std::vector<std::uint32_t> BlockDigest::txs_of(const Address& address, std::uint32_t from,
                                               std::size_t max) {
  if (!has_parties_) {
    has_parties_ = true;
    for (std::uint32_t i = 0; i < info_.block.txs.size(); ++i) {
      const auto tx = bcs_decode<SignedTx>(info_.block.txs[i]);
      if (!tx) continue;
      for (const Address& party : parties_of(*tx)) parties_.emplace_back(party, i);
    }
    std::sort(parties_.begin(), parties_.end());
  }
  std::vector<std::uint32_t> out;
  auto at = std::lower_bound(parties_.begin(), parties_.end(), std::pair(address, from));
  for (; at != parties_.end() && at->first == address && out.size() < max; ++at) {
    out.push_back(at->second);
  }
  return out;
}

ErrorOr<std::shared_ptr<BlockDigest>> BlockDigests::at(std::uint64_t height) {
  for (const auto& digest : kept_) {
    if (digest->info().block.header.height == height) return digest;
  }
  TRY(BlockInfo info, node_.block(height));
  auto digest = std::make_shared<BlockDigest>(std::move(info));
  if (kept_.size() == kKept) kept_.pop_front();
  kept_.push_back(digest);
  return digest;
}

// ---- the feeds ----

namespace {

class BlockFeed final : public Feed {
 public:
  explicit BlockFeed(std::uint64_t next) : next_(next) {}
  std::uint64_t done_height() const override { return next_ - 1; }
  std::string cursor() const override { return std::to_string(next_); }
  ErrorOr<void> read(NodeApi&, BlockDigests& blocks, std::uint64_t height,
                     std::vector<std::string>& out) override {
    if (next_ > height) return {};
    TRY(const auto digest, blocks.at(next_));
    out.push_back(digest->block_text());
    ++next_;
    return {};
  }

 private:
  std::uint64_t next_;
};

class TransactionFeed final : public Feed {
 public:
  TransactionFeed(const Address& address, const TxPosition& next)
      : address_(address), next_(next) {}
  std::uint64_t done_height() const override { return next_.height - 1; }
  std::string cursor() const override { return tx_cursor(next_); }
  ErrorOr<void> read(NodeApi& node, BlockDigests& blocks, std::uint64_t height,
                     std::vector<std::string>& out) override {
    if (next_.height > height) return {};
    if (next_.height + kFarBehind < height) return read_history(node, out);
    TRY(const auto digest, blocks.at(next_.height));
    const auto found = digest->txs_of(address_, next_.index, kTxsAtOnce);
    for (const std::uint32_t index : found) out.push_back(digest->tx_text(index));
    next_ = found.size() == kTxsAtOnce ? TxPosition{next_.height, found.back() + 1}
                                       : TxPosition{next_.height + 1, 0};
    return {};
  }

 private:
  ErrorOr<void> read_history(NodeApi& node, std::vector<std::string>& out) {
    TRY(const HistoryPage page,
        node.history(address_, HistoryOrder::kOldestFirst, next_, kTxsAtOnce));
    if (page.first_height > next_.height) {
      return fail(ErrorCode::kNotFound, "blocks after your cursor are no longer kept by this node");
    }
    for (const FinalTx& tx : page.items)
      out.push_back(item_text(tx_cursor({tx.position.height, tx.position.index + 1}), to_json(tx)));
    if (!page.next || *page.next <= next_)
      return fail(ErrorCode::kProtocol, "the node's history does not go on");
    next_ = *page.next;
    return {};
  }

  const Address address_;
  TxPosition next_;
};

class EventFeed final : public Feed {
 public:
  EventFeed(StateKey prefix, StateKey from, std::uint64_t done)
      : prefix_(std::move(prefix)), from_(std::move(from)), done_(done) {}
  std::uint64_t done_height() const override { return done_; }
  std::string cursor() const override { return to_hex0x(from_); }
  ErrorOr<void> read(NodeApi& node, BlockDigests&, std::uint64_t height,
                     std::vector<std::string>& out) override {
    if (done_ >= height) return {};
    TRY(const StatePage page, node.state_scan(from_, prefix_end(prefix_), kEventsAtOnce));
    for (const StateRecord& record : page.records) {
      const auto event = bcs_decode<market::MarketEvent>(record.value);
      if (!event) return fail(ErrorCode::kProtocol, "an event of the state cannot be decoded");
      from_ = record.key;
      from_.push_back(0);  // the first key after it
      out.push_back(item_text(cursor(), to_json(*event)));
    }
    if (!page.next) done_ = page.height;
    return {};
  }

 private:
  const StateKey prefix_;
  StateKey from_;
  std::uint64_t done_;
};

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  if (!detail::parse_decimal(text, value)) return std::nullopt;
  return value;
}

}  // namespace

OpenedFeed open_block_feed(NodeApi& node, const std::optional<std::string>& cursor) {
  std::optional<std::uint64_t> wanted;
  if (cursor) {
    wanted = number_of(*cursor);
    if (!wanted) return no_cursor("a height");
  }
  TRY(const std::uint64_t height, check_height(node, wanted));
  return std::unique_ptr<Feed>(std::make_unique<BlockFeed>(height));
}

OpenedFeed open_transaction_feed(NodeApi& node, const Address& address,
                                 const std::optional<std::string>& cursor) {
  std::optional<std::uint64_t> wanted;
  TxPosition next;
  if (cursor) {
    const auto read = from_json<TxPosition>(Json(*cursor), "cursor");
    if (!read || read->index > kBlockTxsMax) return no_cursor("HEIGHT:INDEX");
    next = *read;
    wanted = next.height;
  }
  TRY(next.height, check_height(node, wanted));
  return std::unique_ptr<Feed>(std::make_unique<TransactionFeed>(address, next));
}

OpenedFeed open_event_feed(NodeApi& node, const Address& address,
                           const std::optional<std::string>& cursor) {
  const StateKey prefix = market::events_of(address);
  constexpr std::size_t kHeightBytes = 8;
  TRY(const ChainStatus status, node.status());
  const auto from_height = [&](std::uint64_t height) {
    StateKey key = prefix;
    append_be64(key, height);
    return key;
  };
  if (!cursor) {
    return std::unique_ptr<Feed>(
        std::make_unique<EventFeed>(prefix, from_height(status.height + 1), status.height));
  }
  const auto from = cursor->starts_with("0x") ? from_hex(*cursor) : std::nullopt;
  const std::size_t least = prefix.size() + kHeightBytes;
  if (!from || from->size() < least || from->size() > least + 16 ||
      !std::equal(prefix.begin(), prefix.end(), from->begin())) {
    return no_cursor("0x-hex of this address");
  }
  std::uint64_t height = 0;
  for (std::size_t i = prefix.size(); i < least; ++i) height = height << 8 | (*from)[i];
  // Events go after a time: nobody may believe that nothing happened when it is only forgotten.
  if (height <= status.height) {
    TRY(const auto params, read_record<market::MarketParams>(node, market::market_params_key()));
    const auto block = node.block(std::max<std::uint64_t>(height, 1));
    if (!params || !block || block->block.header.time_ms + params->events_kept_ms < status.time_ms)
      return gone("events after it may no longer be kept (market.events_kept_ms)");
  } else if (height > status.height + 1) {
    TRY_VOID(check_height(node, height));
  }
  return std::unique_ptr<Feed>(std::make_unique<EventFeed>(prefix, *from, 0));
}

}  // namespace fog::rpc
