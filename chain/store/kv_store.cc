#include "chain/store/kv_store.h"

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>

#include "chain/base/fd.h"

namespace fog {
namespace {

leveldb::Slice slice(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
ByteView view_of(const leveldb::Slice& slice) {
  return {reinterpret_cast<const std::uint8_t*>(slice.data()), slice.size()};
}

Fail<Error> leveldb_fail(const char* what, const std::string& dir, const leveldb::Status& status) {
  const std::string text = status.ToString();
  const auto has = [&](const char* words) { return text.find(words) != std::string::npos; };
  ErrorCode code = ErrorCode::kIo;
  if (status.IsCorruption()) code = ErrorCode::kCorrupt;
  if (status.IsNotFound()) code = ErrorCode::kNotFound;
  if (has("No space left") || has("Too many open files") || has("quota exceeded"))
    code = ErrorCode::kExhausted;
  if (has("lock") && has("/LOCK")) code = ErrorCode::kUnavailable;
  if (has("Permission denied")) code = ErrorCode::kPermission;
  std::string context = std::string("cannot ") + what + " the database " + dir + ": " + text;
  if (has("No space left") || has("quota exceeded")) context += kSpaceAdvice;
  return fail(code, context);
}

class LevelDb final : public KvStore {
 public:
  LevelDb(std::string dir, const LevelDbOptions& options)
      : dir_(std::move(dir)),
        cache_(leveldb::NewLRUCache(options.cache_bytes)),
        filter_(options.bloom_filter ? leveldb::NewBloomFilterPolicy(10) : nullptr) {}

  ErrorOr<void> open(const LevelDbOptions& options) {
    leveldb::Options native;
    native.create_if_missing = true;
    native.write_buffer_size = options.write_buffer_bytes;
    native.block_cache = cache_.get();
    native.filter_policy = filter_.get();
    native.compression = options.compress ? leveldb::kSnappyCompression : leveldb::kNoCompression;
    native.max_file_size = 8ULL * 1024 * 1024;
    native.max_open_files = options.open_files;
    leveldb::DB* db = nullptr;
    if (const auto status = leveldb::DB::Open(native, dir_, &db); !status.ok())
      return leveldb_fail("open", dir_, status);
    db_.reset(db);
    return {};
  }

  ErrorOr<std::optional<Bytes>> get(ByteView key) const override {
    leveldb::ReadOptions options;
    options.verify_checksums = true;
    std::string value;
    const leveldb::Status status = db_->Get(options, slice(key), &value);
    if (status.IsNotFound()) return std::optional<Bytes>();
    if (!status.ok()) return leveldb_fail("read", dir_, status);
    return std::optional<Bytes>(to_bytes(as_bytes(value)));
  }

  ErrorOr<void> write(const KvBatch& batch, bool sync) override {
    leveldb::WriteBatch native;
    batch.replay([&](ByteView key, ByteView value) { native.Put(slice(key), slice(value)); },
                 [&](ByteView key) { native.Delete(slice(key)); });
    leveldb::WriteOptions options;
    options.sync = sync;
    if (const auto status = db_->Write(options, &native); !status.ok())
      return leveldb_fail("write to", dir_, status);
    return {};
  }

  ErrorOr<void> scan(ByteView from, ByteView to, const Visitor& visit) const override {
    return scan_as_of(nullptr, from, to, visit);
  }
  ErrorOr<void> scan_back(ByteView from, ByteView to, const Visitor& visit) const override {
    return scan_back_as_of(nullptr, from, to, visit);
  }

  std::unique_ptr<const KvView> view() const override { return std::make_unique<View>(*this); }

 private:
  class View final : public KvView {
   public:
    explicit View(const LevelDb& db) : db_(db), as_of_(db.db_->GetSnapshot()) {}
    View(const View&) = delete;
    View& operator=(const View&) = delete;
    ~View() override { db_.db_->ReleaseSnapshot(as_of_); }
    ErrorOr<void> scan(ByteView from, ByteView to, const Visitor& visit) const override {
      return db_.scan_as_of(as_of_, from, to, visit);
    }
    ErrorOr<void> scan_back(ByteView from, ByteView to, const Visitor& visit) const override {
      return db_.scan_back_as_of(as_of_, from, to, visit);
    }

   private:
    const LevelDb& db_;
    const leveldb::Snapshot* const as_of_;
  };

  // `as_of` null: now.
  std::unique_ptr<leveldb::Iterator> iterator(const leveldb::Snapshot* as_of) const {
    leveldb::ReadOptions options;
    options.verify_checksums = true;
    options.fill_cache = false;
    options.snapshot = as_of;
    return std::unique_ptr<leveldb::Iterator>(db_->NewIterator(options));
  }
  ErrorOr<void> scan_back_as_of(const leveldb::Snapshot* as_of, ByteView from, ByteView to,
                                const Visitor& visit) const {
    const auto at = iterator(as_of);
    at->Seek(slice(to));
    at->Valid() ? at->Prev() : at->SeekToLast();
    for (; at->Valid() && at->key().compare(slice(from)) >= 0; at->Prev()) {
      if (!visit(view_of(at->key()), view_of(at->value()))) break;
    }
    if (!at->status().ok()) return leveldb_fail("read", dir_, at->status());
    return {};
  }
  ErrorOr<void> scan_as_of(const leveldb::Snapshot* as_of, ByteView from, ByteView to,
                           const Visitor& visit) const {
    const auto at = iterator(as_of);
    for (at->Seek(slice(from)); at->Valid() && at->key().compare(slice(to)) < 0; at->Next()) {
      if (!visit(view_of(at->key()), view_of(at->value()))) break;
    }
    if (!at->status().ok()) return leveldb_fail("read", dir_, at->status());
    return {};
  }

  const std::string dir_;
  const std::unique_ptr<leveldb::Cache> cache_;
  const std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> db_;  // last: goes first, it uses the others
};

}  // namespace

ErrorOr<std::unique_ptr<KvStore>> open_leveldb(const std::string& dir, LevelDbOptions options) {
  auto db = std::make_unique<LevelDb>(dir, options);
  TRY_VOID(db->open(options));
  return std::unique_ptr<KvStore>(std::move(db));
}

ErrorOr<void> destroy_leveldb(const std::string& dir) {
  if (const auto status = leveldb::DestroyDB(dir, leveldb::Options()); !status.ok())
    return leveldb_fail("remove", dir, status);
  return {};
}

}  // namespace fog
