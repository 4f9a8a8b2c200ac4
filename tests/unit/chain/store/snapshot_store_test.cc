// A state is written as a snapshot and taken over chunk by chunk: the same state with the same root
// comes out, whatever breaks on the way.
#include "chain/store/snapshot_store.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "chain/store/snapshot_inbox.h"
#include "tests/support/fault_env.h"
#include "tests/support/fault_kv.h"
#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

using testing::FaultEnv;
using testing::FaultKv;
using testing::SeededRng;
using testing::Unsynced;
using Records = std::map<StateKey, Bytes>;

const std::atomic<bool> kNotStopping{false};

Hash32 root_of(const Records& records) {
  Changes changes;
  for (const auto& [key, value] : records) changes[key] = value;
  SparseMerkleTree tree;
  const TreeRoot root = tree.apply(TreeRoot::kEmpty, leaf_changes(changes)).root;
  return tree.root_hash(root);
}

// Large values, so that a few hundred records make several chunks.
Records random_records(SeededRng& rng, std::size_t count, std::size_t value_max) {
  Records out;
  while (out.size() < count) out[rng.bytes(1 + rng.below(30))] = rng.bytes(rng.below(value_max));
  return out;
}

StateMeta meta_of(const Records& records, std::uint64_t height) {
  StateMeta meta;
  meta.height = height;
  meta.block = sha256(as_bytes("block"));
  meta.root = root_of(records);
  return meta;
}

// A database with these records.
struct Database {
  explicit Database(const Records& records, std::uint64_t height = 9) {
    StateStoreOptions options;
    options.queue.linger_ms = 0;
    store = *StateStore::open(kv, options);
    StateDelta first;
    first.meta = meta_of(records, height);
    for (const auto& [key, value] : records) first.changes.push_back({key, std::nullopt, value});
    CHECK(store->write_first(first).has_value());
  }
  StateReader reader() const { return {kv.view(), *store->meta()}; }
  FaultKv kv;
  std::unique_ptr<StateStore> store;
};

Records load_all(const StateStore& store) {
  Records out;
  EXPECT_TRUE(store.load([&](const Hash32&, StateKey&& key, Bytes&& value) {
    out[std::move(key)] = std::move(value);
  }));
  return out;
}

ErrorOr<void> install(SnapshotInbox& inbox, StateStore& store, const StateMeta& meta) {
  return store.replace(meta, [&](const StateStore::RowSink& sink) {
    return inbox.read([&](const SnapshotRow& row) { return sink(row.key, row.value); });
  });
}

TEST(Snapshot, OfAStateTakenOverGivesTheSameState) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SeededRng rng(seed);
    const Records records = random_records(rng, 40 + 200 * (seed % 3), 60'000);
    const Database from(records);
    FaultEnv env;
    const auto store = *SnapshotStore::open(env, "snapshots");
    const auto info = store->write(from.reader(), kNotStopping);
    ASSERT_TRUE(info) << info.error().context;
    EXPECT_EQ(info->root, root_of(records));
    EXPECT_EQ(info->records, records.size());
    EXPECT_EQ(store->list(), std::vector{*info});

    FaultEnv other;
    SnapshotInbox inbox(other, "incoming");
    ASSERT_TRUE(inbox.begin(*info));
    // In any order.
    std::vector<std::uint32_t> missing = inbox.missing();
    EXPECT_EQ(missing.size(), info->depths.size());
    while (!missing.empty()) {
      const std::uint32_t index = missing[rng.below(missing.size())];
      const auto chunk = store->load_chunk(9, index);
      ASSERT_TRUE(chunk);
      EXPECT_LT(chunk->size(), kSnapshotChunkBytesMax);
      ASSERT_TRUE(*inbox.put(index, *chunk));
      missing = inbox.missing();
    }
    // Over a database that had something else.
    Database into(random_records(rng, 30, 100), 0);
    ASSERT_TRUE(install(inbox, *into.store, meta_of(records, 9)));
    EXPECT_EQ(load_all(*into.store), records);
    EXPECT_EQ(into.store->meta()->height, 9U);
  }
}

