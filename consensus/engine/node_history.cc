// What a node tells of transactions and blocks that are final, by the index.
#include <limits>

#include "consensus/engine/node_impl.h"

namespace fog {
namespace {

// Of blocks that are read for one page: each has to be read whole.
constexpr std::size_t kBlocksBytesMax = 16ULL * 1024 * 1024;

}  // namespace

ErrorOr<std::uint64_t> NodeImpl::block_height(const BlockId& id) {
  TRY(const auto height, index_->find_block(id));
  if (!height) return fail(ErrorCode::kNotFound, "there is no final block of this id");
  return *height;
}

ErrorOr<HistoryPage> NodeImpl::history(const Address& address, HistoryOrder order,
                                       std::optional<TxPosition> from, std::uint32_t limit) {
  if (limit == 0 || limit > kHistoryMax)
    return fail(ErrorCode::kInvalidInput, "limit must be 1 to " + std::to_string(kHistoryMax));
  const bool forward = order == HistoryOrder::kOldestFirst;
  HistoryPage page;
  page.first_height = log_->first_height();
  const TxPosition oldest{page.first_height, 0};
  if (!from) {
    from = forward ? oldest
                   : TxPosition{std::numeric_limits<std::uint64_t>::max(),
                                std::numeric_limits<std::uint32_t>::max()};
  }
  if (forward) from = std::max(*from, oldest);
  // One more says whether there is more.
  TRY(auto found, index_->history(address, order, *from, limit + 1));
  page.height = found.height;
  std::erase_if(found.positions, [&](const TxPosition& at) { return at < oldest; });
  std::size_t bytes = 0;
  std::optional<StoredBlock> block;
  for (const TxPosition& at : found.positions) {
    const bool is_new = !block || block->final.height != at.height;
    if (page.items.size() == limit || (is_new && bytes > kBlocksBytesMax)) {
      page.next = at;
      return page;
    }
    if (is_new) {
      TRY(block, log_->block_at(at.height));
      for (const auto& tx : block->proposal.block.txs) bytes += tx.size();
    }
    const auto& txs = block->proposal.block.txs;
    if (at.index >= txs.size() || at.index >= block->final.outcomes.size()) {
      return fail(ErrorCode::kCorrupt,
                  "the index database does not fit the block log; remove the "
                  "index folder, and the next start makes it anew");
    }
    page.items.push_back(
        {at, block->proposal.block.header.time_ms, txs[at.index], block->final.outcomes[at.index]});
  }
  if (forward) page.next = std::max(*from, TxPosition{page.height + 1, 0});
  return page;
}

ErrorOr<Simulation> NodeImpl::simulate(ByteView tx) {
  auto decoded = decode_tx(tx, chain_id_);
  if (!decoded) {
    return fail(ErrorCode::kInvalidInput, "tx: " + std::string(fault_name(decoded.error())) + ". " +
                                              std::string(fault_help(decoded.error())));
  }
  Simulation out;
  app_->with_state([&](const ReadView& state, const AppInfo& info) {
    BlockContext block;
    block.chain_id = chain_id_;
    block.height = info.height + 1;
    block.time_ms = std::max(options_.clock->wall_ms(), info.time_ms + 1);
    block.beacon = info.block;  // the true one is not known before the block is
    out = BlockExecution::simulate(state, block, *decoded);
  });
  return out;
}

}  // namespace fog
