// StateStore: the state on disk, in LevelDB, behind the live state in memory.
//
//   'm'                -> StateMeta, written in the same batch as the records it describes
//   'r' H(key)         -> (key, value): every record, in the order of the tree's leaves
//   'u' height (be64)  -> UndoRecord: how to get from there back to the flush before
//
// A background thread writes; blocks that wait together share one batch, so a record that changes
// in each of them is written once. The database may lag behind the block log, never lead it; after
// a crash the log replays the difference.
#pragma once

#include "chain/state/view.h"
#include "chain/store/flush_queue.h"
#include "chain/store/kv_store.h"

namespace fog {

struct StateMeta {
  std::uint16_t version = 1;
  ChainId chain_id;
  std::uint64_t height = 0;
  std::uint64_t time_ms = 0;  // of the block at that height
  BlockId block;
  Hash32 root;
  static constexpr auto kFields =
      std::make_tuple(&StateMeta::version, &StateMeta::chain_id, &StateMeta::height,
                      &StateMeta::time_ms, &StateMeta::block, &StateMeta::root);
  bool operator==(const StateMeta&) const = default;
};

// One record as a block changed it.
struct RecordChange {
  StateKey key;
  std::optional<Bytes> before;
  std::optional<Bytes> after;
};

// A final block's changes, with the meta that holds after them. Each key at most once.
struct StateDelta {
  StateMeta meta;
  std::vector<RecordChange> changes;
  bool is_marked = false;  // somebody wants to read the state after just this block
};

// A state of the database, whatever is written to it later. From any thread; must not outlive the
// store's database.
class StateReader {
 public:
  StateReader(std::unique_ptr<const KvView> rows, StateMeta meta)
      : rows_(std::move(rows)), meta_(meta) {}
  const StateMeta& meta() const { return meta_; }
  // Visits every record, ascending by H(key), which comes with it, until the visitor returns false.
  // kCorrupt when one cannot be decoded.
  using Visitor = std::function<bool(const Hash32& path, StateKey&& key, Bytes&& value)>;
  ErrorOr<void> read(const Visitor& visit) const;

 private:
  std::unique_ptr<const KvView> rows_;
  StateMeta meta_;
};

struct StateStoreOptions {
  std::uint64_t undo_blocks = 128;  // rollback reaches at least this far back
  // Gets the state after each marked block that is written; on the writer's thread, must return
  // soon.
  std::function<void(StateReader state)> on_marked;
  FlushQueueOptions queue;
};

class StateStore {
 public:
  // The store keeps a reference to the database.
  static ErrorOr<std::unique_ptr<StateStore>> open(KvStore& db, StateStoreOptions options = {});

  // What the database holds; nothing when it is empty. As of the last finished write.
  std::optional<StateMeta> meta() const;

  // Visits every record, ascending by H(key), which comes with it. kCorrupt when one cannot be
  // decoded.
  using RecordVisitor = std::function<void(const Hash32& path, StateKey&& key, Bytes&& value)>;
  ErrorOr<void> load(const RecordVisitor& visit) const;
  // As load, and the meta of the very same state, however the writer goes on meanwhile.
  ErrorOr<StateMeta> read_consistent(const RecordVisitor& visit) const;

  // Writes a whole first state into an empty database and has it on disk afterwards. After a
  // failure or a crash on the way the next open() finds the database empty.
  ErrorOr<void> write_first(const StateDelta& state);
  // Puts another state in the place of everything that is there, and has it on disk afterwards.
  // `rows` hands each of its records to the sink. Nothing may be queued. After a failure or a crash
  // on the way the database is empty. Undo records begin anew.
  using RowSink = std::function<ErrorOr<void>(const StateKey& key, ByteView value)>;
  using RowSource = std::function<ErrorOr<void>(const RowSink& sink)>;
  ErrorOr<void> replace(const StateMeta& meta, const RowSource& rows);

  // Queues a block's changes; waits while the queue is full. An earlier write's error comes back.
  ErrorOr<void> push(StateDelta delta);
  // The block log is on disk up to this height: it may be written.
  void release(std::uint64_t height) { queue_->release(height); }
  // Waits until everything released has been written.
  ErrorOr<void> drain() { return queue_->drain(); }

  // Undoes whole flushes until the height is at most `height`; kNotFound when the undo records do
  // not reach that far. Nothing may be queued.
  ErrorOr<void> rollback(std::uint64_t height);

 private:
  StateStore(KvStore& db, StateStoreOptions options) : db_(db), options_(options) {}
  ErrorOr<void> read_meta();
  ErrorOr<void> write(std::deque<StateDelta>&& deltas);
  ErrorOr<void> write_batch(std::deque<StateDelta>&& deltas);
  ErrorOr<void> write_all(const StateMeta& meta, const RowSource& rows);
  ErrorOr<void> erase_all();

  KvStore& db_;
  const StateStoreOptions options_;
  mutable std::mutex mutex_;  // guards meta_
  std::optional<StateMeta> meta_;
  std::deque<std::uint64_t> undo_heights_;  // of the undo records, ascending
  std::unique_ptr<FlushQueue<StateDelta>> queue_;
};

}  // namespace fog
