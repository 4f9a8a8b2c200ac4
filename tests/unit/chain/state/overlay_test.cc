// Overlay: reads see the writes above the base, and scans see both merged in key order.
#include <gtest/gtest.h>

#include "chain/state/view.h"
#include "tests/support/memory_state.h"
#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

using testing::MemoryState;

StateKey key(std::initializer_list<std::uint8_t> rest) {
  StateKey out{0x80};
  out.insert(out.end(), rest);
  return out;
}

// All records of the ordered test table, as "key value" pairs.
std::vector<std::pair<StateKey, Bytes>> all(const ReadView& view) {
  std::vector<std::pair<StateKey, Bytes>> out;
  view.scan({0x80}, {0x81}, [&](const StateKey& k, const Bytes& v) {
    out.emplace_back(k, v);
    return true;
  });
  return out;
}

TEST(Overlay, ReadsItsWritesAndOtherwiseTheBase) {
  MemoryState base;
  base.put(key({1}), {11});
  base.put(key({2}), {22});
  Overlay overlay(base);
  overlay.put(key({2}), {23});
  overlay.put(key({3}), {33});
  overlay.erase(key({1}));
  EXPECT_EQ(overlay.get(key({1})), std::nullopt);
  EXPECT_EQ(overlay.get(key({2})), Bytes{23});
  EXPECT_EQ(overlay.get(key({3})), Bytes{33});
  EXPECT_EQ(overlay.get(key({4})), std::nullopt);
  EXPECT_EQ(base.get(key({2})), Bytes{22}) << "the base is untouched";
}

TEST(Overlay, ScansWritesAndBaseMergedInOrder) {
  MemoryState base;
  for (const std::uint8_t i : Bytes{2, 4, 6}) base.put(key({i}), {i});
  Overlay overlay(base);
  overlay.put(key({1}), {101});
  overlay.erase(key({2}));
  overlay.put(key({4}), {104});
  overlay.put(key({5}), {105});
  overlay.erase(key({7}));  // never existed
  overlay.put(key({9}), {109});
  const std::vector<std::pair<StateKey, Bytes>> expected{
      {key({1}), {101}}, {key({4}), {104}}, {key({5}), {105}}, {key({6}), {6}}, {key({9}), {109}}};
  EXPECT_EQ(all(overlay), expected);
}

TEST(Overlay, ScanKeepsToItsBoundsAndStopsWhenTold) {
  MemoryState base;
  for (const std::uint8_t i : Bytes{1, 3, 5}) base.put(key({i}), {i});
  Overlay overlay(base);
  for (const std::uint8_t i : Bytes{2, 4, 6}) overlay.put(key({i}), {i});
  std::vector<std::uint8_t> seen;
  overlay.scan(key({2}), key({5}), [&](const StateKey&, const Bytes& v) {
    seen.push_back(v.front());
    return true;
  });
  EXPECT_EQ(seen, (std::vector<std::uint8_t>{2, 3, 4})) << "from is in, to is out";
  for (std::size_t wanted = 1; wanted <= 6; ++wanted) {
    seen.clear();
    overlay.scan(key({}), key({0xFF}), [&](const StateKey&, const Bytes& v) {
      seen.push_back(v.front());
      return seen.size() < wanted;
    });
    EXPECT_EQ(seen.size(), wanted);
  }
  overlay.scan(key({5}), key({2}), [](const StateKey&, const Bytes&) {
    ADD_FAILURE() << "an empty range has no records";
    return true;
  });
}

TEST(OverlayDeathTest, OnlyOrderedTablesCanBeScanned) {
  MemoryState base;
  const Overlay overlay(base);
  const auto ignore = [](const StateKey&, const Bytes&) { return true; };
  EXPECT_DEATH(overlay.scan({0x01}, {0x02}, ignore), "kFirstOrderedTable");
  EXPECT_DEATH(overlay.scan({}, {0x90}, ignore), "kFirstOrderedTable");
}

TEST(Overlay, MergeTakesTheOtherChangesOnTop) {
  MemoryState base;
  base.put(key({1}), {1});
  Overlay block(base);
  block.put(key({2}), {2});
  block.put(key({3}), {3});
  Overlay tx(block);
  tx.erase(key({1}));
  tx.put(key({2}), {20});
  tx.put(key({4}), {40});
  block.merge(std::move(tx).take_changes());
  EXPECT_EQ(block.get(key({1})), std::nullopt);
  EXPECT_EQ(block.get(key({2})), Bytes{20});
  EXPECT_EQ(block.get(key({3})), Bytes{3});
  EXPECT_EQ(block.get(key({4})), Bytes{40});
  EXPECT_EQ(block.changes().size(), 4U);
}

