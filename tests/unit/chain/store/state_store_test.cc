// The state database follows the block log, never leads it, and every one of its states is one that
// the chain had.
#include "chain/store/state_store.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "chain/types/state_proof.h"
#include "tests/support/fault_kv.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/temp_dir.h"

namespace fog {
namespace {

using testing::FaultKv;
using testing::SeededRng;
using Records = std::map<StateKey, Bytes>;

StateMeta meta_at(std::uint64_t height) {
  StateMeta meta;
  meta.height = height;
  meta.block = sha256(as_bytes("block" + std::to_string(height)));
  meta.root = sha256(as_bytes("root" + std::to_string(height)));
  return meta;
}

StateStoreOptions quick(std::uint64_t undo_blocks = 128, std::size_t jobs_max = 256) {
  StateStoreOptions options;
  options.undo_blocks = undo_blocks;
  options.queue.linger_ms = 0;
  options.queue.jobs_max = jobs_max;
  return options;
}

// A made-up chain: what each block changes, and the state after each.
struct Story {
  explicit Story(std::uint64_t seed) : rng(seed) {
    StateDelta first;
    first.meta = meta_at(0);
    for (int i = 0; i < 20; ++i) change(first);
    deltas.push_back(first);
    states.push_back(now);
  }
  void grow(std::uint64_t blocks) {
    for (std::uint64_t i = 0; i < blocks; ++i) {
      StateDelta delta;
      delta.meta = meta_at(deltas.size());
      for (std::uint64_t k = 0; k < 1 + rng.below(6); ++k) change(delta);
      deltas.push_back(delta);
      states.push_back(now);
    }
  }
  void change(StateDelta& delta) {
    const StateKey key{1, static_cast<std::uint8_t>(rng.below(30))};
    for (const RecordChange& made : delta.changes) {
      if (made.key == key) return;
    }
    RecordChange made{key, std::nullopt, std::nullopt};
    if (now.contains(key)) made.before = now[key];
    if (rng.below(4) != 0) made.after = rng.bytes(rng.below(20));
    if (made.after) {
      now[key] = *made.after;
    } else {
      now.erase(key);
    }
    delta.changes.push_back(made);
  }
  SeededRng rng;
  Records now;
  std::vector<StateDelta> deltas;
  std::vector<Records> states;  // after each block
};

Records load_all(const StateStore& store) {
  Records out;
  std::optional<Hash32> previous;
  EXPECT_TRUE(store.load([&](const Hash32& path, StateKey&& key, Bytes&& value) {
    EXPECT_EQ(path, state_path(key));
    EXPECT_TRUE(!previous || *previous < path) << "ascending by path";
    previous = path;
    out[std::move(key)] = std::move(value);
  }));
  return out;
}

TEST(StateStore, GivesBackTheStateAfterARestart) {
  testing::TempDir dir;
  Story story(1);
  story.grow(30);
  for (int life = 0; life < 3; ++life) {
    auto db = open_leveldb(dir / "state");
    ASSERT_TRUE(db);
    auto store = StateStore::open(**db, quick());
    ASSERT_TRUE(store);
    if (life == 0) {
      EXPECT_EQ((*store)->meta(), std::nullopt);
      ASSERT_TRUE((*store)->write_first(story.deltas[0]));
    }
    const std::uint64_t from = (*store)->meta()->height;
    EXPECT_EQ(from, static_cast<std::uint64_t>(life) * 10);
    EXPECT_EQ(load_all(**store), story.states[from]);
    for (std::uint64_t height = from + 1; height <= from + 10; ++height)
      ASSERT_TRUE((*store)->push(story.deltas[height]));
    (*store)->release(from + 10);
    ASSERT_TRUE((*store)->drain());
    EXPECT_EQ(*(*store)->meta(), meta_at(from + 10));
    EXPECT_EQ(load_all(**store), story.states[from + 10]);
  }
}

TEST(StateStore, WritesNothingThatIsNotReleased) {
  FaultKv db;
  Story story(2);
  story.grow(5);
  auto store = StateStore::open(db, quick());
  ASSERT_TRUE((*store)->write_first(story.deltas[0]));
  for (std::uint64_t height = 1; height <= 5; ++height)
    ASSERT_TRUE((*store)->push(story.deltas[height]));
  ASSERT_TRUE((*store)->drain());
  EXPECT_EQ((*store)->meta()->height, 0U);
  (*store)->release(3);
  ASSERT_TRUE((*store)->drain());
  EXPECT_EQ((*store)->meta()->height, 3U);
  EXPECT_EQ(load_all(**store), story.states[3]);
}

TEST(StateStore, BlocksThatWaitTogetherShareAWrite) {
  FaultKv db;
  Story story(3);
  story.grow(50);
  auto store = StateStore::open(db, quick());
  ASSERT_TRUE((*store)->write_first(story.deltas[0]));
  for (std::uint64_t height = 1; height <= 50; ++height)
    ASSERT_TRUE((*store)->push(story.deltas[height]));
  (*store)->release(50);
  ASSERT_TRUE((*store)->drain());
  EXPECT_EQ(db.writes(), 2U) << "genesis, and one for all fifty";
  EXPECT_EQ(load_all(**store), story.states[50]);
}

TEST(StateStore, AStopBetweenAnyTwoWritesLeavesAStateOfTheChain) {
  for (std::size_t writes = 0; writes < 12; ++writes) {
    FaultKv db;
    Story story(4);
    story.grow(12);
    auto store = StateStore::open(db, quick());
    ASSERT_TRUE((*store)->write_first(story.deltas[0]));
    db.fail_after(writes);
    for (std::uint64_t height = 1; height <= 12; ++height) {
      if (!(*store)->push(story.deltas[height])) break;
      (*store)->release(height);
      if (!(*store)->drain()) break;
    }
    (*store).reset();
    db.heal();
    // The next life finds the state of some block and replays the rest.
    store = StateStore::open(db, quick());
    const std::uint64_t height = (*store)->meta()->height;
    EXPECT_EQ(height, writes);
    EXPECT_EQ(load_all(**store), story.states[height]);
    for (std::uint64_t next = height + 1; next <= 12; ++next)
      ASSERT_TRUE((*store)->push(story.deltas[next]));
    (*store)->release(12);
    ASSERT_TRUE((*store)->drain());
    EXPECT_EQ(load_all(**store), story.states[12]);
  }
}

TEST(StateStore, AFullDiskComesBackToWhoeverPushes) {
  FaultKv db;
  Story story(5);
  story.grow(4);
  auto store = StateStore::open(db, quick());
  ASSERT_TRUE((*store)->write_first(story.deltas[0]));
  db.fail_after(0);
  ASSERT_TRUE((*store)->push(story.deltas[1]));
  (*store)->release(1);
  const auto drained = (*store)->drain();
  ASSERT_FALSE(drained);
  EXPECT_EQ(drained.error().code, ErrorCode::kExhausted);
  const auto pushed = (*store)->push(story.deltas[2]);
  ASSERT_FALSE(pushed);
  EXPECT_NE(pushed.error().context.find("No space left"), std::string::npos);
}

TEST(StateStore, AFullQueueHoldsTheWriterBackAndLosesNothing) {
  FaultKv db;
  Story story(6);
  story.grow(400);
  auto store = StateStore::open(db, quick(8, 4));
  ASSERT_TRUE((*store)->write_first(story.deltas[0]));
  for (std::uint64_t height = 1; height <= 400; ++height) {
    ASSERT_TRUE((*store)->push(story.deltas[height]));
    (*store)->release(height);
  }
  ASSERT_TRUE((*store)->drain());
  EXPECT_EQ(load_all(**store), story.states[400]);
  EXPECT_GE(db.writes(), 400U / 4U) << "never more than four wait";
}

TEST(StateStore, RollsBackWithinItsWindowAndSaysWhenItCannot) {
  FaultKv db;
  Story story(7);
  story.grow(40);
  auto store = StateStore::open(db, quick(10));
  ASSERT_TRUE((*store)->write_first(story.deltas[0]));
  for (std::uint64_t height = 1; height <= 40; ++height) {
    ASSERT_TRUE((*store)->push(story.deltas[height]));
    (*store)->release(height);
    if (height % 3 == 0) {
      ASSERT_TRUE((*store)->drain());
    }
  }
  ASSERT_TRUE((*store)->drain());
  for (std::uint64_t target = 39; target >= 30; target -= 3) {
    ASSERT_TRUE((*store)->rollback(target));
    const std::uint64_t height = (*store)->meta()->height;
    EXPECT_LE(height, target);
    EXPECT_EQ(*(*store)->meta(), meta_at(height));
    EXPECT_EQ(load_all(**store), story.states[height]);
  }
  const auto too_far = (*store)->rollback(5);
  ASSERT_FALSE(too_far);
  EXPECT_EQ(too_far.error().code, ErrorCode::kNotFound);
  // Forward again from where it stands.
  (*store).reset();
  store = StateStore::open(db, quick(10));
  for (std::uint64_t next = (*store)->meta()->height + 1; next <= 40; ++next)
    ASSERT_TRUE((*store)->push(story.deltas[next]));
  (*store)->release(40);
  ASSERT_TRUE((*store)->drain());
  EXPECT_EQ(load_all(**store), story.states[40]);
}

TEST(StateStore, AFirstStateThatWasCutOffIsNone) {
  StateDelta first;
  first.meta = meta_at(0);
  Records whole;
  for (std::uint8_t i = 0; i < 100; ++i) {
    first.changes.push_back({StateKey{i}, std::nullopt, Bytes(200'000, i)});
    whole[StateKey{i}] = Bytes(200'000, i);
  }
  FaultKv counted;
  ASSERT_TRUE((*StateStore::open(counted, quick()))->write_first(first));
  const std::size_t writes = counted.writes();
  ASSERT_GT(writes, 3U) << "20 MB in one piece";
  for (std::size_t cut = 0; cut < writes; ++cut) {
    FaultKv db;
    auto store = StateStore::open(db, quick());
    db.fail_after(cut);
    const auto written = (*store)->write_first(first);
    ASSERT_FALSE(written) << cut;
    EXPECT_EQ(written.error().code, ErrorCode::kExhausted);
    EXPECT_FALSE((*store)->meta().has_value());
    (*store).reset();
    db.heal();
    store = StateStore::open(db, quick());
    ASSERT_TRUE(store);
    EXPECT_FALSE((*store)->meta().has_value());
    EXPECT_TRUE(db.rows().empty()) << "cut at write " << cut;
    ASSERT_TRUE((*store)->write_first(first));
    EXPECT_EQ(load_all(**store), whole);
  }
}

TEST(StateStore, ReadsMetaAndRecordsOfOneState) {
  FaultKv db;
  Story story(8);
  story.grow(3);
  auto store = StateStore::open(db, quick());
  ASSERT_TRUE((*store)->write_first(story.deltas[0]));
  Records seen;
  const auto meta = (*store)->read_consistent(
      [&](const Hash32&, StateKey&& key, Bytes&& value) { seen[key] = value; });
  ASSERT_TRUE(meta);
  EXPECT_EQ(*meta, meta_at(0));
  EXPECT_EQ(seen, story.states[0]);
}

TEST(StateStore, FindsDamagedRecords) {
  FaultKv db;
  Story story(9);
  auto store = StateStore::open(db, quick());
  ASSERT_TRUE((*store)->write_first(story.deltas[0]));
  db.rows().rbegin()->second.push_back(0);
  const auto loaded = (*store)->load([](const Hash32&, StateKey&&, Bytes&&) {});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kCorrupt);
  db.rows()[Bytes{'m'}].push_back(0);
  EXPECT_EQ(StateStore::open(db, quick()).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace fog
