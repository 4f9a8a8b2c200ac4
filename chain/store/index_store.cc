#include "chain/store/index_store.h"

#include <algorithm>
#include <numeric>

namespace fog {
namespace {

struct IndexMeta {
  std::uint16_t version = 1;
  ChainId chain_id;
  std::uint64_t height = 0;
  static constexpr auto kFields =
      std::make_tuple(&IndexMeta::version, &IndexMeta::chain_id, &IndexMeta::height);
};

constexpr std::size_t kTxKeySize = 17;
using TxKey = FixedBytes<kTxKeySize>;

Bytes meta_key() {
  return {'m'};
}
TxKey tx_key(const TxId& id) {
  TxKey key;
  key.data[0] = 't';
  std::copy_n(id.data.begin(), kTxKeySize - 1, key.data.begin() + 1);
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
  store->queue_ = std::make_unique<FlushQueue<PendingPtr>>(
      options, [self](std::deque<PendingPtr>&& blocks) { return self->write(std::move(blocks)); });
  return store;
}

std::uint64_t IndexStore::height() const {
  const std::lock_guard lock(mutex_);
  return height_;
}

ErrorOr<void> IndexStore::push(IndexedBlock block) {
  CHECK(block.ids.size() == block.outcomes.size());
  auto pending = std::make_shared<Pending>();
  pending->block = std::move(block);
  const std::vector<TxId>& ids = pending->block.ids;
  pending->by_id.resize(ids.size());
  std::iota(pending->by_id.begin(), pending->by_id.end(), 0U);
  std::sort(pending->by_id.begin(), pending->by_id.end(),
            [&](std::uint32_t a, std::uint32_t b) { return ids[a] < ids[b]; });
  const std::uint64_t height = pending->block.height;
  const std::size_t bytes = 200 * (1 + ids.size());
  {
    const std::lock_guard lock(mutex_);
    pending_.push_back(pending);
  }
  return queue_->push(height, bytes, std::move(pending));
}

std::optional<TxLocation> IndexStore::find_pending(const TxId& id) const {
  const std::lock_guard lock(mutex_);
  for (const PendingPtr& pending : pending_) {
    const std::vector<TxId>& ids = pending->block.ids;
    const auto place =
        std::lower_bound(pending->by_id.begin(), pending->by_id.end(), id,
                         [&](std::uint32_t at, const TxId& wanted) { return ids[at] < wanted; });
    if (place == pending->by_id.end() || ids[*place] != id) continue;
    return TxLocation{pending->block.height, *place, pending->block.outcomes[*place]};
  }
  return std::nullopt;
}

ErrorOr<std::optional<TxLocation>> IndexStore::find(const TxId& id) const {
  if (auto pending = find_pending(id)) return pending;
  TRY(const auto bytes, db_.get(tx_key(id)));
  if (!bytes) return std::optional<TxLocation>();
  const auto location = bcs_decode<TxLocation>(*bytes);
  if (!location) return fail(ErrorCode::kCorrupt, "the index database holds a damaged record");
  return std::optional(*location);
}

ErrorOr<std::optional<std::uint64_t>> IndexStore::find_block(const BlockId& id) const {
  {
    const std::lock_guard lock(mutex_);
    for (const PendingPtr& pending : pending_) {
      if (pending->block.block == id) return std::optional(pending->block.height);
    }
  }
  TRY(const auto bytes, db_.get(block_key(id)));
  if (!bytes) return std::optional<std::uint64_t>();
  const auto height = bcs_decode<std::uint64_t>(*bytes);
  if (!height) return fail(ErrorCode::kCorrupt, "the index database holds a damaged record");
  return std::optional(*height);
}

ErrorOr<void> IndexStore::write(std::deque<PendingPtr>&& blocks) {
  // LevelDB takes sorted keys in faster: each stands near the one before.
  struct Row {
    TxKey key;
    std::uint32_t block;
    std::uint32_t index;
  };
  std::vector<Row> rows;
  for (std::uint32_t b = 0; b < blocks.size(); ++b) {
    const std::vector<TxId>& ids = blocks[b]->block.ids;
    for (std::uint32_t i = 0; i < ids.size(); ++i) rows.push_back({tx_key(ids[i]), b, i});
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key < b.key; });

  KvBatch batch;
  for (const Row& row : rows) {
    const IndexedBlock& block = blocks[row.block]->block;
    batch.put(row.key, bcs_encode(TxLocation{block.height, row.index, block.outcomes[row.index]}));
  }
  for (const PendingPtr& pending : blocks)
    batch.put(block_key(pending->block.block), bcs_encode(pending->block.height));
  const std::uint64_t height = blocks.back()->block.height;
  batch.put(meta_key(), bcs_encode(IndexMeta{1, chain_id_, height}));
  TRY_VOID(db_.write(batch, false));
  const std::lock_guard lock(mutex_);
  // They were pushed in the order in which they are written.
  CHECK(pending_.size() >= blocks.size() && pending_.front() == blocks.front());
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(blocks.size()));
  height_ = height;
  return {};
}

}  // namespace fog
