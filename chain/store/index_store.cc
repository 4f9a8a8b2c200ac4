#include "chain/store/index_store.h"

#include <algorithm>
#include <numeric>

namespace fog {
namespace {

// Version 1 had no history.
constexpr std::uint16_t kIndexVersion = 2;
struct IndexMeta {
  std::uint16_t version = kIndexVersion;
  ChainId chain_id;
  std::uint64_t height = 0;
  std::uint64_t swept_floor = 0;  // below it no history is left
  static constexpr auto kFields = std::make_tuple(&IndexMeta::version, &IndexMeta::chain_id,
                                                  &IndexMeta::height, &IndexMeta::swept_floor);
};

constexpr std::size_t kTxKeySize = 17;
using TxKey = FixedBytes<kTxKeySize>;

constexpr std::size_t kPartyKeySize = 1 + 20 + 8 + 4;
using PartyKey = FixedBytes<kPartyKeySize>;
// Rows that are looked at for a sweep with each write.
constexpr std::size_t kSweepRows = 4'000;

Bytes meta_key() {
  return {'m'};
}
TxKey tx_key(const TxId& id) {
  TxKey key;
  key.data[0] = 't';
  std::copy_n(id.data.begin(), kTxKeySize - 1, key.data.begin() + 1);
  return key;
}
PartyKey party_key(const Address& address, const TxPosition& at) {
  PartyKey key;
  key.data[0] = 'a';
  std::copy(address.data.begin(), address.data.end(), key.data.begin() + 1);
  std::size_t byte = 1 + address.data.size();
  for (int shift = 56; shift >= 0; shift -= 8)
    key.data[byte++] = static_cast<std::uint8_t>(at.height >> shift & 0xFF);
  for (int shift = 24; shift >= 0; shift -= 8)
    key.data[byte++] = static_cast<std::uint8_t>(at.index >> shift & 0xFF);
  return key;
}
TxPosition position_of(ByteView party_key) {
  TxPosition at;
  const std::size_t first = party_key.size() - 12;
  for (std::size_t i = 0; i < 8; ++i) at.height = at.height << 8 | party_key[first + i];
  for (std::size_t i = 8; i < 12; ++i) at.index = at.index << 8 | party_key[first + i];
  return at;
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
    if (!meta || meta->version != kIndexVersion || meta->chain_id != chain_id) {
      return fail(ErrorCode::kCorrupt,
                  "the index database is damaged, of another chain or of an older program");
    }
    store->height_ = meta->height;
    store->swept_floor_ = meta->swept_floor;
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
  const std::size_t bytes = 200 * (1 + ids.size()) + 60 * pending->block.parties.size();
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

void add_parties(IndexedBlock& block, std::uint32_t index, const SignedTx& tx) {
  for (const Address& party : parties_of(tx)) block.parties.emplace_back(party, index);
}

// ---- history ----

// What is not written yet; `first_pending` is the lowest height of it.
IndexStore::History IndexStore::pending_history(const Address& address, HistoryOrder order,
                                                TxPosition from, std::size_t limit,
                                                std::uint64_t& first_pending) const {
  History out;
  const std::lock_guard lock(mutex_);
  out.height = pending_.empty() ? height_ : pending_.back()->block.height;
  first_pending = pending_.empty() ? height_ + 1 : pending_.front()->block.height;
  const auto look = [&](const PendingPtr& pending) {
    const IndexedBlock& block = pending->block;
    const auto take = [&](const std::pair<Address, std::uint32_t>& party) {
      const TxPosition at{block.height, party.second};
      const bool wanted = order == HistoryOrder::kOldestFirst ? at >= from : at <= from;
      if (party.first == address && wanted && out.positions.size() < limit)
        out.positions.push_back(at);
    };
    if (order == HistoryOrder::kOldestFirst) {
      std::for_each(block.parties.begin(), block.parties.end(), take);
    } else {
      std::for_each(block.parties.rbegin(), block.parties.rend(), take);
    }
  };
  if (order == HistoryOrder::kOldestFirst) {
    std::for_each(pending_.begin(), pending_.end(), look);
  } else {
    std::for_each(pending_.rbegin(), pending_.rend(), look);
  }
  return out;
}

ErrorOr<IndexStore::History> IndexStore::history(const Address& address, HistoryOrder order,
                                                 TxPosition from, std::size_t limit) const {
  std::uint64_t first_pending = 0;
  History out = pending_history(address, order, from, limit, first_pending);
  // A block may be in both: what waits counts.
  const PartyKey end = party_key(address, {first_pending, 0});
  std::vector<TxPosition> written;
  const std::size_t room =
      order == HistoryOrder::kOldestFirst ? limit : limit - out.positions.size();
  const auto take = [&](ByteView key, ByteView) {
    if (written.size() == room) return false;
    written.push_back(position_of(key));
    return written.size() < room;
  };
  if (room == 0) return out;
  if (order == HistoryOrder::kOldestFirst) {
    TRY_VOID(db_.scan(party_key(address, from), end, take));
    written.insert(written.end(), out.positions.begin(), out.positions.end());
    written.resize(std::min(written.size(), limit));
    out.positions = std::move(written);
    return out;
  }
  const PartyKey first = party_key(address, {0, 0});
  Bytes beyond = to_bytes(party_key(address, from));
  beyond.push_back(0);
  TRY_VOID(db_.scan_back(first, std::min(beyond, to_bytes(end)), take));
  out.positions.insert(out.positions.end(), written.begin(), written.end());
  return out;
}

void IndexStore::prune(std::uint64_t first_height) {
  const std::lock_guard lock(mutex_);
  if (first_height > 1) floor_ = std::max(floor_, first_height);
}

// The rows stand by address, so those of old blocks are found by looking at all, a few with each
// write.
ErrorOr<void> IndexStore::sweep(KvBatch& batch) {
  if (sweep_at_.empty()) {
    const std::lock_guard lock(mutex_);
    if (floor_ <= swept_floor_) return {};
    sweeps_to_ = floor_;
    sweep_at_ = {'a'};
  }
  std::size_t rows = 0;
  Bytes last;
  TRY_VOID(db_.scan(sweep_at_, Bytes{'b'}, [&](ByteView key, ByteView) {
    if (rows == kSweepRows) return false;
    ++rows;
    last = to_bytes(key);
    if (key.size() == kPartyKeySize && position_of(key).height < sweeps_to_) batch.erase(key);
    return true;
  }));
  if (rows < kSweepRows) {
    swept_floor_ = sweeps_to_;
    sweep_at_.clear();
  } else {
    sweep_at_ = std::move(last);
    sweep_at_.push_back(0);
  }
  return {};
}

// ---- writing ----

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

  std::vector<PartyKey> parties;
  for (const PendingPtr& pending : blocks) {
    for (const auto& [address, index] : pending->block.parties)
      parties.push_back(party_key(address, {pending->block.height, index}));
  }
  std::sort(parties.begin(), parties.end());

  KvBatch batch;
  TRY_VOID(sweep(batch));
  for (const PartyKey& key : parties) batch.put(key, {});
  for (const Row& row : rows) {
    const IndexedBlock& block = blocks[row.block]->block;
    batch.put(row.key, bcs_encode(TxLocation{block.height, row.index, block.outcomes[row.index]}));
  }
  for (const PendingPtr& pending : blocks)
    batch.put(block_key(pending->block.block), bcs_encode(pending->block.height));
  const std::uint64_t height = blocks.back()->block.height;
  batch.put(meta_key(), bcs_encode(IndexMeta{kIndexVersion, chain_id_, height, swept_floor_}));
  TRY_VOID(db_.write(batch, false));
  const std::lock_guard lock(mutex_);
  // They were pushed in the order in which they are written.
  CHECK(pending_.size() >= blocks.size() && pending_.front() == blocks.front());
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(blocks.size()));
  height_ = height;
  return {};
}

}  // namespace fog
