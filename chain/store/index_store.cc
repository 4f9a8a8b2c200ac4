#include "chain/store/index_store.h"

namespace fog {
namespace {

struct IndexMeta {
  std::uint16_t version = 1;
  ChainId chain_id;
  std::uint64_t height = 0;
  static constexpr auto kFields =
      std::make_tuple(&IndexMeta::version, &IndexMeta::chain_id, &IndexMeta::height);
};

Bytes meta_key() {
  return {'m'};
}
Bytes tx_key(const TxId& id) {
  Bytes key{'t'};
  append(key, ByteView(id).first(16));
  return key;
}
Bytes block_key(const BlockId& id) {
  Bytes key{'b'};
  append(key, id);
  return key;
}

}  // namespace

ErrorOr<std::unique_ptr<IndexStore>> IndexStore::open(KvStore& db, const ChainId& chain_id,
                                                      FlushQueueOptions options) {
  std::unique_ptr<IndexStore> store(new IndexStore(db));
  store->chain_id_ = chain_id;
  TRY(const auto bytes, db.get(meta_key()));
  if (bytes) {
    const auto meta = bcs_decode<IndexMeta>(*bytes);
    if (!meta || meta->version != 1 || meta->chain_id != chain_id)
      return fail(ErrorCode::kCorrupt, "the index database is damaged or of another chain");
    store->height_ = meta->height;
  }
  IndexStore* self = store.get();
  store->queue_ = std::make_unique<FlushQueue<std::shared_ptr<const IndexedBlock>>>(
      options, [self](std::deque<std::shared_ptr<const IndexedBlock>>&& blocks) {
        return self->write(std::move(blocks));
      });
  return store;
}

std::uint64_t IndexStore::height() const {
  const std::lock_guard lock(mutex_);
  return height_;
}

ErrorOr<void> IndexStore::push(IndexedBlock block) {
  CHECK(block.ids.size() == block.outcomes.size());
  const auto shared = std::make_shared<const IndexedBlock>(std::move(block));
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < shared->ids.size(); ++i) {
      recent_txs_[shared->ids[i]] =
          TxLocation{shared->height, static_cast<std::uint32_t>(i), shared->outcomes[i]};
    }
    recent_blocks_[shared->block] = shared->height;
  }
  return queue_->push(shared->height, 200 * (1 + shared->ids.size()), shared);
}

ErrorOr<std::optional<TxLocation>> IndexStore::find(const TxId& id) const {
  {
    const std::lock_guard lock(mutex_);
    const auto recent = recent_txs_.find(id);
    if (recent != recent_txs_.end()) return std::optional(recent->second);
  }
  TRY(const auto bytes, db_.get(tx_key(id)));
  if (!bytes) return std::optional<TxLocation>();
  const auto location = bcs_decode<TxLocation>(*bytes);
  if (!location) return fail(ErrorCode::kCorrupt, "the index database holds a damaged record");
  return std::optional(*location);
}

ErrorOr<std::optional<std::uint64_t>> IndexStore::find_block(const BlockId& id) const {
  {
    const std::lock_guard lock(mutex_);
    const auto recent = recent_blocks_.find(id);
    if (recent != recent_blocks_.end()) return std::optional(recent->second);
  }
  TRY(const auto bytes, db_.get(block_key(id)));
  if (!bytes) return std::optional<std::uint64_t>();
  const auto height = bcs_decode<std::uint64_t>(*bytes);
  if (!height) return fail(ErrorCode::kCorrupt, "the index database holds a damaged record");
  return std::optional(*height);
}

ErrorOr<void> IndexStore::write(std::deque<std::shared_ptr<const IndexedBlock>>&& blocks) {
  KvBatch batch;
  for (const auto& block : blocks) {
    for (std::size_t i = 0; i < block->ids.size(); ++i) {
      const TxLocation location{block->height, static_cast<std::uint32_t>(i), block->outcomes[i]};
      batch.put(tx_key(block->ids[i]), bcs_encode(location));
    }
    batch.put(block_key(block->block), bcs_encode(block->height));
  }
  batch.put(meta_key(), bcs_encode(IndexMeta{1, chain_id_, blocks.back()->height}));
  TRY_VOID(db_.write(batch, false));
  const std::lock_guard lock(mutex_);
  for (const auto& block : blocks) {
    for (const TxId& id : block->ids) recent_txs_.erase(id);
    recent_blocks_.erase(block->block);
  }
  height_ = blocks.back()->height;
  return {};
}

}  // namespace fog
