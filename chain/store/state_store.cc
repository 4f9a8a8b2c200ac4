#include "chain/store/state_store.h"

#include <map>

#include "chain/crypto/hash.h"
#include "chain/types/state_proof.h"

namespace fog {
namespace {

constexpr std::uint8_t kMetaTag = 'm';
constexpr std::uint8_t kRecordTag = 'r';
constexpr std::uint8_t kUndoTag = 'u';
constexpr std::uint16_t kVersion = 1;
// Far above any key or value that the rules write.
constexpr std::size_t kValueMax = 16ULL * 1024 * 1024;
constexpr std::size_t kUndoMax = 64ULL * 1024 * 1024;

struct Record {
  BoundedBytes<4096> key;
  BoundedBytes<kValueMax> value;
  static constexpr auto kFields = std::make_tuple(&Record::key, &Record::value);
};
struct UndoChange {
  BoundedBytes<4096> key;
  std::optional<BoundedBytes<kValueMax>> before;
  static constexpr auto kFields = std::make_tuple(&UndoChange::key, &UndoChange::before);
};
struct UndoRecord {
  StateMeta before;
  BoundedList<UndoChange, kUndoMax> changes;
  static constexpr auto kFields = std::make_tuple(&UndoRecord::before, &UndoRecord::changes);
};

Bytes meta_key() {
  return {kMetaTag};
}
Bytes record_key(const Hash32& path) {
  Bytes key{kRecordTag};
  append(key, path);
  return key;
}
Bytes undo_key(std::uint64_t height) {
  Bytes key{kUndoTag};
  append_be64(key, height);
  return key;
}

void put_record(KvBatch& batch, const StateKey& key, const std::optional<Bytes>& value) {
  const Bytes at = record_key(state_path(key));
  if (value) {
    batch.put(at, bcs_encode(Record{key, *value}));
  } else {
    batch.erase(at);
  }
}

Fail<Error> corrupt(const char* what) {
  return fail(ErrorCode::kCorrupt, std::string("the state database is damaged: ") + what);
}

// What a row of the records says; its path from the row's key.
ErrorOr<std::pair<Hash32, Record>> decode_row(ByteView key, ByteView value) {
  const auto path = fixed_from<32>(key.subspan(1));
  auto record = bcs_decode<Record>(value);
  if (!path || !record) return corrupt("a record cannot be decoded");
  return std::pair(*path, *std::move(record));
}

constexpr std::size_t kReplaceBytes = 4ULL * 1024 * 1024;

}  // namespace

ErrorOr<void> StateReader::read(const Visitor& visit) const {
  ErrorOr<void> bad;
  TRY_VOID(rows_->scan(Bytes{kRecordTag}, Bytes{kRecordTag + 1}, [&](ByteView key, ByteView value) {
    auto row = decode_row(key, value);
    if (!row) {
      bad = Fail{row.error()};
      return false;
    }
    return visit(row->first, std::move(row->second.key), std::move(row->second.value));
  }));
  return bad;
}

ErrorOr<std::unique_ptr<StateStore>> StateStore::open(KvStore& db, StateStoreOptions options) {
  std::unique_ptr<StateStore> store(new StateStore(db, options));
  TRY_VOID(store->read_meta());
  // Without it, what is there has been left by a replace() or write_first() that did not come to
  // its end.
  if (!store->meta_) TRY_VOID(store->erase_all());
  TRY_VOID(db.scan(undo_key(0), Bytes{kUndoTag + 1}, [&](ByteView key, ByteView) {
    store->undo_heights_.push_back(read_be64(key.subspan(1)));
    return true;
  }));
  StateStore* self = store.get();
  store->queue_ = std::make_unique<FlushQueue<StateDelta>>(
      options.queue,
      [self](std::deque<StateDelta>&& deltas) { return self->write(std::move(deltas)); });
  return store;
}

ErrorOr<void> StateStore::read_meta() {
  TRY(const auto bytes, db_.get(meta_key()));
  if (!bytes) return {};
  auto meta = bcs_decode<StateMeta>(*bytes);
  if (!meta || meta->version != kVersion) return corrupt("its meta record cannot be decoded");
  meta_ = *meta;
  return {};
}

std::optional<StateMeta> StateStore::meta() const {
  const std::lock_guard lock(mutex_);
  return meta_;
}

ErrorOr<void> StateStore::load(const RecordVisitor& visit) const {
  ErrorOr<void> bad;
  TRY_VOID(db_.scan(Bytes{kRecordTag}, Bytes{kRecordTag + 1}, [&](ByteView key, ByteView value) {
    auto row = decode_row(key, value);
    if (!row) {
      bad = Fail{row.error()};
      return false;
    }
    visit(row->first, std::move(row->second.key), std::move(row->second.value));
    return true;
  }));
  return bad;
}

ErrorOr<StateMeta> StateStore::read_consistent(const RecordVisitor& visit) const {
  // One scan sees one state: the meta's key stands before the records'.
  static_assert(kMetaTag < kRecordTag);
  std::optional<StateMeta> meta;
  ErrorOr<void> bad;
  TRY_VOID(db_.scan(meta_key(), Bytes{kRecordTag + 1}, [&](ByteView key, ByteView value) {
    if (key[0] == kMetaTag) {
      if (auto decoded = bcs_decode<StateMeta>(value)) meta = *decoded;
      return meta.has_value();
    }
    auto row = decode_row(key, value);
    if (!row) {
      bad = Fail{row.error()};
      return false;
    }
    visit(row->first, std::move(row->second.key), std::move(row->second.value));
    return true;
  }));
  if (!bad) return Fail{bad.error()};
  if (!meta) return corrupt("it has no meta record");
  return *meta;
}

ErrorOr<void> StateStore::write_first(const StateDelta& state) {
  CHECK(!meta().has_value());
  return write_all(state.meta, [&](const RowSink& sink) -> ErrorOr<void> {
    for (const RecordChange& change : state.changes) {
      if (change.after) TRY_VOID(sink(change.key, *change.after));
    }
    return {};
  });
}

ErrorOr<void> StateStore::erase_all() {
  while (true) {
    KvBatch batch;
    TRY_VOID(db_.scan(Bytes{kRecordTag}, Bytes{kUndoTag + 1}, [&](ByteView key, ByteView) {
      batch.erase(key);
      return batch.bytes() < kReplaceBytes;
    }));
    if (batch.count() == 0) return {};
    TRY_VOID(db_.write(batch, true));
  }
}

ErrorOr<void> StateStore::replace(const StateMeta& meta, const RowSource& rows) {
  TRY_VOID(queue_->drain());
  {
    const std::lock_guard lock(mutex_);
    meta_.reset();
  }
  undo_heights_.clear();
  // From here on until the new meta stands, the database counts as empty.
  KvBatch batch;
  batch.erase(meta_key());
  TRY_VOID(db_.write(batch, true));
  TRY_VOID(erase_all());
  return write_all(meta, rows);
}

// In pieces: the database need not hold all of it twice, and what it has not sorted yet when the
// process is killed, which the next start waits for, stays small.
ErrorOr<void> StateStore::write_all(const StateMeta& meta, const RowSource& rows) {
  KvBatch batch;
  const RowSink sink = [&](const StateKey& key, ByteView value) -> ErrorOr<void> {
    put_record(batch, key, to_bytes(value));
    if (batch.bytes() < kReplaceBytes) return {};
    TRY_VOID(db_.write(batch, true));
    batch.clear();
    return {};
  };
  TRY_VOID(rows(sink));
  batch.put(meta_key(), bcs_encode(meta));
  TRY_VOID(db_.write(batch, true));
  const std::lock_guard lock(mutex_);
  meta_ = meta;
  return {};
}

ErrorOr<void> StateStore::push(StateDelta delta) {
  std::size_t bytes = 0;
  for (const RecordChange& change : delta.changes) {
    bytes += 100 + change.key.size() + (change.before ? change.before->size() : 0) +
             (change.after ? change.after->size() : 0);
  }
  const std::uint64_t height = delta.meta.height;
  return queue_->push(height, bytes, std::move(delta));
}

// A marked block ends its batch, so that the database stands at its state for a moment.
ErrorOr<void> StateStore::write(std::deque<StateDelta>&& deltas) {
  while (!deltas.empty()) {
    std::deque<StateDelta> part;
    bool is_marked = false;
    while (!deltas.empty() && !is_marked) {
      is_marked = deltas.front().is_marked;
      part.push_back(std::move(deltas.front()));
      deltas.pop_front();
    }
    const StateMeta meta_after = part.back().meta;
    TRY_VOID(write_batch(std::move(part)));
    if (is_marked && options_.on_marked) options_.on_marked(StateReader(db_.view(), meta_after));
  }
  return {};
}

ErrorOr<void> StateStore::write_batch(std::deque<StateDelta>&& deltas) {
  CHECK(!deltas.empty());
  const auto base = meta();
  CHECK(base.has_value() && deltas.front().meta.height == base->height + 1);
  // The first value before and the last after, per key.
  std::map<ByteView, RecordChange*, decltype([](ByteView a, ByteView b) {
             return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
           })>
      merged;
  for (StateDelta& delta : deltas) {
    for (RecordChange& change : delta.changes) {
      const auto [place, is_new] = merged.emplace(ByteView(change.key), &change);
      if (!is_new) place->second->after = std::move(change.after);
    }
  }

  const StateMeta& meta_after = deltas.back().meta;
  KvBatch batch;
  UndoRecord undo;
  undo.before = *base;
  undo.changes.reserve(merged.size());
  for (const auto& [key, change] : merged) {
    put_record(batch, change->key, change->after);
    UndoChange& back = undo.changes.emplace_back();
    back.key = std::move(change->key);
    if (change->before) back.before.emplace(*std::move(change->before));
  }
  batch.put(meta_key(), bcs_encode(meta_after));
  batch.put(undo_key(meta_after.height), bcs_encode(undo));
  undo_heights_.push_back(meta_after.height);
  // The record of a height leads below it: old heights can still be reached without theirs.
  while (undo_heights_.size() > 1 &&
         undo_heights_.front() + options_.undo_blocks <= meta_after.height) {
    batch.erase(undo_key(undo_heights_.front()));
    undo_heights_.pop_front();
  }
  TRY_VOID(db_.write(batch, false));
  const std::lock_guard lock(mutex_);
  meta_ = meta_after;
  return {};
}

ErrorOr<void> StateStore::rollback(std::uint64_t height) {
  TRY_VOID(queue_->drain());
  while (true) {
    const auto now = meta();
    if (!now || now->height <= height) return {};
    if (undo_heights_.empty() || undo_heights_.back() != now->height) {
      return fail(ErrorCode::kNotFound,
                  "the state database at height " + std::to_string(now->height) +
                      " has no undo record back to height " + std::to_string(height));
    }
    TRY(const auto bytes, db_.get(undo_key(now->height)));
    const auto undo = bcs_decode<UndoRecord>(bytes.value_or(Bytes{}));
    if (!undo) return corrupt("an undo record cannot be decoded");
    KvBatch batch;
    for (const UndoChange& change : undo->changes) put_record(batch, change.key, change.before);
    batch.put(meta_key(), bcs_encode(undo->before));
    batch.erase(undo_key(now->height));
    TRY_VOID(db_.write(batch, true));
    undo_heights_.pop_back();
    const std::lock_guard lock(mutex_);
    meta_ = undo->before;
  }
}

}  // namespace fog