// Three overlays above each other behave like one map that takes all writes in order.
TEST(Overlay, AStackOfOverlaysEqualsOneMap) {
  testing::SeededRng rng(42);
  for (int round = 0; round < 200; ++round) {
    MemoryState base;
    Overlay first(base);
    Overlay second(first);
    std::map<StateKey, Bytes> model;
    for (int i = 0; i < 60; ++i) {
      const StateKey k = key({static_cast<std::uint8_t>(rng.below(24))});
      const bool erase = rng.below(3) == 0;
      Bytes value = rng.bytes(1 + rng.below(3));
      if (i < 20) {
        if (!erase) base.put(k, value);
      } else {
        Overlay& overlay = i < 40 ? first : second;
        erase ? overlay.erase(k) : overlay.put(k, value);
      }
      if (i < 20 && erase) continue;
      if (erase) {
        model.erase(k);
      } else {
        model[k] = value;
      }
    }
    const std::vector<std::pair<StateKey, Bytes>> expected(model.begin(), model.end());
    EXPECT_EQ(all(second), expected);
    first.merge(std::move(second).take_changes());
    EXPECT_EQ(all(first), expected);
  }
}

// Beyond a few changes an overlay looks them up in an index: the same writes, and many of them.
TEST(Overlay, ManyChangesAreFoundAsFewAre) {
  testing::SeededRng rng(43);
  MemoryState base;
  for (std::uint8_t i = 0; i < 200; ++i) base.put(key({i, 1}), {i});
  std::map<StateKey, Bytes> model(base.records());
  Overlay block(base);
  for (int tx = 0; tx < 300; ++tx) {
    Overlay overlay(block);
    const std::uint64_t writes = 1 + rng.below(tx % 50 == 0 ? 60 : 4);
    for (std::uint64_t i = 0; i < writes; ++i) {
      // Keys of several lengths, some of them beginnings of others.
      StateKey k = key({static_cast<std::uint8_t>(rng.below(256)), 1});
      k.resize(k.size() + rng.below(3) * 8);
      if (rng.below(4) == 0) {
        overlay.erase(k);
        model.erase(k);
      } else {
        Bytes value = rng.bytes(rng.below(5));
        overlay.put(k, value);
        model[k] = value;
      }
    }
    block.merge(std::move(overlay).take_changes());
  }
  const std::vector<std::pair<StateKey, Bytes>> expected(model.begin(), model.end());
  EXPECT_EQ(all(block), expected);
  for (int i = 0; i < 2'000; ++i) {
    StateKey k = key(
        {static_cast<std::uint8_t>(rng.below(256)), static_cast<std::uint8_t>(1 + rng.below(2))});
    k.resize(k.size() + rng.below(3) * 8);
    const auto there = model.find(k);
    const auto value = block.get(k);
    ASSERT_EQ(value.has_value(), there != model.end());
    std::optional<Bytes> shown;
    block.read(k, [&](ByteView bytes) { shown = to_bytes(bytes); });
    EXPECT_EQ(shown, value) << "read shows what get copies";
    if (value) {
      EXPECT_EQ(*value, there->second);
    }
  }
  // Taken whole by an empty overlay, the changes are found again; taken out, they are gone.
  Overlay copy(base);
  copy.merge(Changes(block.changes()));
  EXPECT_EQ(all(copy), expected);
  EXPECT_EQ(copy.get(expected.front().first), expected.front().second);
  EXPECT_EQ(std::move(copy).take_changes(), block.changes());
  EXPECT_EQ(all(copy), (std::vector<std::pair<StateKey, Bytes>>(base.records().begin(),
                                                                base.records().end())));
}

TEST(LoadAndStore, RoundTripARecord) {
  MemoryState base;
  Overlay overlay(base);
  EXPECT_EQ(load<Supply>(overlay, supply_key()), std::nullopt);
  store(overlay, supply_key(), Supply{Amount{9}, Amount{2}});
  EXPECT_EQ(load<Supply>(overlay, supply_key()), (Supply{Amount{9}, Amount{2}}));
}

TEST(LoadAndStoreDeathTest, ADamagedRecordStopsTheNode) {
  MemoryState base;
  base.put(supply_key(), {1, 2, 3});
  EXPECT_DEATH((void)load<Supply>(base, supply_key()), "value");
}

}  // namespace
}  // namespace fog
