// The index finds every block and transaction, from the moment it is pushed.
#include "chain/store/index_store.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "tests/support/fault_kv.h"

namespace fog {
namespace {

using testing::FaultKv;

TxId id_of(std::uint64_t height, std::uint64_t index) {
  return sha256(as_bytes(std::to_string(height) + "/" + std::to_string(index)));
}
IndexedBlock block_at(std::uint64_t height) {
  IndexedBlock block;
  block.height = height;
  block.block = id_of(height, 1'000);
  for (std::uint64_t i = 0; i < height % 4; ++i) {
    block.ids.push_back(id_of(height, i));
    block.outcomes.emplace_back().units = 10 * height + i;
  }
  return block;
}
void expect_found(const IndexStore& store, std::uint64_t height) {
  EXPECT_EQ(*store.find_block(id_of(height, 1'000)), height);
  for (std::uint64_t i = 0; i < height % 4; ++i) {
    const auto found = store.find(id_of(height, i));
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->height, height);
    EXPECT_EQ((*found)->index, i);
    EXPECT_EQ((*found)->outcome.units, 10 * height + i);
  }
}

TEST(IndexStore, FindsBeforeAndAfterTheWriteAndTheRestart) {
  FaultKv db;
  const ChainId chain = id_of(0, 0);
  auto store = IndexStore::open(db, chain, {});
  for (std::uint64_t height = 1; height <= 20; ++height) {
    ASSERT_TRUE((*store)->push(block_at(height)));
    expect_found(**store, height);
  }
  EXPECT_EQ((*store)->height(), 0U) << "nothing was released";
  (*store)->release(15);
  ASSERT_TRUE((*store)->drain());
  EXPECT_EQ((*store)->height(), 15U);
  for (std::uint64_t height = 1; height <= 20; ++height) expect_found(**store, height);

  (*store).reset();
  store = IndexStore::open(db, chain, {});
  EXPECT_EQ((*store)->height(), 15U);
  expect_found(**store, 15);
  EXPECT_EQ(*(*store)->find(id_of(19, 0)), std::nullopt) << "the log has to give it again";
  EXPECT_EQ(*(*store)->find_block(id_of(16, 1'000)), std::nullopt);
}

// ---- history ----

Address address(std::uint8_t byte) {
  Address out;
  out.data.fill(byte);
  return out;
}
// Address 1 is in every block twice, address 2 in every fifth once.
IndexedBlock block_of_parties(std::uint64_t height) {
  IndexedBlock block;
  block.height = height;
  block.block = id_of(height, 1'000);
  for (std::uint32_t i = 0; i < 3; ++i) {
    block.ids.push_back(id_of(height, i));
    block.outcomes.emplace_back();
  }
  block.parties = {{address(1), 0}, {address(9), 0}, {address(1), 2}};
  if (height % 5 == 0) block.parties.emplace_back(address(2), 2);
  return block;
}
constexpr TxPosition kNewest{~std::uint64_t{0}, ~std::uint32_t{0}};

// Written, half written, waiting: the same is found, in both orders and from any place on.
TEST(IndexStore, FindsWhatConcernsAnAddressBeforeAndAfterTheWrite) {
  for (const std::uint64_t released : {0U, 7U, 20U}) {
    FaultKv db;
    auto store = IndexStore::open(db, id_of(0, 0), {});
    for (std::uint64_t height = 1; height <= 20; ++height)
      ASSERT_TRUE((*store)->push(block_of_parties(height)));
    (*store)->release(released);
    ASSERT_TRUE((*store)->drain());
    ASSERT_EQ((*store)->height(), released);
    std::vector<TxPosition> all;
    for (std::uint64_t height = 1; height <= 20; ++height) {
      all.push_back({height, 0});
      all.push_back({height, 2});
    }
    for (std::size_t first = 0; first < all.size(); ++first) {
      for (const std::size_t limit : {1U, 3U, 100U}) {
        const auto on =
            (*store)->history(address(1), HistoryOrder::kOldestFirst, all[first], limit);
        const std::vector<TxPosition> later(
            all.begin() + static_cast<std::ptrdiff_t>(first),
            all.begin() + static_cast<std::ptrdiff_t>(std::min(first + limit, all.size())));
        EXPECT_EQ(on->positions, later);
        EXPECT_EQ(on->height, 20U);
        const auto back =
            (*store)->history(address(1), HistoryOrder::kNewestFirst, all[first], limit);
        const std::size_t count = std::min(limit, first + 1);
        std::vector<TxPosition> before(all.begin() + static_cast<std::ptrdiff_t>(first + 1 - count),
                                       all.begin() + static_cast<std::ptrdiff_t>(first + 1));
        std::reverse(before.begin(), before.end());
        EXPECT_EQ(back->positions, before);
      }
    }
    EXPECT_EQ((*store)->history(address(2), HistoryOrder::kNewestFirst, kNewest, 100)->positions,
              (std::vector<TxPosition>{{20, 2}, {15, 2}, {10, 2}, {5, 2}}));
    EXPECT_TRUE(
        (*store)->history(address(3), HistoryOrder::kNewestFirst, kNewest, 100)->positions.empty());
  }
}

TEST(IndexStore, TheHistoryOfOldBlocksGoesAndTheRestStays) {
  FaultKv db;
  const ChainId chain = id_of(0, 0);
  auto store = IndexStore::open(db, chain, {});
  (*store)->release(1'000'000);
  const auto rows = [&] {
    std::size_t count = 0;
    for (const auto& [key, value] : db.rows()) count += key[0] == 'a' ? 1U : 0U;
    return count;
  };
  std::uint64_t height = 1;
  // More rows than one write looks at.
  for (; height <= 3'000; ++height) ASSERT_TRUE((*store)->push(block_of_parties(height)));
  ASSERT_TRUE((*store)->drain());
  const std::size_t before = rows();
  (*store)->prune(2'001);
  for (int write = 0; write < 5; ++write) {
    ASSERT_TRUE((*store)->push(block_of_parties(height++)));
    ASSERT_TRUE((*store)->drain());
  }
  EXPECT_EQ(rows(), before - 2'000 * 3 - 400 + 5 * 3 + 1);
  EXPECT_EQ((*store)->history(address(1), HistoryOrder::kOldestFirst, {1, 0}, 1)->positions[0],
            (TxPosition{2'001, 0}));
  // What became of an old transaction is still known, also after a restart, which sweeps nothing.
  (*store).reset();
  store = IndexStore::open(db, chain, {});
  EXPECT_EQ((*(*store)->find(id_of(7, 1)))->height, 7U);
  (*store)->prune(2'001);
}

TEST(IndexStore, RefusesAnOlderProgramsDatabase) {
  FaultKv db;
  auto store = IndexStore::open(db, id_of(0, 0), {});
  ASSERT_TRUE((*store)->push(block_at(1)));
  (*store)->release(1);
  ASSERT_TRUE((*store)->drain());
  (*store).reset();
  db.rows()[Bytes{'m'}][0] = 1;
  EXPECT_EQ(IndexStore::open(db, id_of(0, 0), {}).error().code, ErrorCode::kCorrupt);
}

TEST(IndexStore, RefusesAnotherChains) {
  FaultKv db;
  auto store = IndexStore::open(db, id_of(0, 0), {});
  ASSERT_TRUE((*store)->push(block_at(1)));
  (*store)->release(1);
  ASSERT_TRUE((*store)->drain());
  (*store).reset();
  EXPECT_EQ(IndexStore::open(db, id_of(0, 1), {}).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace fog
