#include "consensus/engine/block_shelf.h"

namespace fog {
namespace {

constexpr std::size_t kRecentMax = 16;
constexpr std::size_t kPartialMax = 8;

}  // namespace

bool is_whole(const Block& block) {
  return tx_root(block) == block.header.tx_root &&
         certificate_hash(block.certificate) == block.header.certificate_hash;
}

wire::CompactBlock compact(const Block& block, const std::vector<TxId>& ids) {
  CHECK(ids.size() == block.txs.size());
  wire::CompactBlock out;
  out.header = block.header;
  out.certificate = block.certificate;
  out.txs.reserve(ids.size());
  for (const TxId& id : ids) out.txs.push_back(wire::short_id(id));
  return out;
}

SharedBlock BlockShelf::find(const BlockId& id) const {
  if (const auto found = blocks_.find(id); found != blocks_.end()) return found->second;
  for (const auto& [recent_id, block] : recent_) {
    if (recent_id == id) return block;
  }
  return nullptr;
}

void BlockShelf::put(const BlockId& id, SharedBlock block) {
  partial_.erase(id);
  blocks_.emplace(id, std::move(block));
}

void BlockShelf::on_final(const BlockId& id, std::uint64_t height) {
  if (const auto found = blocks_.find(id); found != blocks_.end()) {
    recent_.emplace_back(id, found->second);
    if (recent_.size() > kRecentMax) recent_.pop_front();
  }
  std::erase_if(blocks_, [&](const auto& e) { return e.second->header.height <= height; });
  std::erase_if(partial_, [&](const auto& e) { return e.second.block.header.height <= height; });
}

BlockShelf::Filled BlockShelf::take_compact(const BlockId& id, wire::CompactBlock&& compact) {
  Partial partial;
  partial.block.header = compact.header;
  partial.block.certificate = std::move(compact.certificate);
  partial.block.txs.resize(compact.txs.size());
  for (std::uint32_t place = 0; place < compact.txs.size(); ++place) {
    if (const PooledTx tx = pool_.find_short(compact.txs[place])) {
      partial.block.txs[place] = BoundedBytes<kTxBytesMax>(tx->encoded());
    } else {
      partial.missing.push_back(place);
    }
  }
  if (partial.missing.empty()) return finish(id, std::move(partial));
  Filled out;
  out.missing = partial.missing;
  if (partial_.size() >= kPartialMax) partial_.erase(partial_.begin());
  partial_[id] = std::move(partial);
  return out;
}

std::optional<BlockShelf::Filled> BlockShelf::fill(const BlockId& id,
                                                   std::vector<BoundedBytes<kTxBytesMax>>&& txs) {
  const auto found = partial_.find(id);
  if (found == partial_.end() || found->second.missing.size() != txs.size()) return std::nullopt;
  Partial partial = std::move(found->second);
  partial_.erase(found);
  for (std::size_t i = 0; i < txs.size(); ++i)
    partial.block.txs[partial.missing[i]] = std::move(txs[i]);
  return finish(id, std::move(partial));
}

BlockShelf::Filled BlockShelf::finish(const BlockId& id, Partial&& partial) {
  Filled out;
  if (tx_root(partial.block) != partial.block.header.tx_root) {
    out.mismatch = true;
    return out;
  }
  out.block = std::make_shared<const Block>(std::move(partial.block));
  put(id, out.block);
  return out;
}

}  // namespace fog
