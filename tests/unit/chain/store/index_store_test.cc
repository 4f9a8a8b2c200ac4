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
