// The live state is a map: whatever is done to it, it holds what a plain map holds.
#include "consensus/engine/live_state.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

using testing::SeededRng;

TEST(LiveState, BehavesAsAPlainMap) {
  SeededRng rng(1);
  LiveState live(rng);
  std::map<StateKey, Bytes> model;
  const std::array<std::uint8_t, 4> tables = {0x01, 0x27, 0x80, 0x89};
  for (int step = 0; step < 60'000; ++step) {
    // Keys of several lengths from a small set, so that the same ones come back.
    StateKey key{tables[rng.below(4)]};
    const std::uint64_t number = rng.below(2'000);
    for (std::uint64_t i = 0; i <= number % 5 * 4; ++i)
      key.push_back(static_cast<std::uint8_t>(number >> (i % 2 * 8)));
    std::optional<Bytes> expected;
    if (const auto old = model.find(key); old != model.end()) expected = old->second;
    EXPECT_EQ(live.get(key), expected);
    std::optional<Bytes> shown;
    live.read(key, [&](ByteView value) { shown = to_bytes(value); });
    EXPECT_EQ(shown, expected);
    if (rng.below(3) == 0) {
      EXPECT_EQ(live.erase(key), expected);
      model.erase(key);
    } else {
      // Mostly small; some beyond the arena's largest piece.
      const Bytes value = rng.bytes(rng.below(50) == 0 ? rng.below(4'000) : rng.below(60));
      EXPECT_EQ(live.put(key, value), expected);
      model[key] = value;
    }
    EXPECT_EQ(live.records(), model.size());
  }
  for (const auto& [key, value] : model) EXPECT_EQ(live.get(key), value);
}

TEST(LiveState, ScansOrderedTablesInOrder) {
  SeededRng rng(2);
  LiveState live(rng);
  std::map<StateKey, Bytes> model;
  for (int i = 0; i < 500; ++i) {
    StateKey key{0x80};
    append(key, rng.bytes(2));
    model[key] = rng.bytes(3);
    live.put(key, model[key]);
  }
  for (int round = 0; round < 100; ++round) {
    StateKey from{0x80, static_cast<std::uint8_t>(rng.next())};
    StateKey to{0x80, static_cast<std::uint8_t>(rng.next())};
    std::vector<std::pair<StateKey, Bytes>> seen;
    live.scan(from, to, [&](const StateKey& key, const Bytes& value) {
      seen.emplace_back(key, value);
      return true;
    });
    std::vector<std::pair<StateKey, Bytes>> expected;
    for (const auto& record : model) {
      if (record.first >= from && record.first < to) expected.push_back(record);
    }
    EXPECT_EQ(seen, expected);
  }
  int visits = 0;
  live.scan({0x80}, {0x81}, [&](const StateKey&, const Bytes&) { return ++visits < 3; });
  EXPECT_EQ(visits, 3);
}

TEST(LiveState, AnAccountTakesLittle) {
  SeededRng rng(3);
  LiveState live(rng);
  constexpr std::size_t kAccounts = 200'000;
  for (std::size_t i = 0; i < kAccounts; ++i) {
    StateKey key{0x01};
    append(key, rng.bytes(20));
    live.put(key, rng.bytes(18));
  }
  EXPECT_EQ(live.records(), kAccounts);
  EXPECT_LT(live.memory_bytes() / kAccounts, 80U);
}

TEST(RecordArena, UsesFreedPiecesAgain) {
  RecordArena arena;
  std::vector<std::uint8_t*> pieces;
  for (int i = 0; i < 1'000; ++i) pieces.push_back(arena.allocate(40));
  const std::size_t bytes = arena.memory_bytes();
  for (int round = 0; round < 100; ++round) {
    for (std::uint8_t*& piece : pieces) {
      arena.free(piece, 40);
      piece = arena.allocate(33 + static_cast<std::size_t>(round) % 15);
    }
  }
  EXPECT_EQ(arena.memory_bytes(), bytes);
}

}  // namespace
}  // namespace fog