TEST(Snapshot, AnEmptyStateHasOneEmptyChunk) {
  const Database from({});
  FaultEnv env;
  const auto store = *SnapshotStore::open(env, "snapshots");
  const auto info = store->write(from.reader(), kNotStopping);
  ASSERT_TRUE(info);
  SnapshotInbox inbox(env, "incoming");
  ASSERT_TRUE(inbox.begin(*info));
  EXPECT_TRUE(*inbox.put(0, *store->load_chunk(9, 0)));
  EXPECT_TRUE(inbox.missing().empty());
}

TEST(Snapshot, AChunkThatIsNotTheStatesIsRefused) {
  SeededRng rng(5);
  const Records records = random_records(rng, 300, 60'000);
  const Database from(records);
  FaultEnv env;
  const auto store = *SnapshotStore::open(env, "snapshots");
  const auto info = store->write(from.reader(), kNotStopping);
  ASSERT_TRUE(info);
  ASSERT_GT(info->depths.size(), 1U);
  SnapshotInbox inbox(env, "incoming");
  ASSERT_TRUE(inbox.begin(*info));
  const auto refused = [&](const SnapshotChunk& chunk, std::uint32_t index = 0) {
    return !*inbox.put(index, bcs_encode(chunk));
  };
  const auto good = bcs_decode<SnapshotChunk>(*store->load_chunk(9, 0));
  ASSERT_TRUE(good);
  ASSERT_GT(good->rows.size(), 2U);
  SnapshotChunk bad = *good;
  bad.rows[1].value.push_back(0);
  EXPECT_TRUE(refused(bad)) << "a value";
  bad = *good;
  bad.rows[1].key.push_back(0);
  EXPECT_TRUE(refused(bad)) << "a key";
  bad = *good;
  bad.rows.erase(bad.rows.begin());
  EXPECT_TRUE(refused(bad)) << "a gap";
  bad = *good;
  bad.siblings[0].data[0] ^= 1;
  EXPECT_TRUE(refused(bad)) << "the proof";
  EXPECT_TRUE(refused(*good, 1)) << "another chunk's";
  EXPECT_TRUE(refused(*good, 1'000)) << "there is no such chunk";
  EXPECT_FALSE(*inbox.put(0, rng.bytes(100)));
  EXPECT_EQ(inbox.missing().size(), info->depths.size());
  EXPECT_FALSE(refused(*good));
}

TEST(Snapshot, OnlyTheNewestTwoAreKept) {
  FaultEnv env;
  {
    const auto store = *SnapshotStore::open(env, "snapshots");
    for (const std::uint64_t height : {9U, 19U, 29U}) {
      SeededRng rng(height);
      const Database from(random_records(rng, 10, 50), height);
      ASSERT_TRUE(store->write(from.reader(), kNotStopping));
    }
    ASSERT_EQ(store->list().size(), 2U);
    EXPECT_EQ(store->list()[0].height, 19U);
    EXPECT_FALSE(store->load_chunk(9, 0));
    EXPECT_GT(store->disk_bytes(), 0U);
  }
  const auto again = *SnapshotStore::open(env, "snapshots");
  ASSERT_EQ(again->list().size(), 2U);
  EXPECT_TRUE(again->load_chunk(29, 0));
  EXPECT_EQ(env.list_dir("snapshots")->size(), 4U) << "two files each";
}

TEST(Snapshot, ARootThatTheRecordsDoNotHaveIsNoSnapshot) {
  SeededRng rng(6);
  Database from(random_records(rng, 10, 50));
  from.kv.rows().erase(std::prev(from.kv.rows().end()));
  FaultEnv env;
  const auto store = *SnapshotStore::open(env, "snapshots");
  const auto info = store->write(from.reader(), kNotStopping);
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(env.list_dir("snapshots")->empty()) << "nothing is left of it";
  const std::atomic<bool> stopping{true};
  EXPECT_EQ(store->write(from.reader(), stopping).error().code, ErrorCode::kUnavailable);
}

TEST(Snapshot, AReaderSeesItsStateWhateverIsWrittenLater) {
  SeededRng rng(8);
  const Records records = random_records(rng, 20, 50);
  std::optional<StateReader> marked;
  FaultKv kv;
  StateStoreOptions options;
  options.queue.linger_ms = 0;
  options.on_marked = [&](StateReader state) { marked.emplace(std::move(state)); };
  const auto store = *StateStore::open(kv, options);
  StateDelta delta;
  delta.meta = meta_of({}, 0);
  ASSERT_TRUE(store->write_first(delta));
  // Three blocks in one write; the second is marked.
  for (std::uint64_t height = 1; height <= 3; ++height) {
    StateDelta next;
    next.meta = meta_of({}, height);
    const Bytes value{static_cast<std::uint8_t>(height)};
    next.changes.push_back({StateKey{1}, std::nullopt, value});
    next.is_marked = height == 2;
    ASSERT_TRUE(store->push(next));
  }
  store->release(3);
  ASSERT_TRUE(store->drain());
  EXPECT_EQ(store->meta()->height, 3U);
  ASSERT_TRUE(marked.has_value());
  EXPECT_EQ(marked->meta().height, 2U);
  Records seen;
  ASSERT_TRUE(marked->read([&](const Hash32&, StateKey&& key, Bytes&& value) {
    seen[std::move(key)] = std::move(value);
    return true;
  }));
  EXPECT_EQ(seen, (Records{{StateKey{1}, Bytes{2}}}));
}

// Whatever byte the machine stops at: a store that opens has whole snapshots only.
TEST(Snapshot, APowerFailureWhileOneIsWrittenLeavesTheOthers) {
  SeededRng rng(9);
  const Records records = random_records(rng, 15, 40);
  const Database first(records, 9);
  const Database second(records, 19);
  const auto begin = [&](FaultEnv& env) {
    const auto store = *SnapshotStore::open(env, "snapshots", 1);
    ASSERT_TRUE(store->write(first.reader(), kNotStopping));
  };
  FaultEnv whole;
  begin(whole);
  const std::uint64_t before = whole.bytes_written();
  ASSERT_TRUE((*SnapshotStore::open(whole, "snapshots", 1))->write(second.reader(), kNotStopping));
  const std::uint64_t bytes = whole.bytes_written() - before;
  for (std::uint64_t at = 0; at <= bytes; ++at) {
    for (const Unsynced unsynced : {Unsynced::kKept, Unsynced::kLost, Unsynced::kScraped}) {
      FaultEnv env;
      begin(env);
      env.crash_after(at);
      {
        const auto store = SnapshotStore::open(env, "snapshots", 1);
        if (store) (void)(*store)->write(second.reader(), kNotStopping).has_value();
      }
      env.reboot(unsynced, rng);
      const auto store = SnapshotStore::open(env, "snapshots", 1);
      ASSERT_TRUE(store) << store.error().context;
      const auto list = (*store)->list();
      ASSERT_LE(list.size(), 1U);
      ASSERT_TRUE(at == bytes || !list.empty()) << "at byte " << at;
      for (const SnapshotInfo& info : list) {
        for (std::uint32_t index = 0; index < info.depths.size(); ++index)
          EXPECT_TRUE((*store)->load_chunk(info.height, index)) << "at byte " << at;
      }
    }
  }
}

TEST(Snapshot, APowerFailureWhileChunksComeKeepsWholeOnes) {
  SeededRng rng(10);
  const Records records = random_records(rng, 300, 60'000);
  const Database from(records);
  FaultEnv source;
  const auto store = *SnapshotStore::open(source, "snapshots");
  const auto info = store->write(from.reader(), kNotStopping);
  ASSERT_TRUE(info);
  std::vector<Bytes> chunks;
  std::uint64_t bytes = 0;
  for (std::uint32_t index = 0; index < info->depths.size(); ++index) {
    chunks.push_back(*store->load_chunk(9, index));
    bytes += chunks.back().size();
  }
  for (int round = 0; round < 8; ++round) {
    FaultEnv env;
    env.crash_after(rng.below(bytes + 200));
    {
      SnapshotInbox inbox(env, "incoming");
      if (inbox.begin(*info)) {
        for (const std::uint32_t index : inbox.missing()) {
          if (!inbox.put(index, chunks[index])) break;
        }
      }
    }
    env.reboot(static_cast<Unsynced>(rng.below(3)), rng);
    SnapshotInbox inbox(env, "incoming");
    ASSERT_TRUE(inbox.begin(*info));
    for (const std::uint32_t index : inbox.missing()) ASSERT_TRUE(*inbox.put(index, chunks[index]));
    Database into({}, 0);
    ASSERT_TRUE(install(inbox, *into.store, meta_of(records, 9)));
    EXPECT_EQ(load_all(*into.store), records);
  }
}

TEST(Snapshot, AnotherOfferForgetsTheChunksOfTheFirst) {
  SeededRng rng(11);
  FaultEnv env;
  const auto store = *SnapshotStore::open(env, "snapshots");
  const Database first(random_records(rng, 10, 50), 9);
  const Database second(random_records(rng, 10, 50), 19);
  const auto one = store->write(first.reader(), kNotStopping);
  const auto two = store->write(second.reader(), kNotStopping);
  ASSERT_TRUE(one && two);
  SnapshotInbox inbox(env, "incoming");
  ASSERT_TRUE(inbox.begin(*one));
  ASSERT_TRUE(*inbox.put(0, *store->load_chunk(9, 0)));
  ASSERT_TRUE(inbox.begin(*two));
  EXPECT_EQ(inbox.missing().size(), 1U);
  SnapshotInfo odd = *two;
  odd.depths.push_back(1);
  EXPECT_EQ(inbox.begin(odd).error().code, ErrorCode::kInvalidInput);
}

// After each write of an installation in turn the machine stops: the database is empty, or has the
// old state or the new one, never anything else.
TEST(StateReplace, StoppedAtAnyWriteLeavesOldOrNothingOrNew) {
  SeededRng rng(12);
  const Records old_records = random_records(rng, 50, 20);
  // More than one batch of rows.
  const Records new_records = random_records(rng, 120, 200'000);
  const StateMeta meta = meta_of(new_records, 9);
  const auto rows = [&](const StateStore::RowSink& sink) -> ErrorOr<void> {
    for (const auto& [key, value] : new_records) TRY_VOID(sink(key, value));
    return {};
  };
  bool finished = false;
  for (std::size_t writes = 0; !finished; ++writes) {
    Database database(old_records, 0);
    database.kv.fail_after(writes);
    finished = database.store->replace(meta, rows).has_value();
    database.store.reset();
    database.kv.heal();
    StateStoreOptions options;
    options.queue.linger_ms = 0;
    const auto store = StateStore::open(database.kv, options);
    ASSERT_TRUE(store);
    const Records there = load_all(**store);
    if (finished) {
      EXPECT_EQ((*store)->meta(), meta);
      EXPECT_EQ(there, new_records);
    } else if ((*store)->meta()) {
      EXPECT_EQ((*store)->meta()->height, 0U);
      EXPECT_EQ(there, old_records);
    } else {
      EXPECT_TRUE(there.empty()) << "after " << writes << " writes";
      // And it can be begun again.
      ASSERT_TRUE((*store)->replace(meta, rows));
      EXPECT_EQ(load_all(**store), new_records);
    }
    ASSERT_LT(writes, 100U);
  }
}

}  // namespace
}  // namespace fog
