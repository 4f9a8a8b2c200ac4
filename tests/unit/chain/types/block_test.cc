// Blocks: the transaction root is RFC 6962's, the id covers the header and nothing else.
#include "chain/types/block.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/vectors.h"

namespace fog {
namespace {

// RFC 6962, 2.1, word by word.
Hash32 reference_root(std::span<const Bytes> leaves) {
  if (leaves.empty()) return sha256(ByteView{});
  if (leaves.size() == 1) {
    Bytes leaf{0x00};
    append(leaf, leaves.front());
    return sha256(leaf);
  }
  std::size_t split = 1;
  while (split * 2 < leaves.size()) split *= 2;
  Bytes node{0x01};
  append(node, reference_root(leaves.first(split)));
  append(node, reference_root(leaves.subspan(split)));
  return sha256(node);
}

TEST(TxRoot, IsTheDefinitionForEveryNumberOfTransactions) {
  testing::SeededRng rng(1);
  std::vector<Bytes> txs;
  for (std::size_t count = 0; count <= 70; ++count) {
    Block block;
    for (const Bytes& tx : txs) block.txs.push_back(tx);
    EXPECT_EQ(tx_root(block), reference_root(txs)) << count;
    EXPECT_EQ(tx_root(std::vector<ByteView>(txs.begin(), txs.end())), reference_root(txs));
    txs.push_back(rng.bytes(rng.below(80)));
  }
}

// The tree of Certificate Transparency's reference implementation over its eight test inputs.
TEST(TxRoot, MatchesPublishedTrees) {
  const std::vector<Bytes> inputs{testing::hex(""),
                                  testing::hex("00"),
                                  testing::hex("10"),
                                  testing::hex("2021"),
                                  testing::hex("3031"),
                                  testing::hex("40414243"),
                                  testing::hex("5051525354555657"),
                                  testing::hex("606162636465666768696a6b6c6d6e6f")};
  const auto root_of = [&](std::size_t count) {
    return to_hex(tx_root(std::vector<ByteView>(
        inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(count))));
  };
  EXPECT_EQ(root_of(0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(root_of(1), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  EXPECT_EQ(root_of(2), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
  EXPECT_EQ(root_of(3), "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77");
  EXPECT_EQ(root_of(7), "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c");
  EXPECT_EQ(root_of(8), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

TEST(TxRoot, DependsOnOrderAndOnEveryByte) {
  const Bytes a{1};
  const Bytes b{2};
  EXPECT_NE(tx_root({a, b}), tx_root({b, a}));
  EXPECT_NE(tx_root({a}), tx_root({a, a}));
}

TEST(BlockId, CoversTheWholeHeader) {
  const BlockHeader header;
  const BlockId id = block_id(header);
  EXPECT_EQ(id, tagged_hash("fog/block", bcs_encode(header)));
  BlockHeader other = header;
  other.height = 1;
  EXPECT_NE(block_id(other), id);
  other = header;
  other.beacon = BeaconReveal{};
  EXPECT_NE(block_id(other), id);
  other = header;
  other.tx_root.data[31] = 1;
  EXPECT_NE(block_id(other), id);
}

TEST(Block, SurvivesItsEncodingAndRefusesOthers) {
  Block block;
  block.header.height = 5;
  block.header.beacon = BeaconReveal{Hash32{}, Hash32{}};
  block.txs.push_back(Bytes{1, 2, 3});
  const Bytes encoded = bcs_encode(block);
  const auto decoded = bcs_decode<Block>(encoded);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, block);
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    EXPECT_FALSE(bcs_decode<Block>(ByteView(encoded).first(size)).has_value()) << size;
  }
  Bytes trailing = encoded;
  trailing.push_back(0);
  EXPECT_FALSE(bcs_decode<Block>(trailing).has_value());
}

}  // namespace
}  // namespace fog
